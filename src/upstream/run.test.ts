import { afterAll, describe, expect, test } from "bun:test";
import { startFaultUpstream } from "../../test/support/fault-upstream.ts";
import {
  answer,
  bodiless,
  compressed,
  dropBeforeHead,
  endless,
  flaky,
  hang,
  json,
  large,
  raw,
  redirect,
  stream,
} from "../../test/support/faults.ts";
import { type Behaviour, closedPort } from "../../test/support/raw-server.ts";
import {
  failureOf,
  ONCE,
  QUICK_RETRY,
  runOn,
  scriptedTargets,
  successOf,
} from "../../test/support/scripted-targets.ts";
import { gate, until } from "../../test/support/until.ts";
import { configSchema } from "../config/schema.ts";
import { DEFAULT_FALLBACK } from "../exchange/fallback.ts";
import { TestPresence, textOf } from "./http/testing.ts";
import { Upstreams } from "./upstream.ts";

const server = startFaultUpstream();
afterAll(() => server.stop());

const { target } = scriptedTargets(server);
const { breaker: breakerDefaults } = configSchema.parse({});

const error = (status: number, headers: Record<string, string> = {}) =>
  json({ error: { message: `no ${status}` } }, status, headers);

describe("an upstream's answer", () => {
  // Tries of the first target, and whether the second one is asked.
  test.each([
    [400, {}, 1, false],
    [401, {}, 1, true],
    [403, {}, 1, true],
    [404, {}, 1, false],
    [405, {}, 1, false],
    [413, {}, 1, false],
    [422, {}, 1, false],
    [408, {}, 3, true],
    [409, {}, 1, false],
    [409, { "retry-after": "0" }, 3, true],
    [425, {}, 3, true],
    [429, {}, 3, true],
    [429, { "retry-after-ms": "5" }, 3, true],
    [429, { "retry-after": "60" }, 1, true],
    [500, {}, 3, true],
    [501, {}, 1, true],
    [502, {}, 3, true],
    [503, {}, 3, true],
    [503, { "retry-after": "60" }, 1, true],
    [504, {}, 3, true],
    [505, {}, 1, true],
    [529, {}, 3, true],
    [500, { "x-should-retry": "false" }, 1, true],
    [400, { "x-should-retry": "true" }, 3, false],
  ])(
    "%i with %j is tried %i times, and the next target is asked: %p",
    async (status, headers, tries, fallsBack) => {
      const first = target(error(status, headers));
      const second = target(json({ ok: true }));
      const { outcome, attempts } = await runOn([first, second]);
      expect([first.requests(), second.requests()]).toEqual([tries, fallsBack ? 1 : 0]);
      expect(outcome.ok).toBe(fallsBack);
      expect(attempts.map((attempt) => attempt.status)).toEqual([
        ...Array(tries).fill(status),
        ...(fallsBack ? [200] : []),
      ]);
      if (!outcome.ok)
        expect(outcome).toMatchObject({ status, message: `no ${status}`, answer: { status, isJson: true } });
    },
  );

  test("that asks for a wait longer than a moment is waited for only where no other target may be asked", async () => {
    const settings = { ...ONCE, retry: { ...QUICK_RETRY, max_delay_ms: 5000 } };
    for (const status of [429, 503]) {
      const first = target(flaky(1, error(status, { "retry-after-ms": "1100" }), json({})), { settings });
      const quick = await runOn([first, target(json({}))]);
      expect(quick.attempts.map((attempt) => attempt.status)).toEqual([status, 200]);
      const alone = target(flaky(1, error(status, { "retry-after-ms": "1100" }), json({})), { settings });
      const patient = await runOn([alone]);
      expect(patient.attempts.map((attempt) => attempt.target)).toEqual([alone.name, alone.name]);
      const bound = target(flaky(1, error(status, { "retry-after-ms": "1100" }), json({})), { settings });
      const fallback = { ...DEFAULT_FALLBACK, limit: false, error: false };
      const kept = await runOn([bound, target(json({}))], { fallback });
      expect(kept.attempts.map((attempt) => attempt.target)).toEqual([bound.name, bound.name]);
    }
  });

  test("that asks for a wait is waited for where the breaker of the other target is open", async () => {
    const opens = { minimum_calls: 1, failure_share: 0.1, window: 60, open: 60 };
    const open = target(error(500), { settings: ONCE }, opens);
    await runOn([open]);
    const settings = { ...ONCE, retry: { ...QUICK_RETRY, max_delay_ms: 5000 } };
    const first = target(flaky(1, error(429, { "retry-after-ms": "1100" }), json({})), { settings });
    const { attempts } = await runOn([first, open]);
    expect(attempts.map((attempt) => attempt.target)).toEqual([first.name, first.name]);
  });

  test("of 401 is tried again where keys are taken in turn", async () => {
    for (const status of [401, 403]) {
      const both = target(flaky(1, error(status), json({})), { keyCount: 2 });
      expect((await runOn([both])).outcome.ok).toBeTrue();
      expect(both.requests()).toBe(2);
    }
  });

  test("that is a redirect is followed by nobody: it is passed on, or falls back", async () => {
    const passed = target(redirect(307, "http://evil.test/"), { passRedirects: true });
    expect(successOf((await runOn([passed])).outcome).response.status).toBe(307);
    const refused = target(redirect(302, "http://evil.test/"));
    const { outcome } = await runOn([refused]);
    expect(failureOf(outcome)).toMatchObject({ status: 302, error: { code: "upstream_redirected" } });
    expect(successOf((await runOn([refused, target(json({}))])).outcome).response.status).toBe(200);
    expect(successOf((await runOn([target(bodiless(304))])).outcome).response.status).toBe(304);
  });

  test("is told without the keys that it repeats, however it is packed", async () => {
    const said = { error: { message: "Incorrect API key: sk-secret-123" } };
    const plain = target(json(said, 400), { secrets: ["sk-secret-123", "x"] });
    const packed = Bun.gzipSync(Buffer.from(JSON.stringify(said)));
    const gzip = target(answer(400, { "content-encoding": "gzip" }, packed), { secrets: ["sk-secret-123"] });
    for (const one of [plain, gzip]) {
      const { answer: told, message } = failureOf((await runOn([one])).outcome);
      expect(message).toBe("Incorrect API key: [redacted]");
      expect(Buffer.from(told!.body).toString()).toBe(
        '{"error":{"message":"Incorrect API key: [redacted]"}}',
      );
      expect(told!.headers.get("content-encoding")).toBeNull();
    }
  });

  test.each([
    [
      "an HTML page",
      answer(502, { "content-type": "text/html" }, "<html><style>x{}</style><b>Bad</b> gateway"),
      "Bad gateway",
      false,
    ],
    ["plain text", answer(500, {}, "out of order"), "out of order", false],
    ["nothing", answer(500, {}, ""), null, false],
    ["an array, as Gemini's streams", answer(500, {}, '[{"error":{"message":"m"}}]'), "m", true],
    ["a bare text", answer(500, {}, '{"error":"m"}'), "m", true],
    ["a message at the top", answer(500, {}, '{"message":"m"}'), "m", true],
    ["a detail", answer(500, {}, '{"detail":"m"}'), "m", true],
    ["null", answer(500, {}, "null"), "null", true],
    ["a coding that it does not have", answer(500, { "content-encoding": "gzip" }, "plain"), null, false],
    ["unknown words of 10,000 letters", answer(500, {}, "a".repeat(10_000)), "a".repeat(500), false],
  ])("that says %s is understood as far as it goes", async (_, behaviour, message, isJson) => {
    const failure = failureOf((await runOn([target(behaviour, { settings: ONCE })])).outcome);
    expect(failure).toMatchObject({ status: expect.any(Number), message, answer: { isJson } });
  });

  test("that is an error of many megabytes keeps its status, and its connection is closed", async () => {
    const behaviour: Behaviour = async (exchange) => {
      await exchange.write(`HTTP/1.1 400 Bad\r\ncontent-length: ${64 * 1024 * 1024}\r\n\r\n`);
      for (;;) await exchange.write(Buffer.alloc(65_536, "x"));
    };
    const big = target(behaviour);
    expect(failureOf((await runOn([big])).outcome)).toMatchObject({
      status: 400,
      error: { code: "upstream_refused" },
    });
    await server.received(big.name)[0]!.left;
  });
});

