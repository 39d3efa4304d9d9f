import { type BreakerConfig, configSchema } from "../../src/config/schema.ts";
import { openaiChat } from "../../src/formats/openai-chat/index.ts";
import { EditedBytes } from "../../src/lib/edited-bytes.ts";
import type { Attempt } from "../../src/records/trace.ts";
import { client, deadlines, requestTo, TestPresence } from "../../src/upstream/http/testing.ts";
import type { Failure, Outcome, Success } from "../../src/upstream/outcome.ts";
import { type RunOptions, run } from "../../src/upstream/run.ts";
import type { CallSettings, Target } from "../../src/upstream/target.ts";
import { Upstreams } from "../../src/upstream/upstream.ts";
import type { FaultUpstream } from "./fault-upstream.ts";
import type { Behaviour } from "./raw-server.ts";

export const QUICK_RETRY = { max_attempts: 3, base_delay_ms: 1, max_delay_ms: 50, backoff_multiplier: 1 };

/** One try, and short timeouts. */
export const ONCE: CallSettings = {
  timeout: 300,
  connectTimeout: 1000,
  totalTimeout: 10_000,
  retry: { ...QUICK_RETRY, max_attempts: 1 },
};

const defaults = configSchema.parse({});
/** Over all servers, so that none sees another's requests. */
let count = 0;

/** A target that is a script of a fault upstream. */
export interface ScriptedTarget extends Target {
  readonly requests: () => number;
}

/** Makes targets that are each their own script, and know each other's limits as those of one gateway do. */
export function scriptedTargets(server: FaultUpstream) {
  const upstreams = new Upstreams();

  function target(
    behaviour: Behaviour | string,
    over: Partial<Target> = {},
    breaker: Partial<BreakerConfig> = {},
  ): ScriptedTarget {
    const name = `t${count++}`;
    const url = typeof behaviour === "string" ? behaviour : server.script(name, behaviour);
    const { origin, target: path } = requestTo(url);
    return {
      name,
      upstream: upstreams.get(name, { ...defaults.breaker, ...breaker }, { share: 0, minimum: 100 }),
      provider: null,
      model: null,
      format: null,
      keepsResponses: false,
      settings: { ...ONCE, retry: QUICK_RETRY },
      responseType: null,
      keyCount: 1,
      secrets: [],
      passRedirects: false,
      prepare: () => ({
        origin,
        method: "POST",
        target: path,
        headerLines: "",
        body: new EditedBytes(Buffer.from("{}"), []),
        converter: null,
      }),
      requests: () => server.received(name).length,
      ...over,
    };
  }
  return { target, upstreams };
}

/** Runs a request of a client that is there on the targets. */
export async function runOn(targets: readonly Target[], over: Partial<RunOptions> = {}) {
  const attempts: Attempt[] = [];
  const result = await run(targets, {
    client,
    deadlines,
    presence: new TestPresence(),
    startedTick: performance.now(),
    totalAt: performance.now() + 10_000,
    wholeLimit: 1024 * 1024,
    firstEventPatience: 200,
    attempts,
    streamErrorOf: (event) =>
      event.data.startsWith("{") ? openaiChat.streamErrorOf(JSON.parse(event.data)) : null,
    ...over,
  });
  return { ...result, attempts };
}

export function successOf(outcome: Outcome): Success {
  if (!outcome.ok) throw outcome.error;
  return outcome;
}

export function failureOf(outcome: Outcome): Failure {
  if (outcome.ok) throw new Error(`succeeded with ${outcome.response.status}`);
  return outcome;
}
