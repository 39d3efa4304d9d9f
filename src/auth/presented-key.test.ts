import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { KEY_HEADERS, presentedKeys, withoutKeyParam } from "./presented-key.ts";

const keysOf = (headers: Headers, search: string) =>
  presentedKeys(headers.toJSON(), search).map(({ key }) => key);

describe("the presented key", () => {
  test.each([
    [{ Authorization: "Bearer k" }, ""],
    [{ authorization: "bEARER   k" }, ""],
    [{ authorization: "Bearer\tk" }, ""],
    [{ authorization: "k" }, ""],
    [{ "X-API-Key": "k" }, ""],
    [{ "api-key": "k" }, ""],
    [{ "X-Goog-Api-Key": " k " }, ""],
    [{}, "?key=k"],
    [{}, "key=k"],
    [{}, "?alt=sse&key=k&x=1"],
    [{}, "?key=%6b"],
    [{ authorization: "" }, "?key=k"],
  ])("is found in %j %s", (headers, search) => {
    expect(keysOf(new Headers(headers), search)).toEqual(["k"]);
  });

  test.each([
    [{}, ""],
    [{ "x-api-keys": "k", cookie: "key=k" }, "?monkey=k&rvt-key=k&Key=k&key"],
    [{}, "?key="],
    [{}, "?key=%zz"],
  ])("is null for %j %s", (headers, search) => {
    expect(keysOf(new Headers(headers), search)).toEqual([]);
  });

  test("keeps what is no bearer scheme, and characters that base64 keys hold", () => {
    expect(keysOf(new Headers({ authorization: "bearerk" }), "")).toEqual(["bearerk"]);
    expect(keysOf(new Headers({ authorization: "Bearer two words" }), "")).toEqual(["two words"]);
    expect(keysOf(new Headers(), "?key=a+b/c==")).toEqual(["a+b/c=="]);
  });

  test("of every place is a candidate, in a fixed order", () => {
    const headers = { "x-goog-api-key": "4", "api-key": "3", "x-api-key": "2", authorization: "Bearer 1" };
    expect(keysOf(new Headers(headers), "?key=5&key=6")).toEqual(["1", "2", "3", "4", "5", "6"]);
  });

  test("a header sent twice is one candidate that no key equals", () => {
    const headers = new Headers([
      ["x-api-key", "a"],
      ["x-api-key", "b"],
    ]);
    expect(keysOf(headers, "")).toEqual(["a, b"]);
  });

  test("every header that is read is in the list of those that are not sent on", () => {
    for (const name of ["Authorization", "X-API-Key", "API-Key", "x-goog-api-key"]) {
      expect(KEY_HEADERS).toContain(name.toLowerCase() as (typeof KEY_HEADERS)[number]);
    }
  });
});

describe("withoutKeyParam", () => {
  test.each([
    ["", ""],
    ["?", "?"],
    ["?alt=sse", "?alt=sse"],
    ["?key=k", ""],
    ["key=k", ""],
    ["?key=k&alt=sse", "?alt=sse"],
    ["?alt=sse&key=k", "?alt=sse"],
    ["?a=%2F+&key=k&&b=%zz&key=&c", "?a=%2F+&&b=%zz&c"],
    ["?monkey=1&rvt-key=2", "?monkey=1&rvt-key=2"],
    ["?q=key=1", "?q=key=1"],
  ])("%j becomes %j", (search, expected) => {
    expect(withoutKeyParam(search)).toBe(expected);
  });

  test("leaves no key that presentedKeys would find, and touches no other parameter", () => {
    const param = fc
      .oneof(
        fc.string(),
        fc.string().map((value) => `key=${value}`),
      )
      .map((text) => text.replaceAll("&", ""));
    fc.assert(
      fc.property(fc.array(param), (params) => {
        const result = withoutKeyParam(`?${params.join("&")}`);
        expect(keysOf(new Headers(), result)).toEqual([]);
        const others = params.filter((text) => !text.startsWith("key="));
        expect(result.replace(/^\?/, "")).toBe(others.join("&"));
      }),
    );
  });
});
