import { GatewayError } from "../../exchange/errors.ts";
import { invalid, isRecord, type JsonObject, numberOf, restOf } from "../../exchange/read.ts";

/** Members that Chat Completions has not, or not so. */
const OWN = new Set(["prompt", "suffix", "echo", "best_of", "logprobs", "top_logprobs", "messages"]);

/**
 * The request as Chat Completions would have it: the prompt is what the user says, all else has the same names there.
 * Throws a GatewayError: invalid_request, or conversion_refused for what a chat model cannot do.
 */
export function chatRequest(body: unknown): JsonObject {
  if (!isRecord(body)) throw invalid("body", "must be a JSON object");
  const content = readPrompt(body.prompt);
  refuseForeign(body);
  return {
    ...restOf(body, OWN),
    messages: [{ role: "user", content }],
    ...readLogprobs(body.logprobs),
  };
}

function readPrompt(prompt: unknown): string {
  if (typeof prompt === "string") return prompt;
  if (!Array.isArray(prompt)) throw invalid("prompt", "must be a string");
  const [first] = prompt;
  if (prompt.length === 1 && typeof first === "string") return first;
  if (prompt.length > 1 && prompt.every((text) => typeof text === "string"))
    throw invalid("prompt", `holds ${prompt.length} prompts; send a request for each of them`);
  throw invalid("prompt", "must be text: tokens mean something to the model alone whose they are");
}

function refuseForeign({ suffix, echo, best_of: bestOf, n }: JsonObject): void {
  if (suffix !== undefined && suffix !== null && suffix !== "")
    throw refusal("suffix", "a chat model cannot write what stands before a given text");
  if (echo === true) throw refusal("echo", "a chat model does not repeat the prompt");
  if ((numberOf(bestOf) ?? 1) > (numberOf(n) ?? 1))
    throw refusal("best_of", "chat models do not choose among answers; ask for all of them with n");
}

function refusal(param: string, why: string): GatewayError {
  return new GatewayError("conversion_refused", `${param} is not possible here: ${why}.`, { param });
}

/** A number of alternatives here; whether, and how many, there. */
function readLogprobs(logprobs: unknown): JsonObject {
  if (logprobs === undefined || logprobs === null || logprobs === false) return {};
  if (logprobs === true) return { logprobs };
  if (typeof logprobs !== "number") throw invalid("logprobs", "must be a number");
  return logprobs === 0 ? { logprobs: true } : { logprobs: true, top_logprobs: logprobs };
}
