import type { Format } from "../exchange/formats.ts";
import { anthropicCodec } from "./anthropic-messages/codec.ts";
import { anthropicCount } from "./anthropic-messages/count.ts";
import type { Call } from "./call.ts";
import type { ClientCodec, Codec, CountCodec, EmbeddingsCodec } from "./codec.ts";
import { geminiCodec } from "./gemini/codec.ts";
import { geminiCountCodec } from "./gemini/count.ts";
import { geminiEmbeddingsCodec } from "./gemini/embeddings.ts";
import { openaiChatCodec } from "./openai-chat/codec.ts";
import { openaiEmbeddings } from "./openai-chat/embeddings.ts";
import { completionsOver } from "./openai-completions/codec.ts";
import { openaiResponsesCodec } from "./openai-responses/codec.ts";
import { openaiResponsesCount } from "./openai-responses/count.ts";

/** How a format is read and written; null where its API has no such call. */
interface Codecs {
  readonly generate: Codec;
  readonly embeddings: EmbeddingsCodec | null;
  readonly count: CountCodec | null;
}

/** Every format's codecs. Adding a format is a folder and a line here and in `registry.ts`. */
export const CODECS: Record<Format, Codecs> = {
  "openai-chat": { generate: openaiChatCodec, embeddings: openaiEmbeddings, count: null },
  "openai-responses": { generate: openaiResponsesCodec, embeddings: null, count: openaiResponsesCount },
  "anthropic-messages": { generate: anthropicCodec, embeddings: null, count: anthropicCount },
  gemini: { generate: geminiCodec, embeddings: geminiEmbeddingsCodec, count: geminiCountCodec },
};

const COMPLETIONS = completionsOver(openaiChatCodec);

/** How the client of a call is read and answered; legacy completions are read and answered their own way. */
export function clientCodecOf(call: Call & { readonly format: Format }): ClientCodec {
  return call.operation === "completions" ? COMPLETIONS : CODECS[call.format].generate;
}
