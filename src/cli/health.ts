import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { parseArgs } from "node:util";
import { readEnvironment } from "../config/env.ts";
import { loadConfig } from "../config/load.ts";
import { formatProblems, type Problem } from "../config/problems.ts";
import { KNOWN_PROVIDERS } from "../providers/catalogue.ts";
import type { CommandIo } from "./check.ts";

const HELP = `Ask a running gateway whether it takes requests: the health check of a container.

Usage:
  amsterdam health [--url <url>] [--timeout <seconds>] [--config <file>]

Options:
  --url <url>            Its address, such as http://127.0.0.1:3000.
                         Default: where HOST, PORT and the configuration say
  --timeout <seconds>    How long the answer is waited for. Default: 5
  --config <file>        The configuration, as for start

Exits with 0 when it takes requests, with 1 when it does not or does not answer.
`;

/** The answer is one line of JSON; what is longer comes from something else. */
const MAX_ANSWER = 10_000;

interface Options {
  readonly url?: string | undefined;
  readonly config?: string | undefined;
  readonly timeoutMs: number;
  readonly help: boolean;
}

/** What keeps the question from being asked or answered well, in words for people. */
class HealthError extends Error {}

/** `amsterdam health …`; `argv` begins after `health`. Returns the exit code: 0, 1 (not ready) or 2 (wrong usage). */
export async function runHealth(argv: readonly string[], io: CommandIo): Promise<number> {
  let options: Options;
  try {
    options = parse(argv);
  } catch (error) {
    io.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nSee: amsterdam health --help\n`,
    );
    return 2;
  }
  if (options.help) {
    io.stdout.write(HELP);
    return 0;
  }
  try {
    const address = options.url ?? addressOf(options.config, io);
    await expectReady(address, options.timeoutMs);
    io.stdout.write(`${address} is ready.\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof HealthError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function parse(argv: readonly string[]): Options {
  const options = {
    url: { type: "string" },
    timeout: { type: "string", default: "5" },
    config: { type: "string", short: "c" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const { url, config, help } = values;
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ""))
    throw new Error("--url is an http or https URL.");
  const seconds = Number(values.timeout);
  if (!(seconds > 0 && seconds <= 3600)) throw new Error("--timeout is a number of seconds up to 3600.");
  return { url: url?.replace(/\/+$/, ""), config, help, timeoutMs: seconds * 1000 };
}

/**
 * Where the gateway of this folder and environment listens. The file is read only where HOST and PORT do not say it:
 * one that was broken while the gateway runs does not make it ill.
 */
function addressOf(config: string | undefined, io: CommandIo): string {
  const { host, port, problems } = readEnvironment(io.env);
  if (host !== undefined && port !== undefined && problems.length === 0) return urlOf(host, port);
  const result = loadConfig({ path: config, env: io.env, cwd: io.cwd, knownProviders: KNOWN_PROVIDERS });
  if (!result.ok) throw new HealthError(unknownAddress(result.problems));
  return urlOf(result.config.server.host, result.config.server.port);
}

function unknownAddress(problems: readonly Problem[]): string {
  return `${formatProblems(problems)}\nThe configuration is not valid, so the address is not known; --url names it.`;
}

function urlOf(host: string, port: number): string {
  if (port === 0) throw new HealthError("The gateway takes a free port (0); --url names its address.");
  // A gateway that listens on every address is asked on this machine's own.
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** Throws HealthError unless a gateway there says that it is ready. */
async function expectReady(address: string, timeoutMs: number): Promise<void> {
  const url = new URL(`${address}/health/ready`);
  let answer: { status: number; text: string };
  try {
    answer = await get(url, timeoutMs);
  } catch (error) {
    const why =
      error instanceof Error && error.name === "TimeoutError"
        ? `no answer within ${timeoutMs / 1000} s`
        : `no answer (${error instanceof Error ? error.message : String(error)})`;
    throw new HealthError(`${address}: ${why}`);
  }
  const { status, cause } = readAnswer(answer.text);
  if (status === undefined)
    throw new HealthError(`${address}: answered ${answer.status}, and not as a gateway does`);
  if (status !== "ready")
    throw new HealthError(`${address}: ${status}${cause === undefined ? "" : `, ${cause}`}`);
}

/** Not by `fetch`, which would ask the proxy that HTTP_PROXY names. */
function get(url: URL, timeoutMs: number): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>();
  const signal = AbortSignal.timeout(timeoutMs);
  signal.addEventListener("abort", () => reject(signal.reason));
  const request = (url.protocol === "https:" ? getSecure : getPlain)(url, { signal }, (response) => {
    let text = "";
    response.setEncoding("utf8");
    response.on("data", (piece: string) => {
      text += piece;
      if (text.length > MAX_ANSWER) response.destroy();
    });
    response.on("error", reject);
    response.on("close", () => resolve({ status: response.statusCode ?? 0, text }));
  });
  request.on("error", reject);
  return promise;
}

/** What `/health/ready` says; nothing of it where the answer is another server's. */
function readAnswer(text: string): { status?: string; cause?: string } {
  try {
    const { status, cause } = JSON.parse(text) as Record<string, unknown>;
    if (typeof status !== "string") return {};
    return { status, ...(typeof cause === "string" ? { cause } : {}) };
  } catch {
    return {};
  }
}
