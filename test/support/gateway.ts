import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./until.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");
const TEST_KEY = "ams_test_key_of_the_flow_tests";

export interface GatewayOptions {
  /** The configuration file's name; one that the gateway finds by itself is not named on the command line. */
  file?: "amsterdam.yaml" | "proxy_config.yaml";
  /** The configuration file's content, as a value or as YAML text. Port and storage are set where it leaves them out. */
  config?: Record<string, unknown> | string;
  /** Beside PATH and HOME, nothing of the tests' own environment is passed on. */
  env?: Record<string, string>;
  /** False leaves AMP_API_KEY unset, so that the gateway makes a key of its own. */
  withKey?: boolean;
  /** What a shell runs before, in the process that then becomes the gateway. */
  shell?: string;
}

/** A gateway process that listens on a free port of 127.0.0.1, with a folder of its own. */
export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** A key that it accepts. */
  readonly key: string;
  readonly pid: number;
  /** Its working directory: configuration, data and logs. Removed by `stop`. */
  readonly dir: string;
  readonly configFile: string;
  /** Everything that it has printed, on both streams. */
  output(): string;
  /** Its structured log lines. */
  logs(): Record<string, unknown>[];
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit code once the process has ended. */
  readonly exited: Promise<number>;
  /** Puts another configuration in the file's place. */
  writeConfig(config: Record<string, unknown> | string): void;
  /** Ends the process in order, removes its folder and returns the exit code. Rejects when it had to be killed. */
  stop(): Promise<number>;
  /** Ends the process in order and starts another one with the same folder and environment, which knows the same key. */
  restart(): Promise<Gateway>;
}

/** Starts the real gateway, as `amsterdam start` does, and waits until it has printed its address. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
  writeFileSync(join(dir, options.file ?? "amsterdam.yaml"), configText(dir, options.config ?? {}));
  return launch(dir, options);
}

/** YAML takes JSON as it is. */
function configText(dir: string, config: Record<string, unknown> | string): string {
  if (typeof config === "string") return config;
  const given = config as { server?: object; storage?: object; logging?: object };
  return JSON.stringify({
    ...config,
    server: { port: 0, ...given.server },
    storage: { url: `sqlite:${join(dir, "data", "amsterdam.db")}`, ...given.storage },
    logging: { format: "json", ...given.logging },
  });
}

export interface Spawned {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  output(): string;
}

/** Runs the command line of the gateway in `dir` with a clean environment, after `shell`. */
export function spawnAmsterdam(
  dir: string,
  args: string[],
  env: Record<string, string> = {},
  shell?: string,
): Spawned {
  const { PATH = "", HOME = "" } = process.env;
  const before = shell === undefined ? [] : ["sh", "-c", `${shell}; exec "$0" "$@"`];
  const child = Bun.spawn([...before, process.execPath, MAIN, ...args], {
    cwd: dir,
    env: { PATH, HOME, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const collect = async (from: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of from) text += decoder.decode(bytes, { stream: true });
  };
  void collect(child.stdout);
  void collect(child.stderr);
  return { process: child, output: () => text };
}

/** `knownKey`: one that an earlier start in this folder has made, which a later one does not print again. */
async function launch(dir: string, options: GatewayOptions, knownKey?: string): Promise<Gateway> {
  const configFile = join(dir, options.file ?? "amsterdam.yaml");
  const env = { ...(options.withKey === false ? {} : { AMP_API_KEY: TEST_KEY }), ...options.env };
  const { process: child, output } = spawnAmsterdam(
    dir,
    options.file ? ["start"] : ["start", "--config", configFile],
    env,
    options.shell,
  );
  const port = await until("the gateway prints its address", () => {
    if (child.exitCode !== null) throw new Error(`The gateway ended with ${child.exitCode}:\n${output()}`);
    return Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(output())?.[1]);
  });
  const key =
    knownKey ??
    env.AMP_API_KEY ??
    (await until("the gateway prints its key", () => /ams_[\w-]+/.exec(output())?.[0]));

  const end = async () => {
    child.kill("SIGTERM");
    // Far beyond any drain timeout of the tests: a gateway that does not end is a failure, not a wait.
    let hung = false;
    const tooLate = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, 40_000);
    await child.exited;
    clearTimeout(tooLate);
    if (hung) throw new Error(`The gateway did not end:\n${output().slice(-4000)}`);
    return child.exitCode ?? -1;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    key,
    pid: child.pid,
    dir,
    configFile,
    output,
    logs: () => logLines(output()),
    signal: (name) => child.kill(name),
    exited: child.exited,
    writeConfig(config) {
      // Renamed into place, so that nobody reads half of it.
      writeFileSync(`${configFile}.new`, configText(dir, config));
      renameSync(`${configFile}.new`, configFile);
    },
    async stop() {
      const code = await end();
      rmSync(dir, { recursive: true, force: true });
      return code;
    },
    async restart() {
      await end();
      return launch(dir, options, key);
    },
  };
}

function logLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
