import { formatTemplateId, parseTemplateId } from "../prompts/template-id.ts";
import type { Attempt, Trace } from "../records/trace.ts";
import { isRouteDecision } from "../routing/learned-decisions.ts";
import type { Explanation } from "../strategies/choose.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import type { HeaderList } from "../upstream/http/headers.ts";

/** The gateway's own header fields on an answer: what served it, for whoever looks for the reason of something. */
export function gatewayHeaders(trace: Trace): Record<string, string> {
  const headers: Record<string, string> = { "x-request-id": trace.requestId };
  if (trace.provider !== null) headers["x-amsterdam-provider"] = trace.provider;
  if (trace.model !== null) headers["x-amsterdam-model"] = headerText(trace.model);
  if (trace.route !== null) headers["x-amsterdam-route"] = headerText(trace.route);
  if (trace.choice !== null) headers["x-amsterdam-decision"] = decisionText(trace.choice);
  if (trace.templates.length > 0 || trace.decisions.length > 0) addTemplates(headers, trace);
  if (trace.losses.length > 0) headers["x-amsterdam-loss"] = joined(trace.losses, "; ");
  if (trace.attempts.length > 0) headers["x-amsterdam-attempts"] = attemptsText(trace.attempts);
  return headers;
}

/** `quality; score=0.712; threshold=0.640; openai/gpt-5: scored 0.712, at or above 0.640`: what chose, and the first choice. */
function decisionText({ strategy, score, threshold, probability, candidates, within }: Explanation): string {
  const first = candidates[0];
  const parts: string[] = [strategy];
  if (score !== undefined) parts.push(`score=${score.toFixed(3)}`);
  if (threshold !== undefined) parts.push(`threshold=${threshold.toFixed(3)}`);
  if (probability !== undefined) parts.push(`probability=${probability.toFixed(3)}`);
  if (first !== undefined) parts.push(`${first.target}: ${first.reason}`);
  if (within !== undefined) parts.push(`within it ${decisionText(within)}`);
  return joined(parts, "; ");
}

/** Which versions went out, what experiments decided, and what went wrong with them. */
function addTemplates(headers: Record<string, string>, { templates, decisions: all }: Trace): void {
  // What a route drew is told as its decision.
  const decisions = all.filter((decision) => !isRouteDecision(decision));
  const versions = templates.flatMap(({ templateId, version }) => versionText(templateId, version));
  // What the request is refused for stands in its answer.
  const problems = templates.flatMap(({ problem, source }) => (source === "none" ? [] : (problem ?? [])));
  if (versions.length > 0) headers["x-amsterdam-template"] = joined(versions, ", ");
  if (decisions.length > 0) {
    headers["x-amsterdam-experiment"] = joined(
      decisions.map(({ experiment }) => experiment),
      ", ",
    );
    headers["x-amsterdam-variant"] = joined(
      decisions.map(({ variantName }) => variantName),
      ", ",
    );
  }
  if (problems.length > 0)
    headers["x-amsterdam-warning"] = joined(problems.map(asciiText), "; ", MAX_SENTENCE);
}

function versionText(templateId: string | null, version: string | null): string[] {
  const id = templateId === null ? null : parseTemplateId(templateId);
  return id === null || "reason" in id || version === null
    ? []
    : [formatTemplateId({ name: id.name, version })];
}

/**
 * `openai/gpt-5=503, anthropic/claude=200`: each try in order, with its status or what went wrong. Where there are too many,
 * those in the middle are counted: the last one is what the answer came from.
 */
function attemptsText(attempts: readonly Attempt[]): string {
  let text = "";
  for (const [index, attempt] of attempts.entries()) {
    const next = attemptText(attempt);
    if (text.length + next.length > MAX_ATTEMPTS) {
      const between = attempts.length - index - 1;
      return `${text}${between > 0 ? `, ${between} more` : ""}, ${attemptText(attempts.at(-1)!)}`;
    }
    text += text === "" ? next : `, ${next}`;
  }
  return text;
}

function attemptText({ target, status, error }: Attempt): string {
  return `${headerText(target)}=${status ?? error ?? "running"}`;
}

/** Some clients take no more than 16 KB of headers in all, and some proxies 4. */
const MAX_ATTEMPTS = 3000;

/** `reasoning.summary; tools[2]: web_search`, cut where a header would grow too long. */
function joined(texts: readonly string[], separator: string, mostEach = MAX_TEXT): string {
  let all = "";
  for (const text of texts) {
    const next = headerText(text, mostEach);
    if (all.length + next.length > MAX_JOINED) return `${all}${separator}and more`;
    all += all === "" ? next : separator + next;
  }
  return all;
}

/** A sentence of which what cannot stand in a header is percent-encoded, and the rest stays readable. */
function asciiText(text: string): string {
  return text.toWellFormed().replace(/[^\x20-\x7e]+/gu, encodeURIComponent);
}

const MAX_JOINED = 1000;

/** Characters of a name that stand in a header: clients refuse headers that are much longer. */
const MAX_TEXT = 200;
/** Of a sentence that has long names in it. */
const MAX_SENTENCE = 600;

/** Model names come from clients, with any length and any characters; in a header only visible ASCII may stand. */
function headerText(name: string, most = MAX_TEXT): string {
  const text = name.length > most ? name.slice(0, most) : name;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // A lone half of a surrogate pair cannot be encoded.
    if (code < 0x20 || code > 0x7e) return encodeURIComponent(text.toWellFormed());
  }
  return text;
}

/** Adds an upstream's header fields that the filter allows. Its request id is kept under another name than ours. */
export function addUpstreamHeaders(
  out: Record<string, string>,
  from: HeaderList,
  filter: HeaderFilter,
): void {
  const { names, values } = from;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (name === "x-request-id") out["x-amsterdam-upstream-request-id"] = values[i]!;
    else if (filter.allows(name)) out[name] = name in out ? `${out[name]}, ${values[i]}` : values[i]!;
  }
}

/** Response headers; several cookies, which cannot be joined into one field, each on a line of its own. */
export function withCookies(
  headers: Record<string, string>,
  from: HeaderList,
  filter: HeaderFilter,
): Record<string, string> | Headers {
  if (!("set-cookie" in headers)) return headers;
  const { "set-cookie": _joined, ...rest } = headers;
  const all = new Headers(rest);
  for (let i = 0; i < from.names.length; i++) {
    if (from.names[i] === "set-cookie" && filter.allows("set-cookie"))
      all.append("set-cookie", from.values[i]!);
  }
  return all;
}
