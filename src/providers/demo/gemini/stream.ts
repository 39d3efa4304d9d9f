import { toPieces } from "../frames.ts";
import { type JsonObject, stringOf } from "../json.ts";
import type { Answered, PlannedAnswer } from "../plan.ts";
import { countTokens, splitTokens } from "../tokens.ts";
import { candidateEnd, contentParts, contentTail, usageMetadata } from "./write.ts";

/** The chunks of a streamed answer as JSON values; each has one part, and the last of a candidate its end. */
export function* streamContent(answered: Answered): Generator<JsonObject> {
  const tail = contentTail(answered);
  let spoken = 0;
  for (const [index, answer] of answered.plan.answers.entries()) {
    const last = index === answered.plan.answers.length - 1;
    const parts = [...streamedParts(answer)];
    if (parts.length === 0) {
      const usage = usageMetadata(answered, last ? undefined : spoken);
      yield { candidates: [{ ...candidateEnd(answer), index }], usageMetadata: usage, ...tail };
    }
    for (const [place, part] of parts.entries()) {
      const ends = place === parts.length - 1;
      if (part.thought !== true) spoken += countTokens(stringOf(part.text) ?? "");
      const candidate = {
        content: { parts: [part], role: "model" },
        ...(ends && candidateEnd(answer)),
        index,
      };
      const usage = usageMetadata(answered, ends && last ? undefined : spoken);
      yield { candidates: [candidate], usageMetadata: usage, ...tail };
    }
  }
}

/** The whole answer's parts with their texts cut into tokens. Function calls arrive in one piece. */
function* streamedParts(answer: PlannedAnswer): Generator<JsonObject> {
  if (answer.finish === "refusal") return;
  for (const { text, ...rest } of contentParts(answer)) {
    if (text === undefined) {
      yield rest;
      continue;
    }
    const { thoughtSignature, ...plain } = rest;
    const pieces = toPieces(splitTokens(stringOf(text) ?? ""));
    const [first = "", ...others] = pieces;
    yield { text: first, ...plain, ...(thoughtSignature !== undefined && { thoughtSignature }) };
    for (const piece of others) yield { text: piece, ...plain };
  }
}
