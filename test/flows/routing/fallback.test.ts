import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { FALLBACK_REASONS, type FallbackReason } from "../../../src/exchange/fallback.ts";
import type { Format } from "../../../src/exchange/formats.ts";
import { admin } from "../../support/admin-client.ts";
import { CHAT_ANSWER, chatChunk, chatProvider } from "../../support/chat.ts";
import { callAs } from "../../support/client-call.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { dropBeforeHead, hang, json, redirect, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Behaviour } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
const OPENAI_TOO_LONG = {
  message:
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130012 tokens. Please reduce the length of the messages.",
  type: "invalid_request_error",
  param: "messages",
  code: "context_length_exceeded",
};
/** How each API refuses a prompt that is too long for the model. */
const TOO_LONG: Readonly<Record<Format, Behaviour>> = {
  "openai-chat": json({ error: OPENAI_TOO_LONG }, 400),
  "openai-responses": json(
    {
      error: {
        ...OPENAI_TOO_LONG,
        message:
          "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param: "input",
      },
    },
    400,
  ),
  "anthropic-messages": json(
    {
      type: "error",
      error: { type: "invalid_request_error", message: "prompt is too long: 209353 tokens > 200000 maximum" },
      request_id: "req_011CSHoEeqs5C35K2UUqR7Fy",
    },
    400,
  ),
  gemini: json(
    {
      error: {
        code: 400,
        message: "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        status: "INVALID_ARGUMENT",
      },
    },
    400,
  ),
};

const openaiError = (status: number, message: string, code: string | null = null): Behaviour =>
  json({ error: { message, type: "invalid_request_error", param: null, code } }, status);
const keptBack = {
  ...CHAT_ANSWER,
  choices: [{ index: 0, message: { role: "assistant", content: "" }, finish_reason: "content_filter" }],
};

