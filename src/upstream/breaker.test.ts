import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { configSchema } from "../config/schema.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import { RetryBudget } from "./retry-budget.ts";
import { RollingWindow } from "./rolling-window.ts";

/** Opens at half of at least 4 calls in 10 s, for 5 s. */
const SETTINGS = { enabled: true, failure_share: 0.5, window: 10, minimum_calls: 4, open: 5 };

function breakerWith(over: Partial<typeof SETTINGS> = {}) {
  const states: BreakerState[] = [];
  return { breaker: new Breaker({ ...SETTINGS, ...over }, (state) => states.push(state)), states };
}

/** An upstream that fails at `now` until its breaker opens. */
function openAt(now: number) {
  const { breaker, states } = breakerWith();
  for (let i = 0; i < 4; i++) breaker.admit(now)!.failed(now);
  expect(breaker.state).toBe("open");
  return { breaker, states };
}

describe("a closed breaker", () => {
  test("opens when the share of failures is reached, and not before there are enough calls", () => {
    const { breaker, states } = breakerWith();
    for (const failed of [true, true, true]) breaker.admit(0)![failed ? "failed" : "succeeded"](0);
    expect(breaker.state).toBe("closed");
    breaker.admit(0)!.succeeded(0);
    expect(breaker.state).toBe("closed");
    breaker.admit(0)!.failed(0);
    expect([breaker.state, states]).toEqual(["open", ["open"]]);
    expect(breaker.admit(0)).toBeNull();
    expect(breaker.recent(0)).toEqual({ calls: 5, failures: 4 });
  });

  test("stays closed below the share, and when failures are spread over more than the window", () => {
    const { breaker } = breakerWith();
    for (let i = 0; i < 100; i++) breaker.admit(i)![i % 3 === 2 ? "failed" : "succeeded"](i);
    expect(breaker.state).toBe("closed");
    const slow = breakerWith().breaker;
    for (let i = 0; i < 20; i++) slow.admit(i * 4000)!.failed(i * 4000);
    expect(slow.state).toBe("closed");
  });

  test("does not count calls that say nothing of the upstream", () => {
    const { breaker } = breakerWith();
    for (let i = 0; i < 3; i++) breaker.admit(0)!.failed(0);
    for (let i = 0; i < 9; i++) breaker.admit(0)!.undecided(0);
    expect([breaker.state, breaker.recent(0)]).toEqual(["closed", { calls: 3, failures: 3 }]);
  });

  test("counts a stream that broke as one call that failed, so that it opens when all of them break", () => {
    const { breaker } = breakerWith({ failure_share: 0.9 });
    for (let i = 0; i < 4; i++) {
      breaker.admit(0)!.succeeded(0);
      breaker.failedLate(0);
    }
    expect([breaker.state, breaker.recent(0)]).toEqual(["open", { calls: 4, failures: 4 }]);
  });

  test("never opens when it is switched off", () => {
    const { breaker } = breakerWith({ enabled: false });
    for (let i = 0; i < 50; i++) breaker.admit(0)!.failed(0);
    breaker.failedLate(0);
    expect([breaker.state, breaker.admit(0) !== null]).toEqual(["closed", true]);
  });
});

describe("an open breaker", () => {
  test("refuses until its time is over, and tells how long that is", () => {
    const { breaker } = openAt(1000);
    expect([breaker.admit(1000), breaker.admit(5999)]).toEqual([null, null]);
    expect([1000, 3500, 5999, 9000].map((now) => breaker.retryAfter(now))).toEqual([5, 3, 1, 1]);
    expect(breaker.admit(6000)).not.toBeNull();
    expect(breaker.state).toBe("half-open");
  });

  test("lets exactly one call through then, however many come, until that one has ended", () => {
    // Or until the breaker's pause has passed once more: a trial may be a long answer.
    const { breaker } = openAt(0);
    const trial = breaker.admit(5000);
    expect(trial).not.toBeNull();
    for (let i = 0; i < 49; i++) expect(breaker.admit(5000 + i * 100)).toBeNull();
    expect(breaker.admit(10_000)).not.toBeNull();
    expect(breaker.admit(10_001)).toBeNull();
    trial!.succeeded(200_000);
    expect(breaker.state).toBe("closed");
    expect(breaker.admit(200_000)).not.toBeNull();
    expect(breaker.recent(200_000)).toEqual({ calls: 1, failures: 0 });
  });

  test("opens again for its whole time when that one fails", () => {
    const { breaker, states } = openAt(0);
    breaker.admit(5000)!.failed(7000);
    expect([breaker.admit(11_999), breaker.admit(12_000) !== null]).toEqual([null, true]);
    expect(states).toEqual(["open", "half-open", "open", "half-open"]);
  });

  test("lets the next one try when that one said nothing, as one that was cancelled", () => {
    const { breaker } = openAt(0);
    breaker.admit(5000)!.undecided(5100);
    expect(breaker.state).toBe("half-open");
    const next = breaker.admit(5200);
    expect([next !== null, breaker.admit(5200)]).toEqual([true, null]);
    next!.succeeded(5300);
    expect(breaker.state).toBe("closed");
  });

  test("is not moved by calls that began before it opened", () => {
    const { breaker, states } = breakerWith();
    const early = [1, 2, 3].map(() => breaker.admit(0)!);
    for (let i = 0; i < 4; i++) breaker.admit(0)!.failed(0);
    early[0]!.succeeded(1);
    expect(breaker.state).toBe("open");
    const trial = breaker.admit(5000)!;
    early[1]!.succeeded(5001);
    early[2]!.failed(5001);
    breaker.failedLate(5002);
    expect(breaker.state).toBe("half-open");
    trial.succeeded(5003);
    expect(states).toEqual(["open", "half-open", "closed"]);
  });
});

