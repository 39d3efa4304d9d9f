import { describe, expect, test } from "bun:test";
import { maskSecrets, type Plain, REDACTED, safeFields, safeText } from "./redact.ts";

describe("field names", () => {
  test.each([
    "authorization",
    "Authorization",
    "proxy-authorization",
    "x-api-key",
    "X-API-Key",
    "api-key",
    "api_key",
    "apiKey",
    "api_keys",
    "x-goog-api-key",
    "OPENAI_API_KEY",
    "ADDITIONAL_API_KEYS",
    "cookie",
    "Set-Cookie",
    "password",
    "db_password",
    "token",
    "access_token",
    "secret",
    "client_secret",
    "private_key",
  ])("the value of %s is replaced, whatever its type", (name) => {
    expect(safeFields({ [name]: "hunter2" })).toEqual({ [name]: REDACTED });
    expect(safeFields({ deep: [{ [name]: { inner: ["hunter2"] } }] })).toEqual({
      deep: [{ [name]: REDACTED }],
    });
    expect(
      safeFields({ headers: new Headers({ accept: "*/*" }), map: new Map([[name, "hunter2"]]) }),
    ).toEqual({
      headers: { accept: "*/*" },
      map: { [name]: REDACTED },
    });
  });

  test.each(["input_tokens", "max_tokens", "key", "key_id", "monkey", "tokens", "status"])(
    "%s is shown",
    (name) => {
      expect(safeFields({ [name]: 5 })).toEqual({ [name]: 5 });
    },
  );

  test("bodies are left out", () => {
    expect(safeFields({ body: "hello", request_body: {}, messages: [1], prompt: "p", path: "/" })).toEqual({
      body: "[omitted]",
      request_body: "[omitted]",
      messages: "[omitted]",
      prompt: "[omitted]",
      path: "/",
    });
  });
});

