import { Assembler } from "../../exchange/assemble.ts";
import { GatewayError } from "../../exchange/errors.ts";
import { isRecord } from "../../exchange/read.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { AnswerReader } from "./read-stream.ts";

/** Reads a whole answer: one, or the chunks of a stream in an array, as streamGenerateContent tells them without SSE. */
export function readResponse(body: unknown): GenerateResponse {
  const chunks = Array.isArray(body) ? body : [body];
  if (!chunks.some(isAnswer))
    throw new GatewayError("upstream_invalid", "The provider's answer is not Gemini's.");
  const reader = new AnswerReader();
  const assembler = new Assembler();
  for (const chunk of chunks) for (const event of reader.take(chunk)) assembler.take(event);
  for (const event of reader.end(true)) assembler.take(event);
  const { response, error } = assembler.result();
  if (error !== null)
    throw new GatewayError("upstream_error", error.message, { status: error.status, told: error });
  return response;
}

function isAnswer(chunk: unknown): boolean {
  if (!isRecord(chunk)) return false;
  return ["candidates", "promptFeedback", "usageMetadata", "error"].some((key) => chunk[key] !== undefined);
}
