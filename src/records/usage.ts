import type { AnswerFacts } from "../exchange/answer-facts.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format, Operation } from "../exchange/formats.ts";
import type { Usage } from "../exchange/usage.ts";
import { CODECS, clientCodecOf } from "../formats/codecs.ts";
import { estimateRequestTokens, estimateTextTokens } from "../tokens/estimate.ts";
import type { Capture } from "./capture.ts";
import type { UsageSource } from "./record.ts";
import type { Trace } from "./trace.ts";

/** How many tokens a request took, and who says so. */
export interface CountedUsage {
  readonly usage: Usage | null;
  readonly source: UsageSource | null;
}

const NONE: CountedUsage = { usage: null, source: null };
/** Bytes of a token in texts of every kind, roughly: what is reckoned with where there is no time to count. */
const BYTES_A_TOKEN = 4;

/**
 * The tokens of a request: as the provider counted them; where it did not, or its answer broke off before it had, by an
 * estimate with a tokenizer; and roughly, by length, where that takes longer than until `deadline` (`performance.now()`).
 */
export function countUsage(
  trace: Trace,
  capture: Capture,
  facts: AnswerFacts | null,
  deadline: number,
): CountedUsage | Promise<CountedUsage> {
  if (facts === null || trace.status >= 400 || !TAKES_TOKENS.has(trace.operation)) return NONE;
  const { usage, uncounted } = facts;
  const makesText = trace.operation === "generate" || trace.operation === "completions";
  const isCounted = usage?.input !== undefined && (!makesText || usage.output !== undefined);
  if (isCounted && (isOver(facts) || uncounted.length === 0))
    return { usage, source: sourceOf(trace, facts) };
  if (trace.provider === null && trace.targetFormat === null && usage === undefined) return NONE;
  return estimated(trace, capture, facts, deadline);
}

const TAKES_TOKENS: ReadonlySet<string> = new Set(["generate", "completions", "embeddings", "count-tokens"]);

/** Whether tokens of such a request cost anything: to have a prompt counted is free everywhere. */
export function isBilled(operation: Operation): boolean {
  return operation !== "count-tokens";
}

function sourceOf(trace: Trace, facts: AnswerFacts): UsageSource {
  // Only the gateway itself counts tokens without a target.
  if (trace.operation === "count-tokens" && trace.attempts.length === 0) return "estimated";
  return isOver(facts) ? "provider" : "partial";
}

/** Whether the model had said all that it was to say; a client that leaves just before the end mark has got it all. */
function isOver({ complete, finish }: AnswerFacts): boolean {
  return complete || finish !== null;
}

async function estimated(
  trace: Trace,
  capture: Capture,
  facts: AnswerFacts,
  deadline: number,
): Promise<CountedUsage> {
  const { usage, uncounted } = facts;
  const text = uncounted.join("");
  const [input, more] = await Promise.all([
    usage?.input ?? before(deadline, requestTokens(trace, capture), trace.requestBytes),
    text === "" ? 0 : before(deadline, estimateTextTokens(text), Buffer.byteLength(text)),
  ]);
  const makesText = trace.operation === "generate" || trace.operation === "completions";
  const output = makesText ? { output: (usage?.output ?? 0) + more } : {};
  return {
    usage: { ...usage, input, ...output },
    source: usage === undefined || isOver(facts) ? "estimated" : "partial",
  };
}

/** The estimate, or what the length says when it is not there in time or cannot be made. */
async function before(deadline: number, estimate: Promise<number | null>, bytes: number): Promise<number> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), Math.max(0, deadline - performance.now()));
  const tokens = await Promise.race([estimate, late]);
  clearTimeout(timer);
  return tokens ?? Math.ceil(bytes / BYTES_A_TOKEN);
}

/** Null where the request was not kept whole, or is not one of its format. */
async function requestTokens(trace: Trace, { request }: Capture): Promise<number | null> {
  const { clientFormat: format, operation } = trace;
  if (request === null || format === null || request.length < trace.requestBytes) return null;
  try {
    const body: unknown = JSON.parse(
      Buffer.from(request.buffer, request.byteOffset, request.length).toString("utf8"),
    );
    if (operation === "embeddings") return await embeddingsTokens(format, body, trace);
    const codec = clientCodecOf({ ...UNKNOWN_CALL, operation, format });
    return await estimateRequestTokens(
      codec.readRequest(body, { model: trace.requestedModel, stream: trace.stream }),
    );
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof GatewayError) return null;
    throw error;
  }
}

const UNKNOWN_CALL = { errorShape: "plain", pathModel: null, method: null } as const;

async function embeddingsTokens(format: Format, body: unknown, trace: Trace): Promise<number | null> {
  const codec = CODECS[format].embeddings;
  if (codec === null) return null;
  const method = trace.path.slice(trace.path.lastIndexOf(":") + 1);
  let tokens = 0;
  for (const input of codec.readRequest(body, { model: trace.requestedModel, method }).inputs)
    tokens += typeof input === "string" ? await estimateTextTokens(input) : input.length;
  return tokens;
}
