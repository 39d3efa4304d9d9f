import { describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import type { ToldError } from "../../exchange/told-error.ts";
import { readError } from "./errors.ts";

describe("a provider's error", () => {
  test.each<[unknown, object]>([
    [
      { error: { message: "No", type: "invalid_request_error", param: "model", code: "model_not_found" } },
      { message: "No", code: "model_not_found", param: "model" },
    ],
    [
      { error: { message: "No", type: "invalid_request_error", param: null, code: null } },
      { message: "No", code: "invalid_request_error" },
    ],
    [{ error: { message: "No", code: 400 } }, { message: "No" }],
    [
      [{ error: { code: 400, message: "No", status: "INVALID_ARGUMENT" } }],
      { message: "No", code: "INVALID_ARGUMENT" },
    ],
    [{ error: "No" }, { message: "No" }],
    [
      { object: "error", message: "No", type: "BadRequestError", code: 400 },
      { message: "No", code: "BadRequestError" },
    ],
    [{ detail: "No" }, { message: "No" }],
    [{ detail: [{ loc: ["body"], msg: "No" }, { msg: "never" }] }, { message: "No; never" }],
    [
      { object: "error", message: { detail: [{ msg: "No" }] }, type: "x" },
      { message: "No", code: "x" },
    ],
    ["No", { message: "No" }],
    ...[null, 7, {}, [], { error: {} }, { error: 7 }, ""].map((body): [unknown, object] => [
      body,
      { message: "The provider answered with status 418." },
    ]),
  ])("%j is read", (body, expected) => {
    expect(readError(body, 418)).toEqual({ status: 418, ...expected } as ToldError);
  });

  test("as it was recorded is told in its own words", () => {
    const refused = recordedExchanges("openai-chat").filter(({ status }) => status >= 400);
    expect(refused.length).toBeGreaterThan(5);
    for (const { body, status } of refused) {
      const told = readError(JSON.parse(body), status);
      expect(told.status).toBe(status);
      expect(body).toContain(JSON.stringify(told.message).slice(1, -1));
    }
  });
});
