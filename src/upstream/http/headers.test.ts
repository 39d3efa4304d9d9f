import { expect, test } from "bun:test";
import fc from "fast-check";
import { clientHeaderLines, HeaderFilter, headerLines } from "./forward-headers.ts";
import { HeaderList } from "./headers.ts";
import { originOf } from "./origin.ts";

function list(...fields: [string, string][]): HeaderList {
  const headers = new HeaderList();
  for (const [name, value] of fields) headers.add(name, value);
  return headers;
}

test("a header list joins what is repeated, keeps order, and leaves out by name", () => {
  const headers = list(["a", "1"], ["b", "2"], ["a", "3"]);
  expect(headers.get("a")).toBe("1, 3");
  expect(headers.get("c")).toBeNull();
  const without = headers.without("a");
  expect([without.names, without.values]).toEqual([["b"], ["2"]]);
  expect(headers.names).toEqual(["a", "b", "a"]);
});

test.each([
  ["http://a.test", "http://a.test:80", false, "a.test", 80, "a.test"],
  ["https://a.test/v1", "https://a.test:443", true, "a.test", 443, "a.test"],
  ["http://a.test:8080/", "http://a.test:8080", false, "a.test", 8080, "a.test:8080"],
  ["https://A.test:443", "https://a.test:443", true, "a.test", 443, "a.test"],
  ["http://[::1]:81", "http://[::1]:81", false, "::1", 81, "[::1]:81"],
  ["http://127.0.0.1:443", "http://127.0.0.1:443", false, "127.0.0.1", 443, "127.0.0.1:443"],
])("the origin of %s", (url, key, secure, hostname, port, hostHeader) => {
  expect(originOf(new URL(url))).toEqual({ key, secure, hostname, port, hostHeader });
});

test("only what the filter allows goes out, and nothing excluded or withheld", () => {
  const client = new Headers([
    ["Accept", "text/plain"],
    ["Authorization", "Bearer client"],
    ["X-Api-Key", "client"],
    ["OpenAI-Beta", "a"],
    ["OpenAI-Beta", "b"],
    ["OpenAI-Organization", "client's"],
    ["Cookie", "a=1"],
    ["Host", "evil.test"],
    ["Connection", "x-a"],
    ["X-A", "1"],
    ["constructor", "1"],
  ]);
  const filter = new HeaderFilter(
    ["ACCEPT", "authorization", "x-api-key"],
    ["openai-"],
    ["openai-organization"],
  );
  for (let times = 0; times < 2; times++) {
    const lines = clientHeaderLines(client.toJSON(), filter, new Set(["x-api-key", "authorization"]));
    expect(lines.split("\r\n").sort()).toEqual(["", "accept: text/plain", "openai-beta: a, b"]);
  }
  const all = clientHeaderLines(client.toJSON(), filter, null);
  expect(all).toContain("x-api-key: client\r\n");
  expect(all).toContain("authorization: Bearer client\r\n");
});

test("a filter judges alike however many names it has seen", () => {
  const filter = new HeaderFilter(["x-b"], ["x-a-"], ["x-a-no"]);
  for (let i = 0; i < 2000; i++)
    expect([filter.allows(`x-a-${i}`), filter.allows(`y-${i}`)]).toEqual([true, false]);
  expect(["x-b", "x-a-no", "x-a-", "x-a", "X-B"].map((name) => filter.allows(name))).toEqual([
    true,
    false,
    true,
    false,
    false,
  ]);
});

test("no header of a client, whatever its value, makes another line than its own", () => {
  const name = fc.constantFrom("x-a", "x-b", "x-c");
  const value = fc.array(fc.integer({ min: 0x20, max: 0xff })).map((codes) => String.fromCharCode(...codes));
  fc.assert(
    fc.property(fc.dictionary(name, value), (fields) => {
      const lines = clientHeaderLines(new Headers(fields).toJSON(), new HeaderFilter([], ["x-"], []), null);
      expect(lines.split("\r\n").slice(0, -1)).toHaveLength(Object.keys(fields).length);
    }),
  );
});

test("fixed fields are lines with names in lower case", () => {
  expect(headerLines({})).toBe("");
  expect(headerLines({ "X-API-Key": "a", b: "caf\xe9" })).toBe("x-api-key: a\r\nb: caf\xe9\r\n");
});
