import { arrayOf, isRecord, numberOf, recordOf, stringOf } from "../../exchange/read.ts";
import type { TokenLogprob } from "../../exchange/response.ts";

interface WireToken {
  readonly token: string;
  readonly logProbability: number;
}

/** Reads `logprobsResult`: the chosen tokens, and at the same step the most likely ones. */
export function readLogprobs(value: unknown): TokenLogprob[] {
  const result = recordOf(value);
  if (result === undefined) return [];
  const tops = arrayOf(result.topCandidates);
  return arrayOf(result.chosenCandidates).flatMap((chosen, step) => {
    const token = readToken(chosen);
    if (token === null) return [];
    const top = arrayOf(recordOf(tops[step])?.candidates).flatMap((other) => readToken(other) ?? []);
    return [top.length === 0 ? token : { ...token, top }];
  });
}

/** The bytes of tokens have no place; they are those of the text. */
export function writeLogprobs(logprobs: readonly TokenLogprob[]): object {
  return {
    topCandidates: logprobs.map(({ top }) => ({ candidates: (top ?? []).map(writeToken) })),
    chosenCandidates: logprobs.map(writeToken),
  };
}

function readToken(value: unknown): TokenLogprob | null {
  if (!isRecord(value)) return null;
  const token = stringOf(value.token);
  return token === undefined ? null : { token, logprob: numberOf(value.logProbability) ?? 0 };
}

function writeToken({ token, logprob }: TokenLogprob): WireToken {
  return { token, logProbability: logprob };
}
