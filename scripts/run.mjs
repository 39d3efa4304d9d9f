#!/usr/bin/env node
// The one entry of every command. Plain JavaScript, so that Node or Bun alone can start it: it installs what the
// lock file names and node_modules lacks, then hands over to the pinned Bun in node_modules.
//
//   run.mjs <amsterdam command…>     the gateway and its command line (production dependencies)
//   run.mjs --tool <name> [args…]    scripts/<name>.ts (development dependencies too)
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const modules = join(root, "node_modules");
const stamp = join(modules, ".installed-from");

/** `tools` needs everything; `run` is content with what an earlier `tools` installed. */
function install(wanted) {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  const installed = existsSync(stamp) ? readFileSync(stamp, "utf8").split(" ") : [];
  // Where the tools are, they stay: starting the gateway takes nothing away from whoever works on it.
  const scope = installed[1] === "tools" ? "tools" : wanted;
  if (installed[0] === lock && installed[1] === scope) return;
  process.stderr.write("Installing dependencies from package-lock.json…\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const npmArgs = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const commands = [
    [npm, scope === "run" ? [...npmArgs, "--omit=dev"] : npmArgs],
    [
      process.versions.bun ? process.execPath : "bun",
      ["install", "--silent", ...(scope === "run" ? ["--production"] : [])],
    ],
  ];
  for (const [command, args] of commands) {
    const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", 2, "inherit"] });
    if (result.error?.code === "ENOENT") continue;
    if (result.status !== 0) process.exit(result.status ?? 1);
    writeFileSync(stamp, `${lock} ${scope}`);
    return;
  }
  process.stderr.write("Neither npm nor bun was found; one of them is needed to install the dependencies.\n");
  process.exit(1);
}

/** The bun package ships a small placeholder that its install script replaces; npm may have been told not to run that. */
function bunBinary() {
  const binary = join(modules, "bun", "bin", "bun.exe");
  if (existsSync(binary) && statSync(binary).size > 1_000_000) return binary;
  spawnSync(process.execPath, [join(modules, "bun", "install.js")], {
    cwd: join(modules, "bun"),
    stdio: "inherit",
  });
  if (existsSync(binary) && statSync(binary).size > 1_000_000) return binary;
  process.stderr.write(
    "The bun package has no binary for this machine; run `npm ci` and look at its messages.\n",
  );
  process.exit(1);
}

const args = process.argv.slice(2);
const isTool = args[0] === "--tool";
install(isTool ? "tools" : "run");
const target = isTool
  ? [join(root, "scripts", `${args[1]}.ts`), ...args.slice(2)]
  : [join(root, "src", "main.ts"), ...args];
// The gateway reads .env itself, in the same way whatever started it; Bun's own reading would add other files.
const child = spawn(bunBinary(), ["--no-env-file", ...target], {
  stdio: "inherit",
  cwd: isTool ? root : process.cwd(),
});
// A terminal sends Ctrl-C to the whole group; a service manager signals this process alone. Either way the child decides.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
