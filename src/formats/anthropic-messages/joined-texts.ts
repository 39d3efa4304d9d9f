import type { Part } from "../../exchange/parts.ts";

/**
 * An answer's parts, where the words after a signed text go on in it. Gemini may sign the first words of a text, which
 * sets them apart; some of Anthropic's clients show the last block alone, and so would show all but those.
 */
export function joinedTexts(parts: readonly Part[]): Part[] {
  const joined: Part[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (part.kind !== "text" || last?.kind !== "text" || last.seal === undefined) joined.push(part);
    else {
      const citations = [...(last.citations ?? []), ...(part.citations ?? [])];
      const cited = citations.length === 0 ? {} : { citations };
      joined[joined.length - 1] = { ...last, text: last.text + part.text, ...cited };
    }
  }
  return joined;
}
