import { COLLECTOR_URL, isCollectorUrl } from "./collector-url.ts";
import { quote } from "./describe.ts";
import type { Environment } from "./interpolate.ts";
import { makeProblem, type Problem } from "./problems.ts";

/** What OpenTelemetry's standard variables say. */
export interface OtelSettings {
  readonly endpoint?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName?: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/**
 * Reads OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES and, to warn
 * of one that is not spoken, OTEL_EXPORTER_OTLP_PROTOCOL. An empty variable counts as not set. No problem shows a header.
 */
export function readOtelEnvironment(env: Environment): OtelSettings {
  const problems: Problem[] = [];
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT || undefined;
  if (endpoint !== undefined && !isCollectorUrl(endpoint))
    problems.push(problemOf("OTEL_EXPORTER_OTLP_ENDPOINT", COLLECTOR_URL));
  const headers = pairsIn(env.OTEL_EXPORTER_OTLP_HEADERS);
  const areHeaders =
    headers !== null &&
    Object.entries(headers).every(([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value));
  if (!areHeaders) problems.push(problemOf("OTEL_EXPORTER_OTLP_HEADERS", `headers as ${PAIRS}`));
  const attributes = pairsIn(env.OTEL_RESOURCE_ATTRIBUTES);
  if (attributes === null) problems.push(problemOf("OTEL_RESOURCE_ATTRIBUTES", `attributes as ${PAIRS}`));
  const { "service.name": named, ...resourceAttributes } = attributes ?? {};
  const serviceName = env.OTEL_SERVICE_NAME || named;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(serviceName === undefined ? {} : { serviceName }),
    headers: areHeaders ? headers : {},
    resourceAttributes,
    problems,
    warnings: endpoint === undefined ? [] : protocolWarnings(env.OTEL_EXPORTER_OTLP_PROTOCOL),
  };
}

const PAIRS = "name=value, separated by commas, values percent-encoded";

function problemOf(path: string, expected: string): Problem {
  return makeProblem({ file: null, path }, { found: "another text", expected });
}

/** `name=value,name=value` with percent-encoded values; null where it is something else. */
function pairsIn(text: string | undefined): Record<string, string> | null {
  const pairs: [string, string][] = [];
  for (const item of (text ?? "").split(",")) {
    if (item.trim() === "") continue;
    const equals = item.indexOf("=");
    const name = item.slice(0, Math.max(0, equals)).trim();
    const value = decoded(item.slice(equals + 1).trim());
    if (name === "" || value === null) return null;
    pairs.push([name, value]);
  }
  return Object.fromEntries(pairs);
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}

function protocolWarnings(protocol: string | undefined): Problem[] {
  if (protocol !== "grpc") return [];
  const message = `${quote(protocol)} is not spoken: telemetry is sent as JSON over HTTP, which collectors take on port 4318`;
  return [makeProblem({ file: null, path: "OTEL_EXPORTER_OTLP_PROTOCOL" }, { message })];
}
