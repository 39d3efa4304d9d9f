import { describe, expect, test } from "bun:test";
import { findDoor } from "./doors.ts";
import { EndpointTable } from "./endpoints.ts";
import { configOf } from "./testing.ts";

type Setting = Record<string, unknown>;
const tableOf = (...endpoints: Setting[]) =>
  new EndpointTable(
    configOf({ endpoints: endpoints.map((endpoint) => ({ target_url: "https://up.test/x", ...endpoint })) })
      .endpoints,
  );
const NONE = tableOf();

/** The path and the wildcards' values of the endpoint that serves a call; otherwise what the lookup says. */
function find(table: EndpointTable, method: string, path: string) {
  const found = table.find(method, path);
  return found.kind === "match" ? [found.match.endpoint.config.path, found.match.values] : found;
}

describe("endpoints", () => {
  const table = tableOf(
    { path: "/v1/models/*", method: "GET" },
    { path: "/v1/models/{model}", method: "GET" },
    { path: "/v1/models/{model}:generateContent" },
    { path: "/v1/models/{*rest}", method: "POST" },
    { path: "/v1/models/{model}:streamGenerateContent" },
    { path: "/v1/models/gpt-4", method: "GET" },
    { path: "/v1/{a}/x", method: "PUT" },
    { path: "/{*all}", method: "DELETE" },
    { path: "/off", enabled: false },
    { path: "/half", enabled: false, method: "GET" },
    { path: "/half", method: "POST" },
  );

  test.each([
    ["GET", "/v1/models/gpt-4", "/v1/models/gpt-4", {}],
    ["GET", "/v1/models/other", "/v1/models/{model}", { model: "other" }],
    ["GET", "/v1/models/a/b", "/v1/models/*", { rest: "a/b" }],
    ["POST", "/v1/models/g:generateContent", "/v1/models/{model}:generateContent", { model: "g" }],
    ["POST", "/v1/models/a:b:generateContent", "/v1/models/{model}:generateContent", { model: "a:b" }],
    [
      "POST",
      "/v1/models/a%2Fb:streamGenerateContent",
      "/v1/models/{model}:streamGenerateContent",
      { model: "a%2Fb" },
    ],
    ["POST", "/v1/models/g:countTokens", "/v1/models/{*rest}", { rest: "g:countTokens" }],
    ["POST", "/v1/models/:generateContent", "/v1/models/{*rest}", { rest: ":generateContent" }],
    ["POST", "/v1/models/a/b:generateContent", "/v1/models/{*rest}", { rest: "a/b:generateContent" }],
    ["PUT", "/v1/models/x", "/v1/{a}/x", { a: "models" }],
    ["DELETE", "/v1/models/gpt-4", "/{*all}", { all: "v1/models/gpt-4" }],
    ["POST", "/half", "/half", {}],
    ["POST", "/off", "/off", {}],
  ])("%s %s is served by the most specific that has the method: %s", (method, path, expected, values) => {
    expect(find(table, method, path)).toEqual([expected, values]);
  });

  test.each([
    ["PATCH", "/v1/models/gpt-4", "GET, POST, DELETE"],
    ["PATCH", "/v1/models/g", "GET, POST, DELETE"],
    ["PATCH", "/half", "POST, DELETE"],
    ["PATCH", "/off", "DELETE"],
  ])("%s %s is not served, and the methods that are known are told", (method, path, allow) => {
    expect(find(table, method, path)).toEqual({ kind: "other-methods", allow });
  });

  test("a wildcard for the rest needs at least one character; a path differs by every one", () => {
    const small = tableOf({ path: "/a/*", method: "GET" }, { path: "/a/b", method: "GET" });
    for (const path of ["/a", "/a/", "/A/b", "/aa/b", "/"])
      expect(find(small, "GET", path)).toEqual({ kind: "none" });
    expect(find(small, "GET", "/a/b/")).toEqual(["/a/*", { rest: "b/" }]);
  });

  test("the order in the file does not count", () => {
    const patterns = ["/x/{*r}", "/x/{a}", "/x/{a}:go", "/x/{a}:gogo", "/x/y", "/{b}/y", "/x/{a}/{*r}"];
    const calls = ["/x/y", "/x/z", "/x/z:go", "/x/z:gogo", "/x/z/w", "/x/z/w/v", "/z/y"];
    const served = (order: string[]) => {
      const one = tableOf(...order.map((path) => ({ path, method: "GET" })));
      return calls.map((path) => find(one, "GET", path));
    };
    const expected = served(patterns);
    expect(expected.map((found) => (Array.isArray(found) ? found[0] : found))).toEqual([
      "/x/y",
      "/x/{a}",
      "/x/{a}:go",
      "/x/{a}:gogo",
      "/x/{a}/{*r}",
      "/x/{a}/{*r}",
      "/{b}/y",
    ]);
    expect(served(patterns.toReversed())).toEqual(expected);
  });

  test("one that is switched off yields to its equal that is on", () => {
    for (const order of [
      [true, false],
      [false, true],
    ]) {
      const both = tableOf(
        ...order.map((enabled) => ({ path: "/a/{x}", enabled })),
        ...order.map((enabled) => ({ path: "/b", enabled })),
      );
      for (const path of ["/a/1", "/b"]) {
        const found = both.find("POST", path);
        expect(found.kind === "match" && found.match.endpoint.config.enabled).toBeTrue();
      }
    }
  });
});