describe("an upstream that fails", () => {
  test.each([
    ["refuses the connection", () => `http://127.0.0.1:${closedPort()}/`, "upstream_unreachable", 3, true],
    ["closes before its answer", () => dropBeforeHead("close"), "upstream_disconnected", 3, true],
    ["resets before its answer", () => dropBeforeHead("reset"), "upstream_disconnected", 3, true],
    [
      "closes within a JSON answer",
      () => raw('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"a"'),
      "upstream_disconnected",
      3,
      true,
    ],
    ["is silent", () => hang(), "first_byte_timeout", 1, true],
    ["speaks no HTTP", () => raw("SSH-2.0\r\n\r\n"), "upstream_invalid", 1, true],
  ] as const)("because it %s", async (_, make, code, tries, fallsBack) => {
    const first = target(make());
    const alone = await runOn([first]);
    expect(failureOf(alone.outcome).error.code).toBe(code);
    expect(alone.attempts.map((attempt) => attempt.error)).toEqual(Array(tries).fill(code));
    expect((await runOn([first, target(json({}))])).outcome.ok).toBe(fallsBack);
  });

  test("once, or in its first target alone, is not noticed", async () => {
    const { outcome, attempts } = await runOn([target(flaky(2, error(503), json({ a: 1 })))]);
    expect(Buffer.from(successOf(outcome).body!).toString()).toBe('{"a":1}');
    expect(attempts.map((attempt) => attempt.status)).toEqual([503, 503, 200]);
    for (const { startedAt, endedAt } of attempts) expect(endedAt!).toBeGreaterThanOrEqual(startedAt);
  });

  test("runs out of the total time: no further try, and no other target", async () => {
    const slow = target(hang(), { settings: { ...ONCE, timeout: 5000 } });
    const next = target(json({}));
    const { outcome } = await runOn([slow, next], { totalAt: performance.now() + 100 });
    expect(failureOf(outcome).error.code).toBe("total_timeout");
    expect(next.requests()).toBe(0);
    const failing = target(error(503, { "retry-after": "1" }), {
      settings: { ...ONCE, retry: { ...QUICK_RETRY, max_delay_ms: 5000 } },
    });
    const started = performance.now();
    const short = await runOn([failing], { totalAt: performance.now() + 500 });
    expect(failureOf(short.outcome).status).toBe(503);
    expect([failing.requests(), performance.now() - started < 500]).toEqual([1, true]);
  });

  test("is retried no more than the budget allows", async () => {
    const failing = target(error(500));
    const upstream = new Upstreams().get(
      "poor",
      { ...breakerDefaults, enabled: false },
      { share: 0, minimum: 1 },
    );
    const poor = { ...failing, upstream };
    await runOn([poor]);
    await runOn([poor]);
    expect(failing.requests()).toBe(3);
  });
});

