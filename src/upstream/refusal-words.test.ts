import { describe, expect, test } from "bun:test";
import { RECORDINGS, recordedExchanges } from "../../test/support/exchanges.ts";
import { isQuota, reasonInWords } from "./refusal-words.ts";

const reasonOf = (status: number, text: string, codes = "") =>
  reasonInWords({ status, text: text.toLowerCase(), codes: codes.toLowerCase() });

describe("a refusal's words", () => {
  test.each([
    [
      400,
      "This model's maximum context length is 8192 tokens. However, your messages resulted in 8227 tokens.",
    ],
    [
      400,
      "This endpoint's maximum context length is 1048576 tokens. However, you requested about 1293741 tokens",
    ],
    [400, "Your input exceeds the context window of this model. Please adjust your input and try again."],
    [400, "prompt is too long: 209353 tokens > 199999 maximum"],
    [400, "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"],
    [400, "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)."],
    [400, "This model's maximum prompt length is 131072 but the request contains 537812 tokens."],
    [400, "The decoder prompt (length 5000) is longer than the maximum model length of 4096."],
    [400, "request (2009 tokens) exceeds the available context size (512 tokens), try increasing it"],
    [400, "Please reduce the length of the messages or completion."],
    [400, "Prompt contains 40000 tokens, too large for model with 32768 maximum context length"],
    [422, "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193"],
    [413, "Request exceeds the maximum size"],
    [413, ""],
    [413, "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 9000"],
    [429, "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 35000."],
  ])("of %i say that the prompt is too long: %s", (status, text) => {
    expect(reasonOf(status, text)).toBe("context_length");
  });

  test.each([
    [400, "Output blocked by content filtering policy", ""],
    [
      400,
      "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      "",
    ],
    [400, "Content Exists Risk", "invalid_request_error"],
    [400, "Invalid prompt: your prompt was flagged as potentially violating our usage policy.", ""],
    [403, 'x requires moderation on OpenAI. Your input was flagged for "violence".', ""],
    [400, "refused", "content_filter invalid_request_error ResponsibleAIPolicyViolation"],
    [400, "refused", "moderation_blocked"],
  ])("of %i say that a filter refused: %s", (status, text, codes) => {
    expect(reasonOf(status, text, codes)).toBe("content_filter");
  });

  test.each([
    [404, "The model `m` does not exist.", "NotFoundError"],
    [404, 'model "llama3" not found, try pulling it first', ""],
    [404, "model: claude-9", "not_found_error"],
    [402, "Insufficient Balance", ""],
    [400, "Your credit balance is too low to access the Anthropic API.", "invalid_request_error"],
  ])("of %i say that the target serves this to nobody: %s", (status, text, codes) => {
    expect(reasonOf(status, text, codes)).toBe("unavailable");
  });

  test.each([
    [400, "messages.0: all messages must have non-empty content", "invalid_request_error"],
    [400, "", ""],
    [404, "404 page not found", ""],
    [422, "max_tokens: too large", ""],
    [401, "prompt is too long", ""],
    [403, "no access to this model", "permission_error"],
    [408, "prompt is too long", ""],
    [429, "Rate limit reached", "rate_limit_exceeded"],
    [500, "prompt is too long", "context_length_exceeded"],
    [200, "prompt is too long", ""],
    // A code is a whole word: others hold one of the table as a part.
    [400, "no", "not_a_content_filter_x"],
  ])("of %i say nothing of the kind: %s", (status, text, codes) => {
    expect(reasonOf(status, text, codes)).toBeNull();
  });

  test("tell a used-up quota from a limit that passes", () => {
    const said = (text: string, codes: string) => isQuota({ text, codes });
    expect(
      said("you exceeded your current quota, please check your plan and billing details.", ""),
    ).toBeTrue();
    expect(said("", "insufficient_quota insufficient_quota")).toBeTrue();
    expect(said("rate limit reached for gpt-4o", "rate_limit_exceeded tokens")).toBeFalse();
  });
});

test("recorded refusals that another target may mend are found, and no others", () => {
  const found = (Object.keys(RECORDINGS) as (keyof typeof RECORDINGS)[]).flatMap((format) =>
    recordedExchanges(format).flatMap(({ id, status, body }) => {
      if (status < 400) return [];
      const outer = JSON.parse(body);
      const error = typeof outer.error === "string" ? { ...outer, message: outer.error } : outer.error;
      const { message, code, type } = error ?? outer;
      const reason = reasonOf(status, String(message), [code, type].filter(Boolean).join(" "));
      expect([id, reason]).toEqual([id, reason === null ? null : "unavailable"]);
      return reason === null ? [] : id;
    }),
  );
  expect(found).toEqual([
    "mirascope-0153",
    "rig-1086",
    "rig-1359",
    "rig-1362",
    "mirascope-0145",
    "mirascope-0155",
    "opentelemetry-python-contrib-0053",
    "rig-1741",
    "rig-2182",
    "mirascope-0137",
    "mirascope-1247",
    "rig-0038",
    "mirascope-0003",
    "mirascope-0141",
    "mirascope-1256",
  ]);
});
