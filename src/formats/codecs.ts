import type { Format } from "../exchange/formats.ts";
import type { Call } from "./call.ts";
import type { ClientCodec, Codec, CountCodec, EmbeddingsCodec } from "./codec.ts";

/** How a format is read and written; null where its API has no such call. */
interface Codecs {
  readonly generate: Codec;
  readonly embeddings: EmbeddingsCodec | null;
  readonly count: CountCodec | null;
}

const PENDING = { keepAlive: ": keep-alive\n\n" } as unknown as Codec;

/** Every format's codecs. Adding a format is a folder and a line here and in `registry.ts`. */
export const CODECS: Record<Format, Codecs> = {
  "openai-chat": { generate: PENDING, embeddings: null, count: null },
  "openai-responses": { generate: PENDING, embeddings: null, count: null },
  "anthropic-messages": { generate: PENDING, embeddings: null, count: null },
  gemini: { generate: PENDING, embeddings: null, count: null },
};

/** How the client of a call is read and answered; legacy completions are read and answered their own way. */
export function clientCodecOf(call: Call & { readonly format: Format }): ClientCodec {
  return CODECS[call.format].generate;
}
