import { afterAll, describe, expect, test } from "bun:test";
import { startFaultUpstream } from "../../test/support/fault-upstream.ts";
import { compressed, dropBeforeHead, flaky, hang, json, stream } from "../../test/support/faults.ts";
import type { Behaviour } from "../../test/support/raw-server.ts";
import {
  failureOf,
  ONCE,
  QUICK_RETRY,
  runOn,
  scriptedTargets,
  successOf,
} from "../../test/support/scripted-targets.ts";
import { gate, until } from "../../test/support/until.ts";
import { convertGenerate } from "../conversion/generate.ts";
import { SealStash } from "../conversion/seals.ts";
import { GatewayError } from "../exchange/errors.ts";
import {
  DEFAULT_FALLBACK,
  FALLBACK_REASONS,
  type FallbackPolicy,
  type FallbackReason,
} from "../exchange/fallback.ts";
import type { Format } from "../exchange/formats.ts";
import { CODECS } from "../formats/codecs.ts";
import { TestPresence, textOf } from "./http/testing.ts";

const server = startFaultUpstream();
afterAll(() => server.stop());
const { target } = scriptedTargets(server);

const only = (...reasons: FallbackReason[]): FallbackPolicy =>
  Object.fromEntries(FALLBACK_REASONS.map((reason) => [reason, reasons.includes(reason)])) as Record<
    FallbackReason,
    boolean
  >;
const NONE = only();
const ALL = only(...FALLBACK_REASONS);

const refusal = (status: number, message: string, code: string | null = null) =>
  json({ error: { message, type: "invalid_request_error", code } }, status);
const inStream = (status: number, message: string) =>
  stream([`data: ${JSON.stringify({ error: { message, code: status } })}\n\n`]);
const overLong = refusal(400, "too long", "context_length_exceeded");
const flagged = refusal(400, "The response was filtered", "content_filter");

describe("another target is asked for the reasons that the policy names alone", () => {
  test.each<[FallbackReason, string, Behaviour]>([
    ["error", "500", refusal(500, "broken")],
    ["error", "401", refusal(401, "wrong key")],
    ["error", "403", refusal(403, "not yours")],
    ["error", "a dropped connection", dropBeforeHead("reset")],
    ["error", "502 that speaks of length", refusal(502, "prompt is too long")],
    ["timeout", "silence", hang()],
    ["limit", "429", refusal(429, "slow down")],
    ["limit", "429 in a stream", inStream(429, "slow down")],
    ["unavailable", "404 of a model", refusal(404, "no such model", "model_not_found")],
    ["unavailable", "402", refusal(402, "Insufficient Balance")],
    ["context_length", "400 with a code", overLong],
    ["context_length", "413", refusal(413, "large")],
    [
      "context_length",
      "400 in a stream",
      inStream(400, "prompt is too long: 300000 tokens > 200000 maximum"),
    ],
    ["content_filter", "400 with a code", flagged],
  ])("%s: %s", async (reason, _, behaviour) => {
    const settings = { ...ONCE, timeout: 50 };
    for (const [policy, falls] of [
      [only(reason), true],
      [{ ...ALL, [reason]: false }, false],
      [NONE, false],
      [undefined, DEFAULT_FALLBACK[reason]],
    ] as const) {
      const first = target(behaviour, { settings });
      const second = target(json({ ok: true }));
      const { outcome, attempts } = await runOn([first, second], policy && { fallback: policy });
      expect([reason, policy, outcome.ok, second.requests()]).toEqual([reason, policy, falls, falls ? 1 : 0]);
      expect(attempts.map((attempt) => attempt.reason)).toEqual(falls ? [reason, undefined] : [reason]);
    }
  });

  test("a filter's refusal that is told with 403 is a refused key to a policy that does not ask for filters", async () => {
    const moderated = () => target(refusal(403, "Your input was flagged"));
    expect(
      (await runOn([moderated(), target(json({}))], { fallback: only("content_filter") })).outcome.ok,
    ).toBeTrue();
    expect((await runOn([moderated(), target(json({}))])).outcome.ok).toBeTrue();
    expect((await runOn([moderated(), target(json({}))], { fallback: NONE })).outcome.ok).toBeFalse();
  });

  test("a mistake of the client's is told to it, whatever the policy", async () => {
    const second = target(json({}));
    for (const status of [400, 404, 405, 409, 422]) {
      const { outcome, attempts } = await runOn([target(refusal(status, "wrong")), second], {
        fallback: ALL,
      });
      expect([failureOf(outcome).status, attempts[0]!.reason]).toEqual([status, undefined]);
    }
    expect(second.requests()).toBe(0);
  });

  test("an open breaker is an error, and is told as one", async () => {
    const opens = { minimum_calls: 1, failure_share: 0.1, window: 60, open: 60 };
    const open = target(refusal(500, "x"), { settings: ONCE }, opens);
    await runOn([open]);
    const { attempts, outcome } = await runOn([open, target(json({}))], { fallback: only("error") });
    expect(outcome.ok).toBeTrue();
    expect(attempts[0]).toMatchObject({ error: "breaker_open", reason: "error" });
    expect((await runOn([open, target(json({}))], { fallback: NONE })).outcome.ok).toBeFalse();
  });

  test("a body that was sent and is gone goes nowhere else", async () => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(Buffer.from("once"));
        controller.close();
      },
    });
    const one = target(overLong);
    const second = target(json({}));
    const { attempts } = await runOn([{ ...one, prepare: () => ({ ...one.prepare(), body }) }, second], {
      fallback: ALL,
    });
    expect([second.requests(), attempts[0]!.reason]).toEqual([0, "context_length"]);
  });
});

