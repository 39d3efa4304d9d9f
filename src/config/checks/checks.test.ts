import { describe, expect, test } from "bun:test";
import { configIn, problemsIn, warningsIn } from "../testing.ts";

/** Endpoints given as `METHOD path`, each on a line of its own from line 2. */
function endpoints(...routes: string[]): string {
  const items = routes.map((route) => {
    const [method, path, extra = ""] = route.split(" ");
    return `  - {method: ${method}, path: "${path}", target_url: "https://h"${extra}}`;
  });
  return `endpoints:\n${items.join("\n")}\n`;
}

test("a path with a wildcard as other servers write it is taken as it is, with a warning", () => {
  expect(warningsIn(endpoints("GET /a/:id/b", "POST /m/{model}:go"))).toEqual([
    "2:25  endpoints[0].path: :id is no wildcard and matches itself alone; {id} is one",
  ]);
});

describe("two endpoints for the same requests", () => {
  test.each([
    ["/a", "/a"],
    ["/a/{x}", "/a/{y}"],
    ["/a/{x}:go", "/a/{y}:go"],
    ["/a/*", "/a/{*rest}"],
    ["/a/{x}/*", "/a/{y}/{*z}"],
  ])("%s and %s are refused", (first, second) => {
    expect(problemsIn(endpoints(`POST ${first}`, `post ${second}`))).toEqual([
      `3:26  endpoints[1].path: found POST "${second}", expected each method and path once; endpoints[0] on line 2 takes the same requests`,
    ]);
  });

  test("are told apart by method, specificity, action and trailing slash", () => {
    const text = endpoints(
      "GET /a",
      "POST /a",
      "POST /a/",
      "POST /a/b",
      "POST /a/{x}",
      "POST /a/{x}:go",
      "POST /a/*",
    );
    expect(problemsIn(text)).toEqual([]);
  });

  test("are none when one is switched off", () => {
    expect(problemsIn(endpoints("POST /a", "POST /a ,enabled:false"))[0]).toContain("expected");
    expect(
      problemsIn(
        "endpoints: [{path: /a, target_url: 'https://h', enabled: false}, {path: /a, target_url: 'https://h'}]",
      ),
    ).toEqual([]);
  });
});

describe("the path of an endpoint", () => {
  test.each([
    "/health",
    "/health/live",
    "/metrics",
    "/admin",
    "/admin/keys",
    "/ui",
    "/ui/x",
    "/openapi.json",
    "/v1/feedback",
    "/health/*",
  ])("may not be %s, which the gateway answers", (path) => {
    const [problem] = problemsIn(endpoints(`GET ${path}`));
    expect(problem).toEndWith("expected a path that the gateway does not answer itself");
  });

  test.each([
    "/healthy",
    "/v1/health",
    "/v1/feedbacks",
    "/",
    "/*",
    "/api/provider/openai/v1/responses",
    "/v1/chat/completions",
  ])("may be %s", (path) => expect(problemsIn(endpoints(`GET ${path}`))).toEqual([]));

  test.each(["/a/*/b", "/a/{x", "/a/{*r}/b", "/a/../b"])("may not be %s", (path) => {
    expect(problemsIn(endpoints(`GET ${path}`))[0]).toStartWith("2:25  endpoints[0].path: found");
  });
});

describe("the target of an endpoint", () => {
  test("has a position of its own in the list of fallbacks", () => {
    const text =
      "endpoints:\n  - path: /a/{x}\n    target_url: https://h/{x}\n    fallback_urls:\n      - https://h/{x}\n      - https://h/{z}\n";
    expect(problemsIn(text)).toEqual([
      '6:9  endpoints[0].fallback_urls[1]: found "https://h/{z}", expected a name that the path has: {x}',
    ]);
  });

  test("suggests the name that was meant", () => {
    const text = "endpoints: [{path: '/{model}', target_url: 'https://h/{modle}'}]";
    expect(problemsIn(text)[0]).toEndWith(
      'expected a name that the path has: {model} (did you mean "model"?)',
    );
  });

  test("is also checked where the endpoint is switched off", () => {
    expect(problemsIn("endpoints: [{path: /a, target_url: h, enabled: false}]")).toHaveLength(1);
  });
});