describe("a client that leaves", () => {
  test("while a retry is waited for ends the wait, and nothing more is sent", async () => {
    const presence = new TestPresence();
    const settings = { ...ONCE, retry: { ...QUICK_RETRY, max_delay_ms: 60_000 } };
    const failing = target(error(503, { "retry-after": "30" }), { settings });
    const started = performance.now();
    const running = runOn([failing], { presence, totalAt: started + 60_000 });
    await until("the first try has failed", () => server.received(failing.name)[0]?.finished);
    await Bun.sleep(20);
    presence.leave();
    expect(failureOf((await running).outcome).error.code).toBe("client_closed");
    expect([failing.requests(), performance.now() - started < 10_000]).toEqual([1, true]);
  });

  test("while a retry is waited for is not followed by another target", async () => {
    const presence = new TestPresence();
    const failing = target(error(503, { "retry-after-ms": "900" }), {
      settings: { ...ONCE, retry: { ...QUICK_RETRY, max_delay_ms: 1000 } },
    });
    const next = target(json({}));
    const running = runOn([failing, next], { presence });
    await until("the first try has failed", () => server.received(failing.name)[0]?.finished);
    await Bun.sleep(20);
    presence.leave();
    expect(failureOf((await running).outcome).error.code).toBe("client_closed");
    expect([failing.requests(), next.requests()]).toEqual([1, 0]);
  });

  test("while the answer is waited for ends everything, and says nothing of the upstream", async () => {
    const presence = new TestPresence();
    const slow = target(hang());
    const next = target(json({}));
    const running = runOn([slow, next], { presence });
    const exchange = await server.request(slow.name);
    presence.leave();
    expect(failureOf((await running).outcome).error.code).toBe("client_closed");
    await exchange.left;
    expect([next.requests(), slow.upstream.breaker.recent()]).toEqual([0, { calls: 0, failures: 0 }]);
  });
});

