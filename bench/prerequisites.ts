import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findTool, PORTKEY_FOLDER, PORTKEY_VERSION } from "./places.ts";
import { CORES, run } from "./processes.ts";

const PACKAGES = { nginx: "nginx", wrk: "wrk", taskset: "util-linux" };

/**
 * Finds nginx, wrk and taskset, and installs what is missing where that is allowed: as root, with apt-get.
 * @returns what is still missing, as sentences for the reader; empty when the benchmark can run
 */
export async function installTools(): Promise<string[]> {
  if (process.platform !== "linux")
    return ["The benchmark reads /proc and pins processes to cores, so it needs Linux."];
  const missing = missingTools();
  if (missing.length > 0 && process.getuid?.() === 0 && Bun.which("apt-get")) {
    const packages = missing.map((tool) => PACKAGES[tool]);
    console.error(`Installing ${packages.join(" and ")} with apt-get…`);
    const result = Bun.spawnSync(
      [
        "sh",
        "-c",
        `apt-get update -q && apt-get install -y -q --no-install-recommends ${packages.join(" ")}`,
      ],
      {
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
        stdio: ["ignore", 2, "inherit"],
      },
    );
    if (result.exitCode !== 0) console.error("apt-get did not succeed.");
  }
  return missingTools().map((tool) => `${tool} is missing (Debian's package is ${PACKAGES[tool]}).`);
}

function missingTools(): (keyof typeof PACKAGES)[] {
  return (Object.keys(PACKAGES) as (keyof typeof PACKAGES)[]).filter((tool) => findTool(tool) === undefined);
}

/**
 * Portkey leaves its HTTP server's version open, and with one newer than this every stream fails with "TypeError:
 * immutable" (Portkey-AI/gateway issue 1389).
 */
const PORTKEY_MANIFEST = JSON.stringify({
  private: true,
  dependencies: { "@portkey-ai/gateway": PORTKEY_VERSION },
  overrides: { "@hono/node-server": "1.13.8" },
});

/**
 * Installs Portkey's gateway from npm in its pinned version, unless it is there.
 * @returns why it cannot take part, or nothing
 */
export async function installPortkey(): Promise<string | undefined> {
  if (findTool("node") === undefined || findTool("npm") === undefined) {
    return "Portkey is left out: it needs Node and npm.";
  }
  const installed = join(PORTKEY_FOLDER, "installed.json");
  if (existsSync(installed) && readFileSync(installed, "utf8") === PORTKEY_MANIFEST) return undefined;
  console.error(`Installing @portkey-ai/gateway ${PORTKEY_VERSION} into ${PORTKEY_FOLDER}…`);
  rmSync(PORTKEY_FOLDER, { recursive: true, force: true });
  mkdirSync(PORTKEY_FOLDER, { recursive: true });
  writeFileSync(join(PORTKEY_FOLDER, "package.json"), PORTKEY_MANIFEST);
  try {
    const command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    await run(command, { cwd: PORTKEY_FOLDER, cores: CORES.all });
  } catch (error) {
    return `Portkey is left out: ${(error as Error).message}`;
  }
  writeFileSync(installed, PORTKEY_MANIFEST);
  return undefined;
}
