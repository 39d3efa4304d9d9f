import { expect, test } from "bun:test";
import { GatewayError } from "../exchange/errors.ts";
import { authenticate } from "./authenticate.ts";
import { environmentKeys } from "./environment-keys.ts";
import { KeyRing } from "./key-ring.ts";

const ring = new KeyRing(environmentKeys({ AMP_API_KEY: "right" }));

test("a caller is known by any of its keys, and every place that holds a valid one is named", () => {
  const headers = { authorization: "Bearer right", "x-api-key": "another server's" };
  const caller = authenticate(ring, headers, "?key=right", 0);
  expect(caller.identity.name).toBe("AMP_API_KEY");
  expect([...caller.places]).toEqual(["authorization", "key"]);
});

test("a key in a field that was sent twice admits nobody, but its place is named where another does", () => {
  const twice = { "x-api-key": "right, other" };
  expect(() => authenticate(ring, twice, "", 0)).toThrow(GatewayError);
  const caller = authenticate(ring, { ...twice, authorization: "Bearer right" }, "?key=a&key=right", 0);
  expect([...caller.places].sort()).toEqual(["authorization", "key", "x-api-key"]);
});

test("a refusal is told in the same words whatever was wrong", () => {
  const refusals = [{}, { "x-api-key": "wrong" }, { authorization: "right and more" }].map((headers) => {
    try {
      return authenticate(ring, headers, "", 0);
    } catch (error) {
      return error;
    }
  });
  for (const error of refusals) {
    expect(error).toBeInstanceOf(GatewayError);
    expect((error as GatewayError).code).toBe("invalid_api_key");
    expect((error as GatewayError).message).toBe((refusals[0] as GatewayError).message);
  }
});
