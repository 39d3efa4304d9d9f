import { describe, expect, test } from "bun:test";
import { RawClient } from "../../test/support/client.ts";
import { isVersion } from "./api-version.ts";
import { hidesDotSegment, splitUrl } from "./request-url.ts";

describe("path and query", () => {
  test.each([
    ["http://a.test/v1/x?y=1&z", "/v1/x", "?y=1&z"],
    ["http://a.test/v1/x", "/v1/x", ""],
    ["http://a.test/v1/x?", "/v1/x", ""],
    ["http://a.test", "/", ""],
    ["http://a.test/", "/", ""],
    ["http://a.test//b//c", "//b//c", ""],
    ["http://a.test/v1/a%2Fb:gen?q=/?#f", "/v1/a%2Fb:gen", "?q=/?"],
    ["http://a.test/v1#f?g", "/v1", ""],
    ["http://[::1]:80/v1", "/v1", ""],
    ["/v1/x?y", "/v1/x", "?y"],
    ["/", "/", ""],
    ["//evil.test/x", "//evil.test/x", ""],
    ["/v1/../health", "/health", ""],
    ["/v1/\u010aé", "/v1/%C4%8A%C3%A9", ""],
  ])("of %s", (url, path, search) => {
    expect(splitUrl(url)).toEqual({ path, search });
  });

  /** What the server makes of a request line and its Host, byte by byte. */
  async function served(target: string, rest: string): Promise<string> {
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request) => Response.json(splitUrl(request.url)),
    });
    const client = await RawClient.connect(`http://127.0.0.1:${server.port}`);
    await client.send(Buffer.from(`GET ${target} ${rest}\r\n\r\n`, "latin1"));
    const { path, search } = JSON.parse((await client.response()).text);
    client.close();
    await server.stop(true);
    return path + search;
  }

  const HOSTS = [
    "a.test",
    "",
    "evil.test/v1/openai",
    "a b",
    "user@evil.test",
    "a#b",
    "x?y",
    "\xc3\xa9",
    'a"b',
    "a\\b",
  ];
  const BAD_HOSTS = [
    "[::1",
    "[::g]",
    "a]",
    "a:99999",
    "a:b",
    "a:80:80",
    "%",
    "a%2fb",
    "1.2.3.4.5",
    "4294967296",
    "xn--",
  ];

  test.each([...HOSTS, ...BAD_HOSTS])(
    "are those of the request line though its Host says %j",
    async (host) => {
      expect(await served("/v1/models?a=1", `HTTP/1.1\r\nHost: ${host}`)).toBe("/v1/models?a=1");
      const hostile = "/v1/a/../%2e%2e/v2/.\\b\xc4\x8d\xc4\x8ax:y?\xc4\x8a";
      expect(await served(hostile, `HTTP/1.1\r\nHost: ${host}`)).toBe("/v2/b%C4%8D%C4%8Ax:y?%C4%8A");
    },
  );

  test("are those of the request line without a Host, and of a whole URL", async () => {
    expect(await served("/v1/models?a=1", "HTTP/1.0")).toBe("/v1/models?a=1");
    expect(await served("http://evil.test/v1/models?a=1", "HTTP/1.1\r\nHost: a")).toBe("/v1/models?a=1");
    expect(await served("//evil.test/x", "HTTP/1.1\r\nHost: a")).toBe("//evil.test/x");
  });
});

describe("a hidden dot segment", () => {
  test.each([
    "/a/..%2fb",
    "/a%2F..%2Fb",
    "/a%2f%2e%2E/b",
    "/a%5c..%5Cb",
    "/a\\..\\b",
    "/.%2fb",
    "/a%2f.",
    "/a/%2e%2e%5cb",
  ])("is found in %s", (path) => expect(hidesDotSegment(path)).toBeTrue());

  test.each([
    "/a/b",
    "/a%2Fb",
    "/a/..b",
    "/a%2f...%2fb",
    "/a%2fb..",
    "/a/.b%2fc",
    "/%252e%252e%2fa",
    "/a%2f%2e%2e%2eb",
  ])("is not found in %s", (path) => expect(hidesDotSegment(path)).toBeFalse());
});

test.each([
  ["v1", true],
  ["v1beta", true],
  ["v1beta1", true],
  ["v2alpha", true],
  ["v12", true],
  ["v", false],
  ["1", false],
  ["V1", false],
  ["v1betax", false],
  ["v1/", false],
  ["version1", false],
  ["", false],
])("%j is a version: %p", (segment, expected) => {
  expect(isVersion(segment)).toBe(expected);
});
