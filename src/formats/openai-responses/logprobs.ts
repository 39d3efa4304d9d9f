import { arrayOf, countOf, isRecord, numberOf, stringOf } from "../../exchange/read.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import type { WireLogprob } from "./wire.ts";

/** Reads `logprobs` of a text or of a piece of it. */
export function readLogprobs(value: unknown): TokenLogprob[] {
  return arrayOf(value).flatMap((each) => {
    if (!isRecord(each)) return [];
    const token = stringOf(each.token);
    const logprob = numberOf(each.logprob);
    if (token === undefined || logprob === undefined) return [];
    const bytes = arrayOf(each.bytes)
      .map(countOf)
      .filter((byte) => byte !== undefined);
    const top = readLogprobs(each.top_logprobs);
    return [
      { token, logprob, ...(bytes.length === 0 ? {} : { bytes }), ...(top.length === 0 ? {} : { top }) },
    ];
  });
}

const encoder = new TextEncoder();

export function writeLogprobs(logprobs: readonly TokenLogprob[]): WireLogprob[] {
  return logprobs.map((each) => ({ ...written(each), top_logprobs: (each.top ?? []).map(written) }));
}

/** The bytes are required; where a provider does not tell them they are the token's own. */
function written({ token, logprob, bytes }: TokenLogprob) {
  return { token, logprob, bytes: bytes ?? [...encoder.encode(token)] };
}
