import type { ReasoningPart, Seal } from "../../exchange/parts.ts";
import { readSeal, SEAL_MARK, writeSeal } from "../../exchange/seals.ts";
import { type Block, FORMAT, type RedactedThinkingBlock, type ThinkingBlock } from "./wire.ts";

/**
 * The signature of thoughts that nobody signed: the API demands one. It carries the seals' mark, so that a body with it
 * is not handed on to Anthropic as it is, which would refuse it.
 */
const UNSIGNED = `${SEAL_MARK}none`;

/** The seal that stands as a signature or as redacted data; undefined for none. */
export function sealOf(text: string | undefined): Seal | undefined {
  if (text === undefined || text === "" || text === UNSIGNED) return undefined;
  return readSeal(text, FORMAT);
}

export function signatureOf(seal: Seal | undefined): string {
  return seal === undefined ? UNSIGNED : writeSeal(seal, FORMAT);
}

/** Thoughts for a client. */
export function writeReasoning({
  text,
  redacted,
  seal,
}: ReasoningPart): ThinkingBlock | RedactedThinkingBlock {
  return redacted === true
    ? { type: "redacted_thinking", data: signatureOf(seal) }
    : { type: "thinking", thinking: text, signature: signatureOf(seal) };
}

export function isThinking(block: Block): boolean {
  return block.type === "thinking" || block.type === "redacted_thinking";
}