test("whatever happens, a half-open breaker has one call under way at most, and an open one admits none early", () => {
  const step = fc.tuple(
    fc.constantFrom("admit", "succeeded", "failed", "undecided", "late"),
    fc.nat(3000),
    fc.nat(),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { breaker } = breakerWith();
      const permits: { permit: NonNullable<ReturnType<Breaker["admit"]>>; trial: boolean }[] = [];
      let now = 0;
      for (const [what, elapsed, index] of steps) {
        now += elapsed;
        if (what === "admit") {
          const before = breaker.state;
          const permit = breaker.admit(now);
          const trial = breaker.state === "half-open";
          if (permit !== null) permits.push({ permit, trial });
          if (before === "closed") expect(permit).not.toBeNull();
          expect(permits.filter((given) => given.trial).length).toBeLessThanOrEqual(1);
        } else if (what === "late") {
          breaker.failedLate(now);
        } else if (permits.length > 0) {
          permits.splice(index % permits.length, 1)[0]!.permit[what](now);
        }
        if (breaker.state !== "half-open") for (const given of permits) given.trial = false;
      }
    }),
  );
});

describe("a rolling window", () => {
  test("holds what came in its span, a tenth of it at a time, and nothing older", () => {
    const entry = fc.tuple(fc.nat(4000), fc.boolean());
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), (entries) => {
        const window = new RollingWindow(10_000);
        let now = 0;
        const all = entries.map(([elapsed, failed]) => {
          now += elapsed;
          window.add(failed, now);
          return { step: Math.floor(now / 1000), failed };
        });
        const kept = all.filter(({ step }) => step > Math.floor(now / 1000) - 10);
        expect(window.totals(now)).toEqual({
          calls: kept.length,
          failures: kept.filter(({ failed }) => failed).length,
        });
        expect(window.totals(now + 10_000)).toEqual({ calls: 0, failures: 0 });
      }),
    );
  });

  test("may be asked after any silence, and be emptied", () => {
    const window = new RollingWindow(1000);
    window.add(true, 1e9);
    expect(window.totals(1e9)).toEqual({ calls: 1, failures: 1 });
    window.add(false, 1e12);
    expect(window.totals(1e12)).toEqual({ calls: 1, failures: 0 });
    window.clear();
    expect(window.totals(1e12)).toEqual({ calls: 0, failures: 0 });
  });
});

describe("a retry budget", () => {
  test("gives its minimum, and its share of the first tries of the last ten seconds", () => {
    const budget = new RetryBudget({ share: 0.2, minimum: 3 });
    const taken = (now: number) => {
      for (let i = 0; ; i++) if (!budget.take(now)) return i;
    };
    expect(taken(0)).toBe(3);
    for (let i = 0; i < 50; i++) budget.firstTry(100);
    expect(taken(100)).toBe(10);
    expect(taken(5000)).toBe(0);
    expect(taken(20_000)).toBe(3);
  });

  test("of nothing gives nothing", () => {
    const budget = new RetryBudget({ share: 0, minimum: 0 });
    for (let i = 0; i < 100; i++) budget.firstTry(0);
    expect(budget.take(0)).toBeFalse();
  });

  test("has the defaults that the configuration describes", () => {
    expect(configSchema.parse({}).retry_budget).toEqual({ share: 0.2, minimum: 10 });
  });
});
