import { describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { readError } from "./errors.ts";

describe("an error that a provider answers with", () => {
  const recorded = recordedExchanges("openai-responses").filter(({ status }) => status >= 400);
  for (const { id, status, body } of recorded)
    test(`keeps its message, code and field: ${id}`, () => {
      const parsed = JSON.parse(body);
      const error = parsed.error?.message === undefined ? plain(parsed) : parsed.error;
      const told = readError(JSON.parse(body), status);
      expect(told.status).toBe(status);
      expect(told.message).toBe(error.message);
      expect(told.code).toBe(error.code ?? error.type);
      expect(told.param ?? null).toBe(error.param ?? null);
    });

  test("may be anything", () => {
    expect(readError(null, 503)).toEqual({ status: 503, message: "The provider answered with status 503." });
    expect(readError("Bad gateway", 502).message).toBe("Bad gateway");
    expect(readError({ error: "no" }, 400).message).toBe("no");
    expect(readError({ detail: "no" }, 422).message).toBe("no");
    expect(readError({ code: "invalid", message: "no" }, 400)).toMatchObject({
      code: "invalid",
      message: "no",
    });
    expect(readError([], 400).message).toBe("The provider answered with status 400.");
  });
});

/** Errors whose message is not in an object. */
function plain(body: { error?: string; detail?: string; code?: string }) {
  return { message: body.error ?? body.detail, code: body.code, type: undefined, param: null };
}
