import { afterAll, describe, expect, test } from "bun:test";
import { startFaultUpstream } from "../../test/support/fault-upstream.ts";
import { flaky, json, stream } from "../../test/support/faults.ts";
import type { Behaviour } from "../../test/support/raw-server.ts";
import { failureOf, ONCE, QUICK_RETRY, runOn, scriptedTargets } from "../../test/support/scripted-targets.ts";
import { DEFAULT_FALLBACK } from "../exchange/fallback.ts";
import { EditedBytes } from "../lib/edited-bytes.ts";
import type { Attempt } from "../records/trace.ts";
import { MAX_COOLDOWN_MS } from "./cooldowns.ts";
import { requestTo } from "./http/testing.ts";
import type { Target } from "./target.ts";

const server = startFaultUpstream();
afterAll(() => server.stop());

const limited = (headers: Record<string, string> = {}, error: object = { message: "slow down" }) =>
  json({ error }, 429, headers);
const FINE = json({ ok: true });
const outcomes = (attempts: Attempt[]) => attempts.map(({ status, error }) => status ?? error);

/** Targets of providers that know each other's limits, as those of one gateway. */
function setUp() {
  const { target, upstreams } = scriptedTargets(server);
  const secondsOut = (name: string) =>
    Math.round((upstreams.cooldowns.until(name) - performance.now()) / 1000);
  let count = 0;
  const provided = (behaviour: Behaviour, over: Partial<Target> = {}) => {
    const provider = `p${count++}`;
    return target(behaviour, { provider, model: "m", name: `${provider}/m`, settings: ONCE, ...over });
  };
  return { target, provided, upstreams, secondsOut };
}

const requestsOf = (target: Target) => server.received(target.upstream.name).length;