describe("breakers", () => {
  const OPENS = { minimum_calls: 2, failure_share: 0.5, window: 60, open: 60 };

  test("that are open are passed over for the next target, and the attempt says so", async () => {
    const first = target(error(500), { settings: ONCE }, OPENS);
    const second = target(json({}));
    for (let i = 0; i < 2; i++) await runOn([first, second]);
    const { attempts, target: served } = await runOn([first, second]);
    expect(attempts.map(({ error: code, status }) => code ?? status)).toEqual(["breaker_open", 200]);
    expect([first.requests(), served.name]).toEqual([2, second.name]);
  });

  test("that are open with nothing else left answer 503 with the time that is left", async () => {
    const only = target(error(500), { settings: ONCE }, OPENS);
    for (let i = 0; i < 2; i++) await runOn([only]);
    const failure = failureOf((await runOn([only])).outcome);
    expect(failure.error).toMatchObject({ code: "breaker_open", status: 503 });
    expect(failure.error.retryAfter).toBeGreaterThan(50);
    expect(only.requests()).toBe(2);
  });

  test("that open between two tries: what the upstream said is told, and the next target asked", async () => {
    const first = target(error(500), {}, OPENS);
    expect(failureOf((await runOn([first])).outcome)).toMatchObject({ status: 500, message: "no 500" });
    expect(first.requests()).toBe(2);
    const again = target(error(502), {}, OPENS);
    const { outcome } = await runOn([again, target(json({}))]);
    expect(outcome.ok).toBeTrue();
  });

  test("of later targets that are open do not hide what an earlier one said", async () => {
    const spared = target(error(500), { settings: ONCE }, OPENS);
    for (let i = 0; i < 2; i++) await runOn([spared]);
    const refusing = target(error(401));
    const { outcome, target: told } = await runOn([refusing, spared]);
    expect([failureOf(outcome).status, told.name]).toEqual([401, refusing.name]);
  });

  test("do not count refusals as failures, nor limits as either", async () => {
    for (const [status, recent] of [
      [400, { calls: 1, failures: 0 }],
      [401, { calls: 1, failures: 0 }],
      [409, { calls: 1, failures: 0 }],
      [429, { calls: 0, failures: 0 }],
      [500, { calls: 1, failures: 1 }],
    ] as const) {
      const one = target(error(status), { settings: ONCE });
      await runOn([one]);
      expect([status, one.upstream.breaker.recent()]).toEqual([status, recent]);
    }
  });
});

describe("a body that is passed on unread", () => {
  const withStream = (behaviour: Behaviour | string) => {
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(Buffer.from("once"));
        controller.close();
      },
    });
    const one = target(behaviour);
    return { ...one, prepare: () => ({ ...one.prepare(), body }) };
  };

  test("is sent once: neither again nor to another target", async () => {
    const one = withStream(error(503));
    const { outcome } = await runOn([one, target(json({}))]);
    expect([failureOf(outcome).status, one.requests()]).toEqual([503, 1]);
  });

  test("is sent elsewhere where nothing of it was taken", async () => {
    const one = withStream(`http://127.0.0.1:${closedPort()}/`);
    expect((await runOn([one, target(json({}))])).outcome.ok).toBeTrue();
  });
});

describe("the way an answer is handed on", () => {
  const sse = { "content-type": "text/event-stream" };
  test.each([
    [null, json({}), "whole"],
    [null, answer(200, { "content-type": "application/json; charset=utf-8" }, "{}"), "whole"],
    [null, answer(200, { "content-type": "application/json-seq" }, "{}"), "bytes"],
    [null, answer(200, { "content-type": "application/jsonl" }, "{}"), "bytes"],
    [null, answer(200, {}, "x"), "bytes"],
    [null, answer(200, sse, "data: a\n\n"), "events"],
    [null, answer(200, { "content-type": "Text/Event-Stream; charset=utf-8" }, "data: a\n\n"), "events"],
    [null, compressed("gzip", "text/event-stream", "data: a\n\n"), "bytes"],
    ["json", answer(200, { "content-type": "text/plain" }, "x"), "whole"],
    ["json", answer(200, sse, "data: a\n\n"), "events"],
    ["html", answer(200, { "content-type": "text/html" }, "<p>"), "whole"],
    ["sse", json({}), "bytes"],
    ["stream", answer(200, sse, "data: a\n\n"), "bytes"],
    ["stream", json({}), "bytes"],
    [null, json({ a: "x".repeat(2 * 1024 * 1024) }), "bytes"],
  ] as const)("for response_type %p, case %#", async (responseType, behaviour, delivery) => {
    const { outcome } = await runOn([target(behaviour as Behaviour, { responseType })]);
    expect(successOf(outcome).delivery).toBe(delivery);
    const { response, body } = successOf(outcome);
    response.resume();
    if (delivery === "whole") expect(body).not.toBeNull();
    else expect((await textOf(response)).length).toBeGreaterThan(0);
  });

  test("a long JSON answer is whole all the same", async () => {
    const { outcome } = await runOn([target(large(5 * 1024 * 1024, "application/json"))]);
    const { response } = successOf(outcome);
    response.resume();
    expect((await response.bytes(6 * 1024 * 1024))!.length).toBe(5 * 1024 * 1024);
  });
});

