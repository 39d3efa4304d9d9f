import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { environmentKeys } from "../auth/environment-keys.ts";
import { storageUrlFault } from "../lib/database-url.ts";
import { quote } from "./describe.ts";
import { isListenAddress } from "./host.ts";
import type { Environment } from "./interpolate.ts";
import { type OtelSettings, readOtelEnvironment } from "./otel-env.ts";
import { makeProblem, type Problem } from "./problems.ts";
import { type Config, LOG_LEVELS } from "./schema.ts";
import { nearest } from "./suggest.ts";

type LogLevel = (typeof LOG_LEVELS)[number];

/** Settings that the environment decides, whatever the file says. */
export interface EnvironmentSettings {
  readonly host?: string;
  readonly port?: number;
  readonly level?: LogLevel;
  readonly storageUrl?: string;
  readonly otel: OtelSettings;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/**
 * Reads HOST, PORT, DATABASE_URL, LOG_LEVEL and, where that is not set, RUST_LOG, and OpenTelemetry's. An empty variable counts as not set. Gateway keys
 * that nobody could present are problems too.
 */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const host = env.HOST || undefined;
  if (host !== undefined && !isListenAddress(host)) {
    problems.push(faultOf("HOST", host, "an IP address or a host name"));
  }
  const port = env.PORT || undefined;
  if (port !== undefined && !isPort(port)) {
    problems.push(faultOf("PORT", port, "a whole number from 0 to 65535"));
  }
  const storageUrl = env.DATABASE_URL || undefined;
  const urlFault = storageUrl === undefined ? null : storageUrlFault(storageUrl);
  if (urlFault !== null) {
    // What follows the scheme may hold a password.
    const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(storageUrl ?? "")?.[0];
    const found =
      scheme === undefined ? "a text without a scheme" : `a URL that begins with ${quote(scheme)}`;
    problems.push(makeProblem({ file: null, path: "DATABASE_URL" }, { found, expected: urlFault }));
  }
  let level: LogLevel | undefined;
  if (env.LOG_LEVEL) {
    level = toLevel(env.LOG_LEVEL);
    if (level === undefined) problems.push(levelFault(env.LOG_LEVEL));
  } else if (env.RUST_LOG) {
    level = levelOfRustLog(env.RUST_LOG);
    if (level === undefined)
      warnings.push(faultOf("RUST_LOG", env.RUST_LOG, "a level such as info; it is ignored"));
  }
  try {
    environmentKeys(env);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    problems.push(makeProblem({ file: null }, { message: error.message }));
  }
  const otel = readOtelEnvironment(env);
  problems.push(...otel.problems);
  warnings.push(...otel.warnings);
  return {
    otel,
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(level === undefined ? {} : { level }),
    ...(storageUrl === undefined ? {} : { storageUrl }),
    problems,
    warnings,
  };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text.trim()) && Number(text) <= 65_535;
}

function faultOf(path: string, value: string, expected: string): Problem {
  return makeProblem({ file: null, path }, { found: quote(value), expected });
}

function levelFault(value: string): Problem {
  const expected = `one of ${LOG_LEVELS.join(", ")}`;
  const details = { found: quote(value), expected, suggestion: nearest(value, LOG_LEVELS) };
  return makeProblem({ file: null, path: "LOG_LEVEL" }, details);
}

function toLevel(text: string): LogLevel | undefined {
  const lower = text.trim().toLowerCase();
  return lower === "warning" ? "warn" : LOG_LEVELS.find((level) => level === lower);
}

/**
 * The one level in a list of directives such as `info,tower=warn` (a bare level is for everything) or
 * `amp_server=debug,tower=warn` (without one, the level of the server itself, else of whatever comes first).
 */
export function levelOfRustLog(directives: string): LogLevel | undefined {
  const scoped: { target: string; level: LogLevel }[] = [];
  for (const directive of directives.split(",")) {
    const equals = directive.lastIndexOf("=");
    const level = toLevel(directive.slice(equals + 1));
    if (level === undefined) continue;
    if (equals === -1) return level;
    scoped.push({ target: directive.slice(0, equals).trim(), level });
  }
  return (scoped.find(({ target }) => /^(amp_server|amsterdam)\b/.test(target)) ?? scoped[0])?.level;
}

/** The configuration with what the environment decides. */
export function withEnvironment(config: Config, settings: EnvironmentSettings): Config {
  const { host = config.server.host, port = config.server.port, level = config.logging.level } = settings;
  const { storageUrl: url = config.storage.url } = settings;
  return {
    ...config,
    server: { ...config.server, host, port },
    logging: { ...config.logging, level },
    storage: { ...config.storage, url },
    telemetry: { ...config.telemetry, otlp: withOtel(config.telemetry.otlp, settings.otel) },
  };
}

function withOtel(config: Config["telemetry"]["otlp"], otel: OtelSettings): Config["telemetry"]["otlp"] {
  const { endpoint = config.endpoint, serviceName: service_name = config.service_name } = otel;
  return {
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    headers: { ...config.headers, ...otel.headers },
    service_name,
    resource_attributes: { ...config.resource_attributes, ...otel.resourceAttributes },
  };
}

export interface DotEnv {
  readonly values: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
}

/**
 * The variables of the `.env` file in `cwd`, if there is one. The caller lets the real environment win:
 * `{ ...loadDotEnv(cwd).values, ...process.env }`. Values are taken as they are; `$NAME` in them is not expanded. The
 * runtime's own reading of `.env` (which adds `.env.local` and others, and only in some ways of starting) is best
 * switched off, so that this is the only one.
 */
export function loadDotEnv(cwd: string): DotEnv {
  try {
    const text = readFileSync(join(cwd, ".env"), "utf8").replace(/^\ufeff/, "");
    return { values: { ...parseEnv(text) } as Record<string, string>, problems: [] };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // A folder of that name is what some tools keep virtual environments in.
    if (code === "ENOENT" || code === "EISDIR") return { values: {}, problems: [] };
    const message = `the file cannot be read (${code ?? String(error)})`;
    return { values: {}, problems: [makeProblem({ file: ".env" }, { message })] };
  }
}
