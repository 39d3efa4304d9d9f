import { GatewayError } from "../../exchange/errors.ts";
import { invalid, isRecord, numberOf, optionalRecord } from "../../exchange/read.ts";
import type { CountCodec } from "../codec.ts";
import { camelCased, modelResource } from "./names.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

/** Gemini's countTokens, of `contents` alone or of a whole `generateContentRequest`. */
export const geminiCountCodec: CountCodec = {
  readRequest(value, path) {
    if (!isRecord(value)) throw invalid("body", "must be a JSON object");
    const body = camelCased(value);
    return readRequest(optionalRecord(body.generateContentRequest, "generateContentRequest") ?? body, path);
  },

  writeRequest(request, context) {
    const written = writeRequest(request, context);
    // Vertex takes the whole as it is.
    if (context.provider.startsWith("vertex")) return written;
    const { contents, ...rest } = written;
    if (Object.keys(rest).length === 0) return { contents };
    return { generateContentRequest: { model: modelResource(context.model), ...written } };
  },

  readResponse(body) {
    const total = isRecord(body) ? numberOf(body.totalTokens) : undefined;
    if (total === undefined)
      throw new GatewayError("upstream_invalid", "The provider's answer holds no count of tokens.");
    return total;
  },

  writeResponse(inputTokens) {
    return { totalTokens: inputTokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: inputTokens }] };
  },
};
