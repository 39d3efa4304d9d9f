import type { FinishReason, GenerateResponse, TokenLogprob } from "../../exchange/response.ts";
import type { AnswerContext } from "../codec.ts";
import { writeUsage } from "../openai-usage.ts";

/** The body of a whole answer. */
export function writeResponse(response: GenerateResponse, context: AnswerContext): object {
  return {
    ...writeHead(response, context),
    choices: response.choices.map(({ index, parts, finish, logprobs }) => {
      let text = "";
      for (const part of parts) {
        if (part.kind === "text" || part.kind === "refusal") text += part.text;
        else context.losses.add(`answer: ${part.kind}`);
      }
      return { text, index, logprobs: writeLogprobs(logprobs, 0), finish_reason: writeFinish(finish) };
    }),
    ...(response.usage === undefined ? {} : { usage: writeUsage(response.usage) }),
  };
}

/** The members that an answer and each piece of a stream begin with. */
export function writeHead(
  { id, createdAt }: { readonly id: string; readonly createdAt?: number },
  context: AnswerContext,
): object {
  return {
    id: id.startsWith("cmpl-") ? id : `cmpl-${context.newId()}`,
    object: "text_completion",
    created: createdAt ?? context.now(),
    model: context.model,
  };
}

export function writeFinish(reason: FinishReason): "stop" | "length" | "content_filter" {
  if (reason === "length" || reason === "context") return "length";
  return reason === "content-filter" || reason === "refusal" ? "content_filter" : "stop";
}

/** `offset` is where the first token stands in the text, in UTF-16 units. */
export function writeLogprobs(tokens: readonly TokenLogprob[] | undefined, offset: number): object | null {
  if (tokens === undefined) return null;
  let at = offset;
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) =>
      top === undefined ? null : Object.fromEntries(top.map(({ token, logprob }) => [token, logprob])),
    ),
    text_offset: tokens.map(({ token }) => {
      const start = at;
      at += token.length;
      return start;
    }),
  };
}