describe("strings", () => {
  test.each([
    ["Incorrect API key provided: sk-proj-abc123DEF_456", "abc123"],
    ["found ams_0123456789abcdef in the header", "0123456789"],
    ["AIzaSyD-1234567890abcdefghij", "SyD-1234"],
    ["xai-abcdef123456 and gsk_abcdef123456", "abcdef123456"],
    ["Authorization: Bearer abc.def-ghi", "abc.def"],
    ["sent bearer opaque_value_1", "opaque_value_1"],
    ["Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"],
    ["https://host/v1beta/models?key=verysecret&alt=sse", "verysecret"],
    ["GET /x?alt=sse&api_key=verysecret", "verysecret"],
    ["https://host/?access_token=verysecret#x", "verysecret"],
    ['{"x-api-key":"verysecret","model":"m"}', "verysecret"],
    ["set-cookie: session=verysecret; Path=/; other=verysecret", "verysecret"],
    ["postgres://gateway:verysecret@db.internal:5432/amsterdam", "verysecret"],
    ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.verysecret", "verysecret"],
  ])("%s is masked", (text, secret) => {
    expect(text).toContain(secret);
    const masked = maskSecrets(text);
    expect(masked).not.toContain(secret);
    expect(masked).toContain(REDACTED);
    expect(
      JSON.stringify(safeFields({ note: [text], error: new Error(text, { cause: text }) })),
    ).not.toContain(secret);
  });

  test.each([
    "The task-runner and disk-usage went fine.",
    "0198f0aa-5bb7-7c3e-a9c4-8c07f0a1b2c3",
    "https://api.example.com/v1/models?alt=sse",
    "Missing bearer token.",
    "basic configuration loaded",
    "someone@example.com wrote",
    "gpt-4o-mini",
  ])("%s stays as it is", (text) => {
    expect(maskSecrets(text)).toBe(text);
  });

  test("around the secret the text is kept", () => {
    expect(maskSecrets("https://h/m?key=verysecret&alt=sse")).toBe(`https://h/m?key=${REDACTED}&alt=sse`);
    expect(maskSecrets("postgres://user:pw@db/x")).toBe(`postgres://user:${REDACTED}@db/x`);
  });

  test("long strings are cut at 2,000 characters, and a secret across the cut is not shown in part", () => {
    const cut = safeText("x".repeat(5000));
    expect(cut).toBe(`${"x".repeat(2000)}… (5000 characters)`);
    const across = safeText(
      `${"x ".repeat(990)}postgres://user:${"verysecret".repeat(20)}@db/x${" y".repeat(500)}`,
    );
    expect(across).not.toContain("verysecret");
  });

  test("masking takes time in proportion to the text", () => {
    const hostile = ["key", "a-", "sk-", "bearer ", "://", "cookie=", "Basic a"].map((part) =>
      part.repeat(20_000),
    );
    const start = performance.now();
    for (const text of hostile) maskSecrets(text);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe("shapes", () => {
  test("an error is told with name, message, code, stack and its chain of causes", () => {
    const cause = Object.assign(new TypeError("refused with sk-abcdefgh12345"), { code: "ECONNREFUSED" });
    const { error } = safeFields({ error: new Error("failed", { cause }) }) as {
      error: { [name: string]: Plain };
    };
    expect(error).toMatchObject({ name: "Error", message: "failed" });
    expect(error.stack).toContain("redact.test.ts");
    expect(error.cause).toMatchObject({
      name: "TypeError",
      message: `refused with sk-${REDACTED}`,
      code: "ECONNREFUSED",
    });
    expect(JSON.stringify(error)).not.toContain("abcdefgh12345");
  });

  test("an error whose cause is itself ends", () => {
    const error = new Error("round");
    error.cause = error;
    expect(safeFields({ error })).toMatchObject({ error: { message: "round", cause: "[cyclic]" } });
  });

  test("cycles, depth, width and total size are bounded", () => {
    const cyclic: { [name: string]: unknown } = { name: "a" };
    cyclic.self = cyclic;
    expect(safeFields({ cyclic })).toEqual({ cyclic: { name: "a", self: "[cyclic]" } });

    const shared = { x: 1 };
    expect(safeFields({ a: shared, b: shared })).toEqual({ a: { x: 1 }, b: { x: 1 } });

    let deep: object = {};
    for (let level = 0; level < 10_000; level++) deep = { deep };
    expect(JSON.stringify(safeFields({ deep })).length).toBeLessThan(200);

    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`n${index}`, index]));
    expect(Object.keys(safeFields({ wide }).wide as object)).toHaveLength(101);
    expect(safeFields({ list: new Array(1000).fill(1) }).list).toHaveLength(101);

    const bush = (levels: number): unknown =>
      levels === 0 ? 1 : Array.from({ length: 30 }, () => bush(levels - 1));
    expect(JSON.stringify(safeFields({ bush: bush(4) })).length).toBeLessThan(20_000);
  });

  test("what JSON cannot hold is named", () => {
    expect(
      safeFields({
        big: 10n ** 30n,
        nan: Number.NaN,
        infinite: Number.POSITIVE_INFINITY,
        missing: undefined,
        none: null,
        run: () => 1,
        symbol: Symbol("s"),
        bytes: new Uint8Array(12),
        when: new Date(0),
        never: new Date(Number.NaN),
        set: new Set(["a"]),
        url: new URL("https://user:verysecret@host/?key=verysecret"),
      }),
    ).toEqual({
      big: "1000000000000000000000000000000",
      nan: "NaN",
      infinite: "Infinity",
      none: null,
      run: "[function]",
      symbol: "[symbol]",
      bytes: "[12 bytes]",
      when: "1970-01-01T00:00:00.000Z",
      never: "Invalid Date",
      set: ["a"],
      url: `https://user:${REDACTED}@host/?key=${REDACTED}`,
    });
  });

  test("a getter or a proxy that throws spoils its own field only", () => {
    const trap = new Proxy(
      {},
      {
        ownKeys: () => {
          throw new Error("trap");
        },
      },
    );
    const fields = {
      ok: 1,
      trap,
      get bad(): string {
        throw new Error("no");
      },
    };
    expect(safeFields(fields)).toEqual({ ok: 1, trap: "[unreadable: trap]", bad: "[unreadable: no]" });
    expect(safeFields(trap)).toEqual({ fields: "[unreadable: trap]" });
  });

  test("a field named __proto__ changes no prototype", () => {
    const plain = safeFields(JSON.parse('{"__proto__":{"polluted":true},"a":1}'));
    expect(plain).toEqual({ "[__proto__]": { polluted: true }, a: 1 });
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });
});