/** What a target does, why another one is asked for it, and the status that the client gets where none is. */
const FAILURES: readonly (readonly [FallbackReason, string, Behaviour, status: number])[] = [
  ["error", "a server error", openaiError(500, "broken"), 500],
  ["error", "a refused key", openaiError(401, "wrong key"), 401],
  ["error", "a reset", dropBeforeHead("reset"), 502],
  ["error", "a redirect", redirect(302, "/elsewhere"), 502],
  ["timeout", "silence", hang(), 504],
  ["limit", "a limit", openaiError(429, "slow down"), 429],
  ["limit", "a quota that is used up", openaiError(429, "You have no quota", "insufficient_quota"), 429],
  ["unavailable", "a model that is not there", openaiError(404, "no model", "model_not_found"), 404],
  ["unavailable", "an unpaid bill", openaiError(402, "Insufficient Balance"), 402],
  ["context_length", "a prompt that is too long", TOO_LONG["openai-chat"], 400],
  ["content_filter", "a filtered prompt", openaiError(400, "filtered", "content_filter"), 400],
  ["content_filter", "an answer that a filter kept back", json(keptBack), 200],
];
const REFUSING = FORMATS.map((format) => `refuses-${format}`);

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const route = (name: string, fallback_on: readonly FallbackReason[]) => [
    name,
    { targets: [`first/${name}`, "demo/echo"], fallback_on },
  ];
  const refusing = FORMATS.map((format, place) => [
    REFUSING[place]!,
    {
      base_url: upstream.script(REFUSING[place]!, TOO_LONG[format]),
      api_key: "provider-key",
      formats: [format],
    },
  ]);
  gateway = await startGateway({
    config: {
      global_timeout: 1,
      global_retry: { max_attempts: 1 },
      breaker: { enabled: false },
      providers: {
        first: chatProvider(upstream.script("first", hang())),
        second: chatProvider(upstream.script("second", hang())),
        ...Object.fromEntries(refusing),
      },
      routes: {
        ...Object.fromEntries(
          FAILURES.flatMap(([reason], place) => [
            route(`with-${place}`, [reason]),
            route(
              `without-${place}`,
              FALLBACK_REASONS.filter((other) => other !== reason),
            ),
            route(`never-${place}`, []),
            [`usual-${place}`, { targets: [`first/usual-${place}`, "demo/echo"] }],
          ]),
        ),
        ...Object.fromEntries(
          REFUSING.map((name) => [`past-${name}`, { targets: [`${name}/m`, "demo/echo"] }]),
        ),
        usual: { targets: ["first/usual", "demo/echo"] },
        short: { targets: ["first/short", "second/short", "demo/echo"], deadline: 1.5 },
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

const ask = (model: string, format: Format = "openai-chat", isStream = false, headers = {}) =>
  callAs(gateway, { format, model, stream: isStream, headers });
const attemptsOf = (response: Response) => response.headers.get("x-amsterdam-attempts");

describe("a route goes on to its next target", () => {
  test.each(
    FAILURES.map(([reason, what, behaviour, status], place) => ({ reason, what, behaviour, status, place })),
  )(
    "after $what where fallback_on names $reason, and not where it does not",
    async ({ behaviour, status, place }) => {
      upstream.script("first", behaviour);
      const named = await ask(`with-${place}`);
      expect([named.status, named.headers.get("x-amsterdam-provider")]).toEqual([200, "demo"]);
      expect(attemptsOf(named)).toEndWith(", demo/echo=200");
      expect(((await named.json()) as typeof CHAT_ANSWER).choices[0]?.message.content).not.toBe("");
      const unnamed = await ask(`without-${place}`);
      expect([unnamed.status, unnamed.headers.get("x-amsterdam-provider")]).toEqual([status, "first"]);
      expect(attemptsOf(unnamed)).not.toContain("demo");
      await unnamed.arrayBuffer();
    },
  );

  test.each(FAILURES.map(([reason, what, behaviour], place) => ({ reason, what, behaviour, place })))(
    "after $what where nothing is said, unless it is a filter's; where the list is empty, never",
    async ({ reason, behaviour, place }) => {
      upstream.script("first", behaviour);
      const [usual, never] = [await ask(`usual-${place}`), await ask(`never-${place}`)];
      const served = reason === "content_filter" ? "first" : "demo";
      expect(usual.headers.get("x-amsterdam-provider")).toBe(served);
      expect(never.headers.get("x-amsterdam-provider")).toBe("first");
      await Promise.all([usual.arrayBuffer(), never.arrayBuffer()]);
    },
  );

  test.each(FORMATS.flatMap((of) => FORMATS.map((to) => [of, to] as const)))(
    "when %s refuses a prompt for its length, which a client of %s does not see",
    async (of, client) => {
      const streams = client !== of;
      const response = await ask(`past-refuses-${of}`, client, streams);
      expect([response.status, response.headers.get("x-amsterdam-provider")]).toEqual([200, "demo"]);
      expect(attemptsOf(response)).toBe(`refuses-${of}/m=400, demo/echo=200`);
      expect(await response.text()).not.toContain("too long");
    },
  );

  test.each([
    ["/v1/embeddings", { input: "hi" }],
    ["/v1/completions", { prompt: "hi" }],
    ["/v1/messages/count_tokens", { messages: [{ role: "user", content: "hi" }] }],
    ["/v1beta/models/usual:countTokens", { contents: [{ parts: [{ text: "hi" }] }] }],
  ])("in calls of %s too", async (path, body) => {
    upstream.script("first", openaiError(500, "broken"));
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}` },
      body: JSON.stringify({ model: "usual", ...body }),
    });
    expect([response.status, response.headers.get("x-amsterdam-provider")]).toEqual([200, "demo"]);
    await response.arrayBuffer();
  });

  test("and the record says of each try why", async () => {
    upstream.script("first", openaiError(429, "slow down"));
    const response = await ask("usual", "openai-chat", false, { "x-amsterdam-request-id": "told-why" });
    expect(response.status).toBe(200);
    const { request } = await until("it is recorded", () =>
      admin<{ request: { attempts: unknown[] } }>(gateway, "GET", "/requests/told-why").catch(() => null),
    );
    expect(request.attempts).toMatchObject([
      {
        target: "first/usual",
        status: 429,
        error: "upstream_limited",
        reason: "limit",
        message: "slow down",
      },
      { target: "demo/echo", status: 200, error: null, reason: null },
    ]);
  });
});

describe("a stream", () => {
  const begun = [...sseEvents(chatChunk("Once upon")), ...sseEvents(chatChunk(" a time"))];

  test.each(FORMATS)(
    "that breaks after its first output is followed by no other answer: %s",
    async (format) => {
      upstream.script("first", stream(begun, { finish: "reset" }));
      const response = await ask("usual", format, true);
      expect([response.status, attemptsOf(response)]).toEqual([200, "first/usual=200"]);
      const text = await response.text();
      expect(text).toContain("Once upon");
      expect(text).toContain("a time");
      expect(text).toContain("error");
      expect(text).not.toContain("You said");
    },
  );

  test("that tells an error first is no answer yet", async () => {
    const told = { error: { message: "overloaded", type: "server_error", code: "503" } };
    upstream.script("first", stream(sseEvents(told)));
    for (const format of FORMATS) {
      const response = await ask("usual", format, true);
      expect([response.status, attemptsOf(response)]).toEqual([200, "first/usual=503, demo/echo=200"]);
      expect(await response.text()).not.toContain("overloaded");
    }
  });

  test("whose whole answer a filter keeps back is no answer where that is asked for", async () => {
    const place = FAILURES.findIndex(([reason]) => reason === "content_filter");
    const kept = { ...chatChunk(""), choices: [{ index: 0, delta: {}, finish_reason: "content_filter" }] };
    upstream.script("first", stream(sseEvents(chatChunk(""), kept, "[DONE]")));
    for (const format of FORMATS) {
      const named = await ask(`with-${place}`, format, true);
      expect(attemptsOf(named)).toBe(`first/with-${place}=200, demo/echo=200`);
      const unnamed = await ask(`without-${place}`, format, true);
      expect(attemptsOf(unnamed)).toBe(`first/without-${place}=200`);
      await Promise.all([named.text(), unnamed.text()]);
    }
  });
});

describe("a route's deadline", () => {
  const timed = async (format: Format, isStream: boolean) => {
    const started = performance.now();
    const response = await ask("short", format, isStream);
    const text = await response.text();
    return { response, text, took: performance.now() - started };
  };

  test.each(FORMATS)("ends the tries of all its targets: %s", async (format) => {
    upstream.script("first", hang());
    upstream.script("second", hang());
    const { response, took } = await timed(format, false);
    expect(response.status).toBe(504);
    expect(took).toBeWithin(1400, 2500);
    expect(attemptsOf(response)).toBe("first/short=first_byte_timeout, second/short=total_timeout");
  });

  test("leaves what another target can do in time", async () => {
    upstream.script("first", openaiError(500, "broken"));
    upstream.script("second", openaiError(500, "broken"));
    expect((await timed("openai-chat", false)).response.headers.get("x-amsterdam-provider")).toBe("demo");
  });

  test.each(FORMATS)(
    "ends a stream that goes on and on, with an error of its own format: %s",
    async (format) => {
      const [piece = ""] = sseEvents(chatChunk("more"));
      const pause = () => Bun.sleep(50);
      upstream.script("first", stream(Array.from({ length: 100 }, () => [piece, pause]).flat()));
      const { response, text, took } = await timed(format, true);
      expect([response.status, attemptsOf(response)]).toEqual([200, "first/short=200"]);
      expect(took).toBeWithin(1400, 3000);
      expect(text.slice(-2000)).toContain("error");
    },
  );
});
