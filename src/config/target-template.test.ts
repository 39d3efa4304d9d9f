import { describe, expect, test } from "bun:test";
import { parsePathPattern } from "./path-pattern.ts";
import { fillTarget, parseTarget, targetUrlFault } from "./target-template.ts";

function target(path: string, url: string) {
  const pattern = parsePathPattern(path);
  if ("error" in pattern) throw new Error(pattern.error);
  return parseTarget(url, pattern);
}

function filled(path: string, url: string, values: Record<string, string>): string {
  const template = target(path, url);
  if ("error" in template) throw new Error(template.error);
  return fillTarget(template, values);
}

describe("a target", () => {
  test("without placeholders stays as it is", () => {
    expect(filled("/v1/chat", "https://h/v1/chat?a=1", {})).toBe("https://h/v1/chat?a=1");
  });

  test("takes named segments, several times and in the query", () => {
    const values = { a: "x", b: "y" };
    expect(filled("/{a}/{b}:go", "https://h/{b}/{a}:run?m={b}&n={a}", values)).toBe(
      "https://h/y/x:run?m=y&n=x",
    );
  });

  test.each([
    "https://h/v1/*",
    "https://h/v1/{*rest}",
    "https://h/v1/{rest}",
    "https://h/v1",
    "https://h/v1/",
  ])("takes the rest where it says so, else at its end: %s", (url) => {
    expect(filled("/g/*", url, { rest: "models/a%2Fb:go" })).toBe("https://h/v1/models/a%2Fb:go");
  });

  test("takes the rest before its query", () => {
    expect(filled("/g/{*tail}", "https://h/v1?alt=sse", { tail: "m" })).toBe("https://h/v1/m?alt=sse");
    expect(filled("/{v}/*", "https://h?v={v}", { v: "1", rest: "m" })).toBe("https://h/m?v=1");
    expect(filled("/g/*", "https://h/*/end?fields=*", { rest: "m" })).toBe("https://h/m/end?fields=*");
  });

  test("takes {model} from a rest, up to its last colon", () => {
    const url = "https://h/v1beta/models/{model}:generateContent";
    const go = (rest: string) => filled("/models/{*rest}", url, { rest });
    expect(go("gemini-pro:streamGenerateContent")).toBe("https://h/v1beta/models/gemini-pro:generateContent");
    expect(go("tuned:v2:generateContent")).toBe("https://h/v1beta/models/tuned:v2:generateContent");
    expect(go("gemini-pro")).toBe("https://h/v1beta/models/gemini-pro:generateContent");
  });

  test.each(["..", ".", "%2E%2e", ".%2e", "a/..", "../a", "a%2f..", "..%5Ca"])(
    "is not filled with %s, which would lead out of its place",
    (rest) => {
      expect(() => filled("/{a}:go", "https://h/base/{a}/end", { a: rest })).toThrow("dot segment");
      expect(() => filled("/m/{*rest}", "https://h/base/{model}/end", { rest: `${rest}:go` })).toThrow(
        "dot segment",
      );
    },
  );

  test.each(["gpt-4.1", "..a", "a..", "...", ".a/b.", "v1.%2e"])("may be filled with %s", (a) => {
    expect(filled("/{a}:go", "https://h/base/{a}/end", { a })).toBe(`https://h/base/${a}/end`);
  });

  test("gives a segment no way to add parameters to the query", () => {
    expect(filled("/{a}", "https://h/?q={a}", { a: "x&admin=1+2" })).toBe("https://h/?q=x%26admin%3D1%2B2");
  });

  test.each([
    ["/a", "https://h/{x}", "no {x}, since the path has no wildcard"],
    ["/a", "https://h/*", "no `*`, since the path does not end in a wildcard"],
    ["/{a}", "https://h/{rest}", "a name that the path has: {a}"],
    ["/{a}/*", "https://h/{model}", "a name that the path has: {a}, {rest}"],
  ])("of %s may not be %s", (path, url, error) => {
    expect(target(path, url)).toMatchObject({ error });
  });
});

test("the body's model stands for {model} where the path has no wildcard", () => {
  expect(filled("/v1/responses", "https://h/models/{model}:generateContent", { model: "gemini-pro" })).toBe(
    "https://h/models/gemini-pro:generateContent",
  );
  expect(() => filled("/v1/responses", "https://h/models/{model}", {})).toThrow("names no model");
});

describe("the URL of a target", () => {
  test.each([
    "https://api.openai.com/v1",
    "http://127.0.0.1:11434/api",
    "http://[::1]:80/x",
    "HTTPS://h/{a}?b={c}",
    "https://h",
  ])("%s is fine", (url) => expect(targetUrlFault(url)).toBeUndefined());

  test.each([
    ["ftp://h/x", "an http or https URL"],
    ["//h/x", "an http or https URL"],
    ["h/x", "an http or https URL"],
    ["", "an http or https URL"],
    ["file:///etc/passwd", "an http or https URL"],
    ["https://{host}/x", "a host without placeholders (a client must not choose it)"],
    ["https://h{rest}", "a host without placeholders (a client must not choose it)"],
    ["https://h:*/x", "a host without placeholders (a client must not choose it)"],
    ["https://user:secret@h/x", "a URL without user and password (custom_headers can carry them)"],
    ["https://{a}@h/x", "a host without placeholders (a client must not choose it)"],
    ["https://h/x#y", "a URL without a fragment (#)"],
    ["https://h/x y", "a URL without spaces and backslashes"],
    ["https://h\\@evil/", "a URL without user and password (custom_headers can carry them)"],
    ["https:///x", "an http or https URL with a valid host and port"],
    ["https://h:99999/x", "an http or https URL with a valid host and port"],
  ])("%s is refused", (url, fault) => expect(targetUrlFault(url)).toBe(fault));
});
