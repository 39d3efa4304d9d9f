import type { Losses } from "../../exchange/losses.ts";
import type { Citation, Extensions } from "../../exchange/parts.ts";
import type { Choice, FinishReason, GenerateResponse } from "../../exchange/response.ts";
import type { Usage } from "../../exchange/usage.ts";
import type { AnswerContext } from "../codec.ts";
import { writeGrounding } from "./citations.ts";
import { restored } from "./extensions.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { writeUsage } from "./usage.ts";
import type { Candidate, UsageMetadata, WirePart, WireResponse } from "./wire.ts";
import { parseArguments, writePart, writeToldCall } from "./write-part.ts";

/** Neutral service tiers by the names that Google's API has for them. */
const TIERS: Readonly<Record<string, string>> = { default: "standard", flex: "flex", priority: "priority" };

/** Longest beginning of broken arguments that a finishMessage repeats. */
const MAX_REPEATED = 500;

/** Writes the body of a whole answer. A refused prompt has no candidates. */
export function writeResponse(response: GenerateResponse, context: AnswerContext): WireResponse {
  const rest = restored(response.extensions);
  const refused =
    rest?.promptFeedback !== undefined && response.choices.every(({ parts }) => parts.length === 0);
  const usageMetadata = writeUsageMetadata(response.usage, response.serviceTier, context);
  return {
    ...(refused ? {} : { candidates: response.choices.map((choice) => writeChoice(choice, context)) }),
    ...(usageMetadata === undefined ? {} : { usageMetadata }),
    modelVersion: context.model,
    responseId: response.id || context.newId(),
    ...rest,
  };
}

function writeChoice(
  { index, parts, finish, logprobs, extensions }: Choice,
  context: AnswerContext,
): Candidate {
  const written: WirePart[] = [];
  const refused = parts.some(({ kind }) => kind === "refusal");
  const citations: Citation[] = [];
  let malformed: string | null = null;
  let text = "";
  for (const [number, part] of parts.entries()) {
    if (part.kind === "tool-result") continue;
    if (part.kind === "tool-call") {
      const args = parseArguments(part.arguments);
      if (args === null) malformed = malformedCall(part);
      else written.push(writeToldCall(part, args, !written.some(isCall)));
      continue;
    }
    if (part.kind === "text") {
      for (const citation of part.citations ?? []) citations.push(movedBy(text.length, citation));
      text += part.text;
    }
    written.push(...writePart(part, `choices[${index}].parts[${number}]`, context.losses));
  }
  return {
    content: written.length === 0 ? { role: "model" } : { role: "model", parts: written },
    index,
    ...(logprobs === undefined ? {} : { logprobsResult: writeLogprobs(logprobs) }),
    ...finishMembers({ reason: finish, refused, malformed, extensions, citations, text }, context.losses),
  };
}

const isCall = ({ functionCall }: WirePart) => functionCall !== undefined;

/** What a candidate's end is told from. */
export interface Ended {
  readonly reason: FinishReason;
  /** Whether the model declined to answer, in words of that kind. */
  readonly refused: boolean;
  /** What is said of a call that could not be read; null where there was none. */
  readonly malformed: string | null;
  readonly extensions: Extensions | undefined;
  /** Their places are in `text`, all of the candidate's visible text. */
  readonly citations: readonly Citation[];
  readonly text: string;
}

/** The members of a candidate that tell how it ended, and what it cited. */
export function finishMembers(ended: Ended, losses: Losses): { finishReason: string } {
  const { reason, refused, malformed, citations, text } = ended;
  const rest = restored(ended.extensions);
  const cited = rest?.groundingMetadata !== undefined || rest?.citationMetadata !== undefined;
  const groundingMetadata = cited ? undefined : writeGrounding(citations, text, losses);
  return {
    finishReason: writeFinish(refused && reason === "stop" ? "refusal" : reason),
    ...(groundingMetadata === undefined ? {} : { groundingMetadata }),
    ...rest,
    ...(malformed === null ? {} : { finishMessage: malformed }),
    // The arguments of a model that ran out of tokens are broken for that reason.
    ...(malformed === null || reason === "length" || reason === "context"
      ? {}
      : { finishReason: "MALFORMED_FUNCTION_CALL" }),
  };
}

/** Gemini's answer to a call that cannot be read: it is left out, and the candidate says that it was broken. */
export function malformedCall({ name, arguments: text }: { name: string; arguments: string }): string {
  return `Malformed function call: ${name}(${text.slice(0, MAX_REPEATED)})`;
}

/** Google's citations have their places in the whole of the visible text, those of a part in the part's own. */
export function movedBy(units: number, { start, end, ...citation }: Citation): Citation {
  return {
    ...citation,
    ...(start === undefined ? {} : { start: start + units }),
    ...(end === undefined ? {} : { end: end + units }),
  };
}

export function writeUsageMetadata(
  usage: Usage | undefined,
  serviceTier: string | undefined,
  { losses }: AnswerContext,
): UsageMetadata | undefined {
  if (usage === undefined) return undefined;
  if (usage.cacheWriteInput) losses.add("usage.cacheWriteInput");
  const tier =
    serviceTier !== undefined && Object.hasOwn(TIERS, serviceTier) ? TIERS[serviceTier] : undefined;
  return { ...writeUsage(usage), ...(tier === undefined ? {} : { serviceTier: tier }) };
}
