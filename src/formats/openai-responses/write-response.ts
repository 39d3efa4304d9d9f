import { type JsonObject, recordOf } from "../../exchange/read.ts";
import type { Choice, GenerateResponse } from "../../exchange/response.ts";
import type { AnswerContext } from "../codec.ts";
import { ownMembers } from "./own.ts";
import { beginResponse } from "./response-object.ts";
import { knownCall } from "./tool-search.ts";
import { writeUsage } from "./usage.ts";
import type { ResponseObject } from "./wire.ts";
import { writeItems } from "./write-output.ts";

/** The body of a whole answer: a response object that is completed or incomplete. */
export function writeResponse(response: GenerateResponse, context: AnswerContext): ResponseObject {
  const { losses, newId, now } = context;
  const choice = response.choices[0] ?? { index: 0, parts: [], finish: "other" as const };
  if (response.choices.length > 1) losses.add("answer: choices but the first");
  const parts = choice.parts.map((part) =>
    part.kind === "tool-call" ? knownCall(part, context.request) : part,
  );
  const begun = beginResponse(response, context);
  const end = endOf(choice, choice.parts);
  const status = end.status === "completed" ? "completed" : "incomplete";
  const own = ownMembers(response);
  return {
    ...begun,
    ...end,
    completed_at: end.status === "completed" ? ((own.completed_at as number | null) ?? now()) : null,
    output: writeItems(parts, choice.logprobs ?? [], status, () => newId(), losses),
    usage: response.usage === undefined ? null : writeUsage(response.usage, recordOf(own.usage) ?? {}),
  };
}

/** How a response ends whose answer ended so. */
export function endOf(
  { finish, extensions }: Pick<Choice, "finish" | "extensions">,
  parts: readonly { readonly kind: string }[],
): Pick<ResponseObject, "status" | "incomplete_details"> {
  const reason = reasonOf(finish, parts);
  const own = recordOf(ownMembers(extensions === undefined ? {} : { extensions }).incomplete_details);
  const details: JsonObject | null = own ?? (reason === null ? null : { reason });
  return { status: details === null ? "completed" : "incomplete", incomplete_details: details };
}

function reasonOf(finish: Choice["finish"], parts: readonly { readonly kind: string }[]): string | null {
  switch (finish) {
    case "length":
    case "context":
      return "max_output_tokens";
    case "content-filter":
      return "content_filter";
    case "refusal":
      // Where the refusal is in the words, they are the answer; otherwise nothing tells of it but this.
      return parts.some(({ kind }) => kind === "refusal") ? null : "content_filter";
    default:
      return null;
  }
}