describe("the built-in doors", () => {
  test.each([
    ["POST", "/v1/chat/completions", "unified", "generate"],
    ["POST", "/v1/responses", "unified", "generate"],
    ["POST", "/v1/messages", "unified", "generate"],
    ["POST", "/v1/messages/count_tokens", "unified", "count-tokens"],
    ["POST", "/v1/embeddings", "unified", "embeddings"],
    ["POST", "/v1/completions", "unified", "completions"],
    ["POST", "/api/tab/llm-proxy", "tab", "completions"],
    ["POST", "/v1beta/models/demo/echo:generateContent", "unified", "generate"],
    ["POST", "/v1/models/demo%2Fecho:streamGenerateContent", "unified", "generate"],
    ["POST", "/v1beta1/models/m:generateContent", "unified", "generate"],
    ["POST", "/v1beta/demo/echo:generateContent", "unified", "generate"],
    ["POST", "/v1beta/ollama/llama3:8b:countTokens", "unified", "count-tokens"],
    ["GET", "/v1/models", "models", "models"],
    ["HEAD", "/v1beta/models", "models", "models"],
    ["POST", "/v1/feedback", "feedback", "other"],
  ])("%s %s: %s", (method, path, kind, operation) => {
    const door = findDoor(NONE, method, path);
    expect([door.kind, door.call.operation]).toEqual([kind, operation] as never);
  });

  test.each([
    ["GET", "/v1/models/gpt-4.1", "gpt-4.1"],
    ["GET", "/v1/models/demo/echo", "demo/echo"],
    ["GET", "/v1beta/models/demo%2Fecho", "demo%2Fecho"],
    ["GET", "/v1/models/ft:gpt-4.1:acme::id", "ft:gpt-4.1:acme::id"],
    ["HEAD", "/v1/models/local/llama3:8b", "local/llama3:8b"],
    ["GET", "/v1/models/", null],
  ])("%s %s is about the model %s", (method, path, id) => {
    expect(findDoor(NONE, method, path)).toMatchObject({ kind: "models", id });
  });

  test.each([
    ["POST", "/v1/openai/chat/completions", "openai", "chat/completions"],
    ["GET", "/v1/openai", "openai", ""],
    ["DELETE", "/v1/openai/v1/files/a%2Fb", "openai", "v1/files/a%2Fb"],
    ["POST", "/v1/gemini/models/g:generateContent", "gemini", "models/g:generateContent"],
    ["POST", "/v1/gemini/v1beta/models/g:generateContent", "gemini", "v1beta/models/g:generateContent"],
    ["PATCH", "/api/provider/anthropic/v1/messages", "anthropic", "v1/messages"],
    ["POST", "/v1/constructor", "constructor", ""],
    ["GET", "/v1/chat", "chat", ""],
  ])("%s %s is the door of %s, for %j", (method, path, provider, rest) => {
    expect(findDoor(NONE, method, path)).toMatchObject({ kind: "provider", provider, rest });
  });

  test.each([
    ["GET", "/api/user", "user", "/api/user"],
    ["HEAD", "/api/connections", "connections", "/api/connections"],
    ["POST", "/api/threads/sync", "threads-sync", "/api/threads/sync"],
    ["GET", "/api/threads/T-1.md", "threads", "/api/threads/{id}"],
    ["GET", "/api/threads/find", "threads", "/api/threads/find"],
    ["GET", "/api/threads", "threads", "/api/threads"],
    ["POST", "/api/internal", "internal", "/api/internal"],
    ["POST", "/api/telemetry", "telemetry", "/api/telemetry"],
    ["POST", "/api/errors", "errors", "/api/errors"],
  ])("%s %s is the Amp client's: %s, told as %s", (method, path, service, name) => {
    expect(findDoor(NONE, method, path)).toMatchObject({ kind: "amp", service, name });
  });

  test.each([
    ["GET", "/v1/chat/completions", "POST"],
    ["PUT", "/v1/feedback", "POST"],
    ["POST", "/v1/models", "GET, HEAD"],
    ["DELETE", "/v1/models/gpt-4.1", "GET, HEAD"],
    ["GET", "/v1beta/models/m:generateContent", "POST"],
    ["GET", "/api/tab/llm-proxy", "POST"],
    ["POST", "/api/user", "GET, HEAD"],
    ["GET", "/api/internal", "POST"],
    ["DELETE", "/api/threads/T-1", "GET, HEAD"],
  ])("%s %s is told to be for %s", (method, path, allow) => {
    expect(findDoor(NONE, method, path)).toMatchObject({ kind: "other-methods", allow });
  });

  test.each([
    ["GET", "/"],
    ["GET", "/v1"],
    ["GET", "/v1/"],
    ["POST", "/v1beta/models/m:unknownMethod"],
    ["POST", "/v1beta/m:generateContent"],
    ["POST", "/v1beta/demo/echo:unknownMethod"],
    ["GET", "/v1beta"],
    ["GET", "/v2/models"],
    ["GET", "/api/provider/"],
    ["GET", "/api/provider"],
    ["GET", "/api/threads/T-1/x"],
    ["POST", "/api/constructor"],
    ["POST", "/V1/chat/completions"],
    ["GET", "/favicon.ico"],
  ])("%s %s is no door", (method, path) => {
    expect(findDoor(NONE, method, path).kind).toBe("none");
  });

  test("yield to endpoints of the same path, whatever the method", () => {
    const table = tableOf(
      { path: "/v1/chat/completions" },
      { path: "/v1/models", method: "POST" },
      { path: "/x", method: "PUT" },
    );
    expect(findDoor(table, "POST", "/v1/chat/completions").kind).toBe("endpoint");
    expect(findDoor(table, "GET", "/v1/models")).toMatchObject({ kind: "other-methods", allow: "POST" });
    expect(findDoor(table, "GET", "/x")).toMatchObject({ kind: "other-methods", allow: "PUT" });
    expect(findDoor(table, "GET", "/v1/chat/completions")).toMatchObject({
      kind: "other-methods",
      allow: "POST",
    });
  });
});
