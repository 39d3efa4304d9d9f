import { parseArgs } from "node:util";
import { type ConfigResult, loadConfig } from "../config/load.ts";
import { formatProblem, formatProblems } from "../config/problems.ts";
import type { Config } from "../config/schema.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import { KNOWN_MODELS, KNOWN_PROVIDERS } from "../providers/catalogue.ts";
import { readProviders } from "../routing/providers.ts";

const HELP = `Say whether a configuration file is valid, and what it makes the gateway do.

Usage:
  amsterdam check [file]

Without a file: AMSTERDAM_CONFIG, ./amsterdam.yaml or ./proxy_config.yaml.
Exits with 0 when the file is valid, with 1 and every problem when it is not.
`;

interface Output {
  write(text: string): unknown;
}

/** What the command needs from around it; `env` includes `.env`. */
export interface CommandIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}

/** `amsterdam check [file]`; `argv` begins after `check`. Returns the exit code: 0, 1 (invalid) or 2 (wrong usage). */
export function runCheck(argv: readonly string[], io: CommandIo): number {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(argv);
  } catch (error) {
    io.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nSee: amsterdam check --help\n`,
    );
    return 2;
  }
  if (parsed.values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const path = parsed.values.config ?? parsed.positionals[0];
  return report(
    loadConfig({
      path,
      env: io.env,
      cwd: io.cwd,
      knownProviders: KNOWN_PROVIDERS,
      knownModels: KNOWN_MODELS,
    }),
    io,
  );
}

function parse(argv: readonly string[]) {
  const options = { help: { type: "boolean", short: "h" }, config: { type: "string" } } as const;
  const parsed = parseArgs({ args: [...argv], allowPositionals: true, options });
  if (parsed.positionals.length + (parsed.values.config === undefined ? 0 : 1) > 1) {
    throw new Error("One file at a time.");
  }
  return parsed;
}

function report(result: ConfigResult, io: CommandIo): number {
  if (!result.ok) {
    const { length } = result.problems;
    io.stderr.write(
      `${formatProblems(result.problems)}\n${length} ${length === 1 ? "problem" : "problems"}.\n`,
    );
    return 1;
  }
  for (const warning of result.warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`);
  io.stdout.write(summary(result.config, result.file, io.env));
  return 0;
}

function summary(config: Config, file: string | null, env: CommandIo["env"]): string {
  const on = new Set(
    [...readProviders(config, env, "http://127.0.0.1").byName.values()].map(({ name }) => name),
  );
  const active = config.endpoints.filter((endpoint) => endpoint.enabled).length;
  const off = config.endpoints.length - active;
  const routes = Object.keys(config.routes);
  const { host, port } = config.server;
  const lines = [
    file === null ? "No configuration file; the defaults are valid." : `${file} is valid.`,
    `  listens on  ${host.includes(":") ? `[${host}]` : host}:${port}`,
    `  storage     ${shownDatabaseUrl(config.storage.url)}`,
    `  endpoints   ${active}${off === 0 ? "" : ` (and ${off} switched off)`}`,
    `  routes      ${routes.length === 0 ? "0" : routes.join(", ")}`,
    `  providers   ${[...on].join(", ")}`,
  ];
  return `${lines.join("\n")}\n`;
}
