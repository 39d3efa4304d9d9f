import { describe, expect, test } from "bun:test";
import { originOf } from "../upstream/http/origin.ts";
import { CATALOGUE, KNOWN_PROVIDERS } from "./catalogue.ts";
import {
  BODY_HEADERS,
  REQUEST_HEADER_PREFIXES,
  REQUEST_HEADERS,
  RESPONSE_HEADER_PREFIXES,
  RESPONSE_HEADERS,
} from "./headers.ts";
import { geminiPath, joinBase } from "./url.ts";

describe("joining", () => {
  test.each([
    ["/openai/v1", "chat/completions", "/openai/v1/chat/completions"],
    ["/openai/v1", "v1/chat/completions", "/openai/v1/chat/completions"],
    ["/openai/v1", "v1beta/models", "/openai/v1beta/models"],
    ["/openai/v1", "openai/v1/chat/completions", "/openai/v1/chat/completions"],
    ["/openai/v1", "openai/v1", "/openai/v1"],
    ["/groq/openai/v1", "openai/v1/chat/completions", "/groq/openai/v1/chat/completions"],
    ["/groq/openai/v1", "groq/openai/v1/chat", "/groq/openai/v1/chat"],
    ["/groq/openai/v1", "v1/chat", "/groq/openai/v1/chat"],
    ["/a/models", "models/x", "/a/models/models/x"],
    ["/openai/v1", "openai/v10/x", "/openai/v1/openai/v10/x"],
    ["/v1", "v1/messages", "/v1/messages"],
    ["/v1", "v1", "/v1"],
    ["/v1", "v2/messages", "/v2/messages"],
    ["/v1", "", "/v1/"],
    ["/v1beta", "models/g:generateContent", "/v1beta/models/g:generateContent"],
    ["/v1beta", "v1/models/g:generateContent", "/v1/models/g:generateContent"],
    ["", "chat/completions", "/chat/completions"],
    ["", "v1/chat/completions", "/v1/chat/completions"],
    ["/api", "v1/x", "/api/v1/x"],
    ["/api", "api/x", "/api/x"],
    ["/v1", "/evil.test/x", "/v1//evil.test/x"],
    ["/v1", "@evil.test", "/v1/@evil.test"],
  ])("%j and %j gives %s", (path, rest, expected) => {
    expect(joinBase(path, rest)).toBe(expected);
  });
});

describe("a path of Vertex AI", () => {
  const GEMINI = "generativelanguage.googleapis.com";

  test.each([
    ["v1beta1/publishers/google/models/g-2.5:generateContent", "models/g-2.5:generateContent"],
    ["v1/publishers/google/models/g:streamGenerateContent", "models/g:streamGenerateContent"],
    ["v1beta1/publishers/google/models/a%2Fb:countTokens", "models/a%2Fb:countTokens"],
    ["v1beta/models/g:generateContent", "v1beta/models/g:generateContent"],
    ["publishers/google/models/g:generateContent", "publishers/google/models/g:generateContent"],
    ["x/publishers/google/models/g:generateContent", "x/publishers/google/models/g:generateContent"],
    ["v1/publishers/anthropic/models/c:rawPredict", "v1/publishers/anthropic/models/c:rawPredict"],
  ])("%s is %s for the Gemini API", (rest, expected) => {
    expect(geminiPath(GEMINI, rest)).toBe(expected);
  });

  test("stays as it is for Vertex AI", () => {
    const rest = "v1beta1/publishers/google/models/g:generateContent";
    expect(geminiPath("aiplatform.googleapis.com", rest)).toBe(rest);
    expect(geminiPath("us-central1-aiplatform.googleapis.com", rest)).toBe(rest);
  });
});

describe("the catalogue", () => {
  test.each(Object.entries(CATALOGUE))(
    "%s is at an https address without a trailing slash, and has a key's place",
    (_, entry) => {
      const url = new URL(entry.baseUrl);
      expect([url.protocol, url.search, entry.baseUrl.endsWith("/")]).toEqual(["https:", "", false]);
      expect(originOf(url).port).toBe(443);
      expect(entry.key.header).toBe(entry.key.header.toLowerCase());
      expect(entry.env.length).toBeGreaterThan(0);
      expect(Object.keys(entry.formats).length).toBeGreaterThan(0);
      for (const pattern of entry.models) expect(pattern.slice(0, -1)).not.toContain("*");
    },
  );

  test("has each name once", () => {
    expect(new Set(KNOWN_PROVIDERS).size).toBe(KNOWN_PROVIDERS.length);
  });
});

describe("the lists of headers", () => {
  const NEVER = [
    "authorization",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "cookie",
    "set-cookie",
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "x-forwarded-for",
    "forwarded",
    "via",
    "x-real-ip",
    "server",
  ];

  test("let no key, cookie, address or field of the connection pass", () => {
    const names = [...REQUEST_HEADERS, ...RESPONSE_HEADERS, ...BODY_HEADERS];
    const prefixes = [...REQUEST_HEADER_PREFIXES, ...RESPONSE_HEADER_PREFIXES];
    for (const name of NEVER.filter((one) => one !== "x-goog-api-key")) {
      expect([name, names.includes(name)]).toEqual([name, false]);
      expect([name, prefixes.filter((prefix) => name.startsWith(prefix))]).toEqual([name, []]);
    }
    expect(
      [...names, ...REQUEST_HEADER_PREFIXES].filter((name) => "x-goog-api-key".startsWith(name)),
    ).toEqual([]);
  });

  test("are in lower case, as fields are compared", () => {
    for (const name of [
      ...REQUEST_HEADERS,
      ...RESPONSE_HEADERS,
      ...REQUEST_HEADER_PREFIXES,
      ...RESPONSE_HEADER_PREFIXES,
      ...BODY_HEADERS,
    ])
      expect(name).toBe(name.toLowerCase());
  });
});