describe("an answer that a filter kept back", () => {
  const ASKED = only("content_filter");
  const kept = { choices: [{ index: 0, finish_reason: "content_filter", message: { content: "" } }] };
  const cut = { choices: [{ index: 0, finish_reason: "content_filter", message: { content: "It" } }] };
  const chunk = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const keptStream = [
    chunk({ role: "assistant", content: "" }),
    chunk({}, "content_filter"),
    "data: [DONE]\n\n",
  ];
  const refused = [
    `event: message_start\ndata: {"type":"message_start","message":{"id":"m","content":[]}}\n\n`,
    `event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"refusal"}}\n\n`,
    `event: message_stop\ndata: {"type":"message_stop"}\n\n`,
  ];

  test.each<[string, Format, Behaviour]>([
    ["Chat, whole", "openai-chat", json(kept)],
    ["Chat, compressed", "openai-chat", compressed("gzip", "application/json", JSON.stringify(kept))],
    ["Chat, a stream", "openai-chat", stream(keptStream)],
    ["Chat, a stream in single bytes", "openai-chat", stream([...keptStream.join("")])],
    ["Gemini, whole", "gemini", json({ promptFeedback: { blockReason: "SAFETY" } })],
    ["Gemini, a stream", "gemini", stream([`data: {"promptFeedback":{"blockReason":"SAFETY"}}\n\n`])],
    [
      "Anthropic, whole",
      "anthropic-messages",
      json({ type: "message", content: [], stop_reason: "refusal" }),
    ],
    ["Anthropic, a stream", "anthropic-messages", stream(refused)],
  ])("leads to the next target where that is asked: %s", async (_, format, behaviour) => {
    const second = target(json({ ok: 1 }));
    const { outcome, attempts } = await runOn([target(behaviour, { format }), second], { fallback: ASKED });
    expect(Buffer.from(successOf(outcome).body!).toString()).toBe('{"ok":1}');
    expect(attempts).toMatchObject([{ status: 200, error: null, reason: "content_filter" }, { status: 200 }]);
    const plain = await runOn([target(behaviour, { format }), second]);
    expect([successOf(plain.outcome).response.status, plain.attempts.length]).toEqual([200, 1]);
    plain.outcome.ok && plain.outcome.response.cancel();
  });

  test("is the answer when nothing else is left, as it came", async () => {
    const whole = () => target(json(kept), { format: "openai-chat" });
    const alone = await runOn([whole()], { fallback: ASKED });
    expect(JSON.parse(Buffer.from(successOf(alone.outcome).body!).toString())).toEqual(kept);
    const streamed = target(stream(keptStream), { format: "openai-chat" });
    const failing = target(refusal(400, "x", "content_filter"));
    const { outcome, target: served } = await runOn([streamed, whole(), failing], { fallback: ASKED });
    expect(served.name).toBe(streamed.name);
    expect(await textOf(successOf(outcome).response)).toBe(keptStream.join(""));
  });

  test("and one that begins before the filter cuts it passes as it came, all of it", async () => {
    const second = target(json({}));
    const words = [chunk({ role: "assistant" }), chunk({ content: "It" }), chunk({}, "content_filter")];
    for (const behaviour of [json(cut), stream(words)]) {
      const first = target(behaviour, { format: "openai-chat" });
      const { outcome } = await runOn([first, second], { fallback: ASKED });
      const { body, response } = successOf(outcome);
      const text = body === null ? await textOf(response) : Buffer.from(body).toString();
      expect(text).toBe(body === null ? words.join("") : JSON.stringify(cut));
    }
    expect(second.requests()).toBe(0);
  });

  test("is not waited for longer than a first event is", async () => {
    const more = gate();
    const slow = stream([chunk({ role: "assistant" }), more.passed, chunk({}, "content_filter")]);
    const second = target(json({}));
    const { outcome } = await runOn([target(slow, { format: "openai-chat" }), second], {
      fallback: ASKED,
      firstEventPatience: 50,
    });
    more.open();
    expect(await textOf(successOf(outcome).response)).toContain("content_filter");
    expect(second.requests()).toBe(0);
  });

  test("holds no connection once another target has answered", async () => {
    const [first, second] = [1, 2].map(() =>
      target(stream(keptStream, { finish: "hang" }), { format: "openai-chat" }),
    );
    expect((await runOn([first!, second!, target(json({}))], { fallback: ASKED })).outcome.ok).toBeTrue();
    for (const { name } of [first!, second!]) await server.received(name)[0]!.left;
  });

  test("is an answer to the breaker", async () => {
    const first = target(json(kept), { format: "openai-chat" });
    await runOn([first, target(json({}))], { fallback: ASKED });
    expect(first.upstream.breaker.recent()).toEqual({ calls: 1, failures: 0 });
  });
});

