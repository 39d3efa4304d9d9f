import { GatewayError } from "../exchange/errors.ts";
import { type PathPattern, restName } from "./path-pattern.ts";
import { nearest } from "./suggest.ts";

/**
 * What an endpoint's `target_url` says, once its placeholders are known.
 *
 * - `{name}` is filled with the segment that the path's `{name}` matched, `{*rest}`, `{rest}` and `*` with its rest.
 *   In the query a `*` is itself; `{name}` works there too.
 * - When the path ends in a wildcard and the target names it nowhere, the rest is appended after a "/", before the
 *   target's query: path `/google/*`, target `https://host/v1beta?alt=sse`, request `/google/models` goes to
 *   `https://host/v1beta/models?alt=sse`.
 * - Files of AMP Server's users have paths whose only wildcard is the rest, with `{model}` in the target: there
 *   `{model}` is the rest up to its last ":", so `…/models/{*rest}` with `…/models/{model}:generateContent` sends
 *   `gemini-pro:streamGenerateContent` to `…/models/gemini-pro:generateContent`.
 * - Where the path has no wildcard, `{model}` is the model that the request's body names: so a path of an API that names
 *   it there leads to one that names it in its path.
 */
export interface TargetTemplate {
  readonly parts: readonly TargetPart[];
}

export type TargetPart =
  | { readonly kind: "literal"; readonly text: string }
  | {
      readonly kind: "value";
      readonly name: string;
      readonly beforeColon: boolean;
      readonly inQuery: boolean;
    };

interface TargetFault {
  /** What was expected there, to stand after "expected". */
  readonly error: string;
  readonly suggestion?: string | undefined;
}

/** The value that stands for the body's model. */
const MODEL = "model";

const PLACEHOLDER = /\{\*?([^{}/?#]*)\}|\*/g;

/** Parses a target for the paths of `pattern`. The URL itself (scheme, host, credentials) is `targetUrlFault`'s. */
export function parseTarget(url: string, pattern: PathPattern): TargetTemplate | TargetFault {
  const queryStart = url.includes("?") ? url.indexOf("?") : url.length;
  const parts: TargetPart[] = [];
  let position = 0;
  for (const match of url.matchAll(PLACEHOLDER)) {
    const inQuery = match.index > queryStart;
    if (match[0] === "*" && inQuery) continue;
    const bound = bind(match[1], pattern);
    if ("error" in bound) return bound;
    pushLiteral(parts, url.slice(position, match.index));
    parts.push({ kind: "value", ...bound, inQuery });
    position = match.index + match[0].length;
  }
  const rest = restName(pattern);
  if (rest === undefined || parts.some((part) => part.kind === "value" && part.name === rest)) {
    pushLiteral(parts, url.slice(position));
    return { parts };
  }
  const path = url.slice(0, queryStart);
  return parseTarget(`${path}${path.endsWith("/") ? "" : "/"}{*${rest}}${url.slice(queryStart)}`, pattern);
}

function pushLiteral(parts: TargetPart[], text: string): void {
  if (text !== "") parts.push({ kind: "literal", text });
}

/** `name` undefined: the bare `*`. */
function bind(
  name: string | undefined,
  pattern: PathPattern,
): { readonly name: string; readonly beforeColon: boolean } | TargetFault {
  const rest = restName(pattern);
  if (name === undefined) {
    return rest === undefined
      ? { error: "no `*`, since the path does not end in a wildcard" }
      : { name: rest, beforeColon: false };
  }
  const names = pattern.segments.flatMap((segment) => (segment.kind === "literal" ? [] : [segment.name]));
  if (names.includes(name)) return { name, beforeColon: false };
  if (name === "model" && rest !== undefined && names.length === 1) return { name: rest, beforeColon: true };
  if (name === "model" && names.length === 0) return { name: MODEL, beforeColon: false };
  if (names.length === 0) return { error: `no {${name}}, since the path has no wildcard` };
  return {
    error: `a name that the path has: ${names.map((known) => `{${known}}`).join(", ")}`,
    suggestion: nearest(name, names),
  };
}

/**
 * The target's URL for one request. `values` are the parts of the request's path as they came, percent-encoding
 * included. Throws invalid_request when one of them would lead out of its place: the server has resolved the dot
 * segments of the path, but `..:go` becomes one only where its action is cut off.
 */
export function fillTarget(template: TargetTemplate, values: Readonly<Record<string, string>>): string {
  let url = "";
  for (const part of template.parts) {
    if (part.kind === "literal") {
      url += part.text;
      continue;
    }
    let value = values[part.name] ?? missing(part.name);
    if (part.beforeColon && value.includes(":")) value = value.slice(0, value.lastIndexOf(":"));
    if (!part.inQuery && DOT_SEGMENT.test(value))
      throw new GatewayError("invalid_request", "The path holds a dot segment before a colon.");
    url += part.inQuery ? encodeForQuery(value) : value;
  }
  return url;
}

function missing(name: string): string {
  if (name === MODEL)
    throw new GatewayError("invalid_request", "The request names no model: `model` is needed.", {
      param: "model",
    });
  return "";
}

/** `.` or `..` between slashes or at either end, each character plain or encoded. */
const DOT_SEGMENT = /(?:^|\/|\\|%2f|%5c)(?:\.|%2e){1,2}(?:$|\/|\\|%2f|%5c)/i;

/** These are plain characters in a path and would begin another parameter in a query. */
function encodeForQuery(value: string): string {
  return value.replace(/[&=+;#]/g, (character) => encodeURIComponent(character));
}

/** What is wrong with a target's URL, whatever its path: to stand after "expected"; undefined when nothing is. */
export function targetUrlFault(url: string): string | undefined {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(url)?.[1];
  if (authority === undefined) return "an http or https URL";
  if (/[{}*]/.test(authority)) return "a host without placeholders (a client must not choose it)";
  if (authority.includes("@")) return "a URL without user and password (custom_headers can carry them)";
  if (url.includes("#")) return "a URL without a fragment (#)";
  if (/[\s\\]/.test(url)) return "a URL without spaces and backslashes";
  return URL.canParse(url) && authority !== ""
    ? undefined
    : "an http or https URL with a valid host and port";
}