describe("a target that is limited", () => {
  test("is passed over for its time while another is left, and asked again after it", async () => {
    const { provided } = setUp();
    const first = provided(flaky(1, limited({ "retry-after-ms": "150" }), FINE));
    const second = provided(FINE);
    expect(outcomes((await runOn([first, second])).attempts)).toEqual([429, 200]);
    const { attempts } = await runOn([first, second]);
    expect(attempts[0]).toMatchObject({
      target: first.name,
      error: "upstream_limited",
      status: null,
      reason: "limit",
    });
    expect([outcomes(attempts), requestsOf(first)]).toEqual([["upstream_limited", 200], 1]);
    await Bun.sleep(160);
    expect(outcomes((await runOn([first, second])).attempts)).toEqual([200]);
  });

  test("is not told of where it would not have been asked", async () => {
    const { provided } = setUp();
    const out = provided(limited({ "retry-after": "60" }));
    const fine = provided(FINE);
    await runOn([out]);
    expect(outcomes((await runOn([fine, out])).attempts)).toEqual([200]);
  });

  test("is asked all the same when it is alone, when the others fail, and where limits do not fall back", async () => {
    const { provided } = setUp();
    const out = provided(flaky(1, limited({ "retry-after": "60" }), FINE));
    await runOn([out]);
    const failing = provided(json({ error: { message: "x" } }, 500));
    const last = await runOn([out, failing]);
    expect([outcomes(last.attempts), last.target.name]).toEqual([["upstream_limited", 500, 200], out.name]);
    const again = provided(limited({ "retry-after": "60" }));
    await runOn([again]);
    expect(outcomes((await runOn([again])).attempts)).toEqual([429]);
    const behind = await runOn([failing, again]);
    expect([outcomes(behind.attempts), failureOf(behind.outcome).status]).toEqual([[500, 429], 429]);
    const kept = await runOn([again, failing], { fallback: { ...DEFAULT_FALLBACK, limit: false } });
    expect(outcomes(kept.attempts)).toEqual([429]);
  });

  test("and back soonest is asked where all are out; its answer ends its time", async () => {
    const { provided, upstreams } = setUp();
    const late = provided(limited({ "retry-after": "100" }));
    const soon = provided(flaky(1, limited({ "retry-after": "50" }), FINE));
    const last = provided(limited({ "retry-after": "80" }));
    await runOn([late, soon, last]);
    expect(upstreams.cooldowns.size).toBe(3);
    const { attempts, target: served } = await runOn([late, soon, last]);
    expect([outcomes(attempts), served.name]).toEqual([["upstream_limited", 200], soon.name]);
    expect(upstreams.cooldowns.until(soon.name)).toBe(0);
  });

  test("is passed over also when the time for the whole is over, which is then what is told", async () => {
    const { provided } = setUp();
    const out = provided(limited({ "retry-after": "60" }));
    const fine = provided(FINE);
    await runOn([out]);
    const { outcome, attempts } = await runOn([out, fine], { totalAt: performance.now() - 1 });
    expect([failureOf(outcome).error.code, outcomes(attempts)]).toEqual([
      "total_timeout",
      ["upstream_limited", "total_timeout"],
    ]);
    expect(requestsOf(fine)).toBe(0);
  });

  test("says nothing of another model, nor an endpoint of its other clients", async () => {
    const { provided, target, upstreams } = setUp();
    const one = provided(limited({ "retry-after": "60" }), { model: "a", name: "p/a" });
    const other = { ...one, model: "b", name: "p/b" };
    await runOn([one]);
    expect([upstreams.cooldowns.until("p/a") > 0, upstreams.cooldowns.until(other.name)]).toEqual([true, 0]);
    await runOn([target(limited({ "retry-after": "60" }), { settings: ONCE })]);
    expect(upstreams.cooldowns.size).toBe(1);
  });

  test.each<[string, Behaviour, number]>([
    ["by Retry-After", limited({ "retry-after": "20" }), 20],
    ["by Retry-After, at most some minutes", limited({ "retry-after": "86400" }), MAX_COOLDOWN_MS / 1000],
    [
      "by what is left of its limits",
      limited({ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30s" }),
      90,
    ],
    [
      "by Retry-After where both are told",
      limited({ "retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "90" }),
      7,
    ],
    ["by Gemini's body", limited({}, { message: "x", details: [{ retryDelay: "34s" }] }), 34],
    [
      "by its quota, told in a stream of the Responses API",
      stream([
        'data: {"type":"error","error":{"type":"insufficient_quota","message":"You exceeded your current quota, please check your plan and billing details."}}\n\n',
      ]),
      MAX_COOLDOWN_MS / 1000,
    ],
    ["by its quota", limited({}, { message: "x", code: "insufficient_quota" }), MAX_COOLDOWN_MS / 1000],
  ])("is out %s", async (_, behaviour, seconds) => {
    const { provided, secondsOut } = setUp();
    const one = provided(behaviour);
    await runOn([one]);
    expect(secondsOut(one.name)).toBe(seconds);
  });

  test.each<[string, Behaviour]>([
    ["does not say for how long", limited()],
    ["has some left", limited({ "x-ratelimit-remaining": "5", "x-ratelimit-reset": "90" })],
    ["is none, but busy", json({ error: { message: "x" } }, 503, { "retry-after": "60" })],
    ["refuses", json({ error: { message: "x" } }, 403, { "retry-after": "60" })],
  ])("is not out where it %s", async (_, behaviour) => {
    const { provided, upstreams } = setUp();
    await runOn([provided(behaviour)]);
    expect(upstreams.cooldowns.size).toBe(0);
  });

  test("by its quota or by the prompt's own length is not asked again at once", async () => {
    const { provided } = setUp();
    const settings = { ...ONCE, retry: QUICK_RETRY };
    for (const error of [
      { message: "x", code: "insufficient_quota" },
      { message: "Request too large for m on tokens per min: Limit 1, Requested 2" },
    ]) {
      const one = provided(limited({}, error), { settings });
      expect(failureOf((await runOn([one])).outcome).status).toBe(429);
      expect(requestsOf(one)).toBe(1);
    }
  });
});

describe("a provider with several keys", () => {
  /** Keys by their index: how requests with each are answered. Tells which were used. */
  function keyed(behaviours: readonly Behaviour[], over: Partial<Target> = {}) {
    const { provided, upstreams } = setUp();
    const used: number[] = [];
    const base = provided((exchange) => {
      const index = Number(exchange.target.split("key=")[1]);
      used.push(index);
      return behaviours[index]!(exchange);
    });
    const url = requestTo(`${server.url}/${base.upstream.name}`);
    const one: Target = {
      ...base,
      settings: { ...ONCE, retry: QUICK_RETRY },
      keyCount: behaviours.length,
      prepare() {
        const keyIndex = upstreams.keyTurns.next(base.provider!, behaviours.length, base.model);
        return {
          origin: url.origin,
          method: "POST",
          target: `${url.target}?key=${keyIndex}`,
          headerLines: "",
          body: new EditedBytes(Buffer.from("{}"), []),
          converter: null,
          keyIndex,
        };
      },
      ...over,
    };
    return { one, used, upstreams, provided };
  }

  const wrong = json({ error: { message: "wrong key" } }, 401);

  test.each<[string, Behaviour]>([
    ["limited for long", limited({ "retry-after": "60" })],
    ["limited", limited()],
    ["out of quota", limited({}, { message: "x", code: "insufficient_quota" })],
    ["refused", wrong],
    ["forbidden", json({ error: { message: "no" } }, 403)],
  ])("goes on with the others while one is %s", async (_, behaviour) => {
    const { one, used, upstreams } = keyed([behaviour, FINE, FINE]);
    for (let i = 0; i < 5; i++) expect((await runOn([one])).outcome.ok).toBeTrue();
    expect(used).toEqual([0, 1, 2, 1, 2, 1]);
    expect(upstreams.cooldowns.size).toBe(0);
  });

  test("keeps a refused key for no model, and a limited one for the others", async () => {
    const refused = keyed([wrong, FINE]);
    await runOn([refused.one]);
    const { provider } = refused.one;
    expect(refused.upstreams.keyTurns.next(provider!, 2, "other")).toBe(1);
    expect(refused.upstreams.keyTurns.next(provider!, 2, "other")).toBe(1);
    const limit = keyed([limited({ "retry-after": "60" }), FINE]);
    await runOn([limit.one]);
    const turns = [1, 2].map(() => limit.upstreams.keyTurns.next(limit.one.provider!, 2, "other"));
    expect(turns.toSorted()).toEqual([0, 1]);
  });

  test("is out when all of them are limited, until the first is back", async () => {
    const { one, used, upstreams, provided } = keyed([
      limited({ "retry-after": "60" }),
      limited({ "retry-after": "30" }),
    ]);
    expect(outcomes((await runOn([one, provided(FINE)])).attempts)).toEqual([429, 429, 200]);
    expect(used).toEqual([0, 1]);
    const until = upstreams.cooldowns.until(one.name) - performance.now();
    expect(until).toBeGreaterThan(28_000);
    expect(until).toBeLessThan(30_000);
    expect(outcomes((await runOn([one, provided(FINE)])).attempts)).toEqual(["upstream_limited", 200]);
  });

  test("asks with each once where all are refused, and then goes on to the next target", async () => {
    const { one, used, provided } = keyed([wrong, wrong]);
    expect(outcomes((await runOn([one, provided(FINE)])).attempts)).toEqual([401, 401, 200]);
    expect(used).toEqual([0, 1]);
  });

  test("loses no key to a prompt that a filter refuses", async () => {
    const flagged = json({ error: { message: "Your input was flagged" } }, 403);
    const { one, used, upstreams } = keyed([flagged, flagged]);
    await runOn([one]);
    expect(used).toEqual([0]);
    expect(upstreams.keyTurns.backAt(one.provider!, 2, "m")).toBe(0);
    expect(upstreams.keyTurns.next(one.provider!, 2, "m")).toBe(1);
  });

  test("starts anew after a reload", async () => {
    const { one, upstreams } = keyed([wrong, limited({ "retry-after": "60" })]);
    await runOn([one]);
    upstreams.keep(new Set([one.upstream.name]));
    expect([upstreams.keyTurns.backAt(one.provider!, 2, "m"), upstreams.cooldowns.size]).toEqual([0, 0]);
  });
});