describe("an answer that is converted", () => {
  /** A Chat target for a client of Anthropic's API. */
  function converted(behaviour: Behaviour, streams: boolean) {
    const one = target(behaviour, { format: "openai-chat" });
    const body = { model: "m", max_tokens: 5, stream: streams, messages: [{ role: "user", content: "Hi" }] };
    const client = CODECS["anthropic-messages"].generate;
    const request = client.readRequest(body, { model: null, stream: streams });
    const ask = { request, client, owner: "key", strict: false, asArray: false };
    const prepare = () => {
      const to = { format: "openai-chat", provider: "p", model: "m" } as const;
      return { ...one.prepare(), converter: convertGenerate(ask, to, new SealStash()).converter };
    };
    return { ...one, prepare };
  }
  const kept = {
    id: "c",
    choices: [{ index: 0, finish_reason: "content_filter", message: { content: null } }],
  };
  const chunks = [
    { id: "c", choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
    { id: "c", choices: [{ index: 0, delta: {}, finish_reason: "content_filter" }] },
  ].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`);
  const fine = { id: "c", choices: [{ index: 0, finish_reason: "stop", message: { content: "Hello" } }] };

  test.each<[string, boolean, Behaviour]>([
    ["whole", false, json(kept)],
    ["whole, compressed", false, compressed("gzip", "application/json", JSON.stringify(kept))],
    ["as a stream", true, stream([...chunks, "data: [DONE]\n\n"])],
    ["as a stream that nobody asked for", false, stream([...chunks, "data: [DONE]\n\n"])],
  ])("and was kept back by a filter, %s, leads to the next target", async (_, streams, behaviour) => {
    const second = converted(json(fine), false);
    const { outcome, attempts } = await runOn([converted(behaviour, streams), second], {
      fallback: only("content_filter"),
    });
    expect(JSON.parse(Buffer.from(successOf(outcome).body!).toString())).toMatchObject({
      type: "message",
      content: [{ type: "text", text: "Hello" }],
    });
    expect(attempts.map(({ reason }) => reason)).toEqual(["content_filter", undefined]);
  });

  test("and refused for its length leads to the next target, or is told in the upstream's own words", async () => {
    const policy = { fallback: only("context_length") };
    const both = await runOn([converted(overLong, false), converted(json(fine), false)], policy);
    expect(both.outcome.ok).toBeTrue();
    const failure = failureOf(
      (await runOn([converted(overLong, false), converted(overLong, false)], policy)).outcome,
    );
    expect(failure).toMatchObject({ answer: null, reason: "context_length" });
    expect(failure.error).toMatchObject({ message: "too long", told: { code: "context_length_exceeded" } });
  });
});

describe("when nothing is left", () => {
  test("the gateway's own words end with what was tried", async () => {
    const targets = [target(refusal(503, "busy")), target(dropBeforeHead("reset"), { settings: ONCE })];
    const { error } = failureOf((await runOn(targets)).outcome);
    expect(error.message).toEndWith(
      ` Tried: ${targets[0]!.name} (503, 3 times), ${targets[1]!.name} (upstream_disconnected).`,
    );
    expect([error.code, error.status]).toEqual(["upstream_disconnected", 502]);
  });

  test("an upstream's own words stay its own", async () => {
    const { answer, error } = failureOf(
      (await runOn([target(hang()), target(refusal(500, "broken"))])).outcome,
    );
    expect([JSON.parse(Buffer.from(answer!.body).toString()).error.message, error.message]).toEqual([
      "broken",
      "broken",
    ]);
    const single = failureOf((await runOn([target(dropBeforeHead("reset"), { settings: ONCE })])).outcome);
    expect(single.error.message).not.toContain("Tried");
  });

  test("the sentence is short and holds no upstream's words, whatever targets are called", async () => {
    const secret = "sk-very-secret-key";
    const names = Array.from({ length: 20 }, (_, place) => `p/${place}${"m".repeat(10_000)}\ud800`);
    const targets = names.map((name) =>
      target(json({ error: { message: secret } }, 500), { name, settings: ONCE, secrets: [secret] }),
    );
    const dead = target(dropBeforeHead("close"), { settings: ONCE });
    const { error } = failureOf((await runOn([...targets, dead])).outcome);
    expect(error.message).toEndWith(" and 13 more.");
    expect(error.message.length).toBeLessThan(1200);
    expect(error.message).not.toContain(secret);
    expect(error.message.isWellFormed()).toBeTrue();
  });
});

describe("the deadline of the whole", () => {
  test("lets no try begin after it, and the last upstream's words are told", async () => {
    const late: Behaviour = async (exchange) => {
      await Bun.sleep(120);
      await refusal(500, "late")(exchange);
    };
    const first = target(late, { settings: ONCE });
    const second = target(json({}));
    const totalAt = performance.now() + 150;
    const refusing = {
      ...target(json({})),
      prepare() {
        Bun.sleepSync(60);
        throw new GatewayError("conversion_refused", "It has no such thing.");
      },
    };
    const { outcome, attempts } = await runOn([first, refusing, second], { totalAt });
    expect(failureOf(outcome).message).toBe("late");
    expect([second.requests(), attempts.length]).toEqual([0, 2]);
    const slow = target(json({}));
    const slowToAsk = {
      ...slow,
      prepare() {
        Bun.sleepSync(60);
        return slow.prepare();
      },
    };
    const alone = await runOn([slowToAsk], { totalAt: performance.now() + 30 });
    expect([failureOf(alone.outcome).error.code, slow.requests()]).toEqual(["total_timeout", 0]);
  });

  test("bounds each try, however long its own timeout is", async () => {
    const settings = { ...ONCE, timeout: 60_000, connectTimeout: 60_000 };
    const started = performance.now();
    const { outcome } = await runOn(
      [target(refusal(500, "x"), { settings: ONCE }), target(hang(), { settings })],
      {
        totalAt: started + 200,
      },
    );
    expect(failureOf(outcome).error).toMatchObject({ code: "total_timeout" });
    expect(failureOf(outcome).error.message).toContain("Tried: ");
    expect(performance.now() - started).toBeLessThan(2000);
  });

  test("bounds a stream that is watched for a filter", async () => {
    const quiet = target(stream([`data: {"choices":[]}\n\n`], { finish: "hang" }), { format: "openai-chat" });
    const started = performance.now();
    const { outcome } = await runOn([quiet, target(json({}))], {
      fallback: ALL,
      firstEventPatience: 60_000,
      totalAt: started + 200,
    });
    expect(failureOf(outcome).error.code).toBe("total_timeout");
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

test("a client that leaves after a filter kept an answer back is told nothing", async () => {
  const presence = new TestPresence();
  const kept = target(json({ choices: [{ finish_reason: "content_filter", message: { content: "" } }] }), {
    format: "openai-chat",
  });
  const slow = target(hang());
  const running = runOn([kept, slow], { fallback: ALL, presence });
  await server.request(slow.name);
  presence.leave();
  expect(failureOf((await running).outcome).error.code).toBe("client_closed");
});

test("a client that leaves while a filter is watched for ends everything", async () => {
  const presence = new TestPresence();
  const quiet = target(stream([`data: {"choices":[]}\n\n`], { finish: "hang" }), { format: "openai-chat" });
  const second = target(json({}));
  const running = runOn([quiet, second], { fallback: ALL, presence, firstEventPatience: 60_000 });
  await until("the stream has begun", () => server.received(quiet.name)[0]);
  await Bun.sleep(30);
  presence.leave();
  expect(failureOf((await running).outcome).error.code).toBe("client_closed");
  expect(second.requests()).toBe(0);
});

test("an upstream that dies under 2,000 requests costs none of them while another lives", async () => {
  const dying = startFaultUpstream();
  const settings = { ...ONCE, retry: { ...QUICK_RETRY, max_attempts: 2 } };
  const slowly: Behaviour = async (exchange) => {
    await Bun.sleep(5);
    await json({ from: "dying" })(exchange);
  };
  const dead = target(dying.script("m", slowly), { settings });
  const living = target(flaky(0, json({}), json({ from: "living" })), { settings });
  const served = { dying: 0, living: 0 };
  let asked = 0;
  const client = async () => {
    while (asked++ < 2000) {
      if (asked === 700) dying.stop();
      const { outcome } = await runOn(asked % 2 === 0 ? [dead, living] : [living, dead]);
      served[JSON.parse(Buffer.from(successOf(outcome).body!).toString()).from as keyof typeof served]++;
    }
  };
  await Promise.all(Array.from({ length: 20 }, client));
  expect(served.dying + served.living).toBe(2000);
  expect(served.dying).toBeGreaterThan(200);
  expect(dead.upstream.breaker.state).toBe("open");
});