describe("a stream's first event", () => {
  const failing = 'data: {"error":{"message":"busy","code":503}}\n\n';

  test.each([
    ["at once", [failing]],
    ["in single bytes", [...failing]],
    ["after comments", [": one\n\n", ": two\r\n\r\n", failing]],
    ["after comments in one piece", [`: one\n\n: two\n\n${failing}data: [DONE]\n\n`]],
  ])("that is an error, %s, leads to the next target", async (_, pieces) => {
    const first = target(stream(pieces));
    const { outcome } = await runOn([first, target(stream(["data: fine\n\n"]))]);
    expect(await textOf(successOf(outcome).response)).toBe("data: fine\n\n");
    expect((await runOn([first])).outcome).toMatchObject({ ok: false, status: 503, message: "busy" });
  });

  test("that is an error closes the stream that it came in", async () => {
    const first = target(endless(failing, "text/event-stream"));
    await runOn([first, target(json({}))]);
    await Promise.all(server.received(first.name).map((exchange) => exchange.left));
  });

  test("that is none is given back with all that came", async () => {
    const text = ": hi\n\ndata: one\n\ndata: two\n\n";
    for (const pieces of [[text], [...text], ["data: no end"], [], [": only a comment\n\n"]]) {
      const { outcome } = await runOn([target(stream(pieces))]);
      expect(successOf(outcome).delivery).toBe("events");
      expect(await textOf(successOf(outcome).response)).toBe(pieces.join(""));
    }
  });

  test("that does not come in time, or has no end, is not waited for", async () => {
    const more = gate();
    const late = await runOn([target(stream(["data: a", more.passed, "b\n\n"]))], { firstEventPatience: 50 });
    more.open();
    expect(await textOf(successOf(late.outcome).response)).toBe("data: ab\n\n");
    const long = `data: ${"x".repeat(200_000)}`;
    const { outcome } = await runOn([target(stream([long, "\n\n"]))], { firstEventPatience: 10_000 });
    expect(await textOf(successOf(outcome).response)).toBe(`${long}\n\n`);
  });

  test("that hides behind comments without end is not waited for", async () => {
    const flood = ":\n\n".repeat(40_000);
    const more = gate();
    const { outcome } = await runOn([target(stream([flood, more.passed, "data: a\n\n"]))], {
      firstEventPatience: 10_000,
    });
    more.open();
    expect(await textOf(successOf(outcome).response)).toBe(`${flood}data: a\n\n`);
  });

  test("that is an error is told without the provider's key", async () => {
    const told = stream([`data: {"error":{"message":"wrong key: sk-very-secret","code":401}}\n\n`]);
    const { outcome } = await runOn([target(told, { secrets: ["sk-very-secret"] })]);
    expect(outcome).toMatchObject({ ok: false, status: 401, message: "wrong key: [redacted]" });
    expect(JSON.stringify(outcome)).not.toContain("sk-very-secret");
  });

  test("that never comes, because the stream breaks, is a failure like any other", async () => {
    const broken = target(stream(["data: a"], { finish: "reset" }));
    expect((await runOn([broken, target(json({}))])).outcome.ok).toBeTrue();
    expect(broken.requests()).toBe(3);
  });
});

test("an answer that cannot be the JSON it says it is leads to the next target", async () => {
  const garbage = target(answer(200, { "content-type": "application/json" }, "<html>busy</html>"));
  const { outcome } = await runOn([garbage, target(json({ ok: 1 }))]);
  expect(await Buffer.from(successOf(outcome).body!).toString()).toBe('{"ok":1}');
  expect((await runOn([garbage])).outcome).toMatchObject({ ok: false, error: { code: "upstream_invalid" } });
});
