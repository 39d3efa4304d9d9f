import { parseArgs } from "node:util";
import { loadConfig } from "../config/load.ts";
import { formatProblem, formatProblems, type Problem } from "../config/problems.ts";
import type { Config } from "../config/schema.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import { KNOWN_MODELS, KNOWN_PROVIDERS } from "../providers/catalogue.ts";
import type { CommandIo } from "./check.ts";

const HELP = `Run the gateway until it is told to stop (SIGTERM or Ctrl-C); running requests may finish.

Usage:
  amsterdam [start] [--config <file>]

Without --config: AMSTERDAM_CONFIG, ./amsterdam.yaml or ./proxy_config.yaml; without any, the defaults.
A changed file is taken over while running, also on SIGHUP; an invalid one is refused and said so.
`;

export interface StartOptions {
  readonly config: Config;
  /** Absolute path of the configuration file; null when there is none. */
  readonly file: string | null;
  /** What its author will not have meant. */
  readonly warnings: readonly Problem[];
  /** Reads the configuration again, as it was found. */
  reload(): ReturnType<typeof loadConfig>;
}

/** Reads what `amsterdam start` was called with. Returns an exit code when there is nothing to start. */
export function readStart(argv: readonly string[], io: CommandIo): StartOptions | number {
  let values: { config?: string | undefined; help?: boolean | undefined };
  try {
    const options = {
      config: { type: "string", short: "c" },
      help: { type: "boolean", short: "h" },
    } as const;
    values = parseArgs({ args: [...argv], options }).values;
  } catch (error) {
    io.stderr.write(
      `${error instanceof Error ? error.message : String(error)}\nSee: amsterdam start --help\n`,
    );
    return 2;
  }
  if (values.help) {
    io.stdout.write(HELP);
    return 0;
  }
  const load = () =>
    loadConfig({
      path: values.config,
      env: io.env,
      cwd: io.cwd,
      knownProviders: KNOWN_PROVIDERS,
      knownModels: KNOWN_MODELS,
    });
  const result = load();
  if (!result.ok) {
    io.stderr.write(
      `${formatProblems(result.problems)}\nThe configuration is not valid; nothing was started.\n`,
    );
    return 1;
  }
  for (const warning of result.warnings) io.stderr.write(`warning: ${formatProblem(warning)}\n`);
  return { config: result.config, file: result.file, warnings: result.warnings, reload: load };
}

export interface Started {
  readonly version: string;
  readonly url: string;
  readonly file: string | null;
  readonly storageUrl: string;
  readonly providers: readonly string[];
  /** The key that was just made, to be shown this once. */
  readonly newKey: string | null;
  readonly environmentKey: boolean;
}

/** The address that means "all of this machine's" can be listened on, but not everywhere be called. */
function callableUrl(url: string): string {
  return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
}

/** What is printed once the gateway listens. The curl line works when pasted. */
export function startedText(started: Started): string {
  const key = started.newKey ?? (started.environmentKey ? "$AMP_API_KEY" : "YOUR_KEY");
  const lines = [
    `Amsterdam ${started.version} listens on ${started.url}`,
    `  configuration  ${started.file ?? "none, the defaults serve (amsterdam init writes one)"}`,
    `  storage        ${shownDatabaseUrl(started.storageUrl)}`,
    `  providers      ${started.providers.join(", ")}`,
  ];
  if (started.newKey !== null) {
    lines.push(
      `  key            ${started.newKey}`,
      "                 (made now, shown only this once; more: amsterdam keys create)",
    );
  } else if (!started.environmentKey) {
    lines.push(
      "  key            one that was made before (amsterdam keys list; a new one: amsterdam keys create)",
    );
  }
  lines.push(
    "",
    "Try it:",
    `  curl ${callableUrl(started.url)}/v1/chat/completions -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" -d '{"model":"demo/echo","messages":[{"role":"user","content":"Hello"}]}'`,
    "",
  );
  return `${lines.join("\n")}\n`;
}