describe("headers", () => {
  const custom = (header: string) =>
    `endpoints: [{path: /a, target_url: "https://h", custom_headers: {${header}}}]`;

  test.each([
    "Host",
    "content-length",
    "Transfer-Encoding",
    "connection",
    "TE",
    "Upgrade",
    "keep-alive",
    "Proxy-Authorization",
  ])("of the connection cannot be set: %s", (name) => {
    expect(problemsIn(custom(`${name}: x`))).toEqual([
      `1:66  endpoints[0].custom_headers.${name}: found the header ${name}, expected none that belongs to the connection; the gateway sets it`,
    ]);
    expect(problemsIn(`providers: {openai: {custom_headers: {${name}: x}}}`)).toHaveLength(1);
  });

  test("have names and values that HTTP allows", () => {
    expect(problemsIn(custom('"a b": x'))[0]).toContain('found the name "a b", expected a header name');
    expect(problemsIn(custom('"a\\nb": x'))[0]).toContain("expected a header name");
    expect(problemsIn(custom('x: "a\\nb"'))[0]).toContain("expected a header value without line breaks");
    expect(problemsIn(custom("x: 中"))[0]).toContain("expected a header value");
    expect(problemsIn(custom("x: "))[0]).toContain("found nothing, expected text");
    expect(
      problemsIn('endpoints: [{path: /a, target_url: "https://h", forward_request_headers: ["a:"]}]')[0],
    ).toContain('forward_request_headers[0]: found "a:", expected a header name');
  });

  test("are set once, whatever their case", () => {
    expect(problemsIn(custom("x-a: b, X-A: c")).at(-1)).toContain("each header once; x-a is the same one");
  });

  test("with a star in the lists to forward earn a warning: they forward nothing", () => {
    const text = endpoints('POST /a ,forward_request_headers:["x-*"],forward_response_headers:["*"]');
    expect(warningsIn(text)).toEqual([
      "2:81  endpoints[0].forward_request_headers[0]: x-* is no wildcard; each header is named",
      "2:114  endpoints[0].forward_response_headers[0]: * is no wildcard; each header is named",
    ]);
  });

  test("of the connection in the lists to forward only earn a warning: users' files have them", () => {
    const text = "endpoints: [{path: /a, target_url: 'https://h', forward_request_headers: [accept, Host]}]";
    expect(warningsIn(text)).toEqual([
      "1:83  endpoints[0].forward_request_headers[1]: Host belongs to the connection and is never forwarded",
    ]);
  });
});

describe("a provider", () => {
  test.each([
    "chat",
    "responses",
    "messages",
    "models",
    "embeddings",
    "feedback",
    "experiments",
    "fine_tuning",
  ])("may not be named %s", (name) => {
    const text = `providers:\n  ${name}: {base_url: "http://h/v1", formats: [openai-chat]}`;
    expect(problemsIn(text)).toEqual([
      `2:3  providers.${name}: found the name ${name}, expected another name; /v1/${name} is a path of its own`,
    ]);
  });

  test("that is built in needs nothing", () => {
    expect(configIn("providers:\n  openai:\n").providers).toHaveProperty("openai");
  });

  test("that is not built in needs a base_url and formats", () => {
    expect(problemsIn("providers:\n  opnai: {api_key: x}")).toEqual([
      '2:3  providers.opnai.base_url: found nothing, expected a value, since the provider opnai is not built in (did you mean "openai"?)',
      '2:3  providers.opnai.formats: found nothing, expected a value, since the provider opnai is not built in (did you mean "openai"?)',
    ]);
    expect(problemsIn('providers: {mine: {base_url: "http://h", formats: [gemini]}}')).toEqual([]);
    expect(problemsIn("providers: {mine: {enabled: false}}")).toEqual([]);
  });

  test("has keys that can stand in a header field, and problems do not show them", () => {
    const expected = "expected printable ASCII characters, without a line break";
    expect(problemsIn(`providers:\n  openai:\n    api_key: \${KEY}`, { KEY: "sk-1\n" })).toEqual([
      `3:14  providers.openai.api_key: found a hidden text, ${expected}`,
    ]);
    expect(problemsIn('providers: {openai: {api_keys: [sk-1, "sk-2\\r\\nx: y"]}}')).toEqual([
      `1:39  providers.openai.api_keys[1]: found a hidden text, ${expected}`,
    ]);
  });

  test("has api_key or api_keys", () => {
    expect(problemsIn("providers: {openai: {api_key: a, api_keys: [b]}}")).toEqual([
      "1:34  providers.openai.api_keys: found both api_key and api_keys, expected one of the two",
    ]);
  });

  test.each([
    ["http://u:p@h", "a URL without user and password"],
    ["http://h/?a=1", "a URL without query and fragment"],
    ["http://h/#a", "a URL without query and fragment"],
    ["ws://h", "an http or https URL"],
  ])("is not at %s", (url, expected) => {
    expect(problemsIn(`providers: {openai: {base_url: "${url}"}}`)[0]).toContain(`expected ${expected}`);
  });

  test("has `*` at the end of its models only", () => {
    expect(problemsIn('providers: {openai: {models: ["gpt-*", "*", "a*b"]}}')).toEqual([
      '1:45  providers.openai.models[2]: found "a*b", expected a model name with `*` at its end only',
    ]);
  });
});

describe("a conversion rule", () => {
  test("has a door that is a path pattern, and models with `*` at their ends", () => {
    const rules =
      'conversion: {rules: [{door: "/a/*/b", to: gemini}, {models: ["*audio*", "a*b"], to: openai-chat}]}';
    expect(problemsIn(rules)).toEqual([
      '1:29  conversion.rules[0].door: found "/a/*/b", expected `*` and `{*rest}` only as the last segment',
      '1:73  conversion.rules[1].models[1]: found "a*b", expected a model name with `*` at its beginning or end only',
    ]);
  });

  test("that converts nothing earns a warning", () => {
    expect(warningsIn("conversion: {rules: [{from: gemini, to: gemini}]}")).toEqual([
      "1:41  conversion.rules[0].to: the rule converts nothing: `to` is the format that the call is in",
    ]);
  });
});

test("the format that a provider is converted to is one of its own", () => {
  const own = 'base_url: "http://h", formats: [gemini]';
  expect(problemsIn(`providers: {mine: {${own}, format: openai-chat}}`)).toEqual([
    '1:69  providers.mine.format: found "openai-chat", expected one of the provider\'s own formats',
  ]);
  expect(problemsIn(`providers: {mine: {${own}, format: gemini}}`)).toEqual([]);
});
