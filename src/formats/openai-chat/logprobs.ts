import { arrayOf, countOf, isRecord, numberOf, stringOf } from "../../exchange/read.ts";
import type { TokenLogprob } from "../../exchange/response.ts";

/** Reads a choice's `logprobs`, of its words or, where it has none, of its refusal; undefined where there are none. */
export function readLogprobs(value: unknown): TokenLogprob[] | undefined {
  if (!isRecord(value)) return undefined;
  const tokens = [...readTokens(value.content), ...readTokens(value.refusal)];
  return tokens.length === 0 ? undefined : tokens;
}

function readTokens(value: unknown): TokenLogprob[] {
  return arrayOf(value).flatMap((token) => {
    if (!isRecord(token) || typeof token.token !== "string") return [];
    const top = readTokens(token.top_logprobs);
    return [
      {
        token: stringOf(token.token) ?? "",
        logprob: numberOf(token.logprob) ?? 0,
        ...(Array.isArray(token.bytes)
          ? { bytes: token.bytes.filter((byte) => countOf(byte) !== undefined) }
          : {}),
        ...(top.length === 0 ? {} : { top }),
      },
    ];
  });
}

/** A choice's `logprobs`, null where there are none. */
export function writeLogprobs(
  tokens: readonly TokenLogprob[] | undefined,
  ofRefusal: boolean,
): object | null {
  if (tokens === undefined) return null;
  const written = tokens.map((token) => ({
    ...writeToken(token),
    top_logprobs: (token.top ?? []).map(writeToken),
  }));
  return ofRefusal ? { content: null, refusal: written } : { content: written, refusal: null };
}

function writeToken({ token, logprob, bytes }: TokenLogprob) {
  return { token, logprob, bytes: bytes ?? null };
}
