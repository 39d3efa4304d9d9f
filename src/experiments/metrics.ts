import type { FinishReason } from "../exchange/response.ts";
import type { DecidedRequest } from "../storage/experiment-store.ts";
import type { Metric, RECORDED_METRICS } from "./experiment.ts";
import type { Gathering } from "./units.ts";

/** A metric that records have: what a request says of it, and how a unit's requests become one value. */
export interface RecordedMetric {
  readonly gathering: Gathering;
  /** An `amount` is any number from 0 on; a `share` is 0 or 1 for a request. */
  readonly nature: "amount" | "share";
  /** Null where nothing is known of the request. */
  readonly valueOf: (request: DecidedRequest) => number | null;
}

const FINISH = "finish:";
const REASONS: Readonly<Record<FinishReason, true>> = {
  stop: true,
  "stop-sequence": true,
  length: true,
  context: true,
  "tool-calls": true,
  "content-filter": true,
  refusal: true,
  pause: true,
  other: true,
};
const REFUSALS: ReadonlySet<string | null> = new Set<FinishReason>(["refusal", "content-filter"]);

/** What a unit costs is what all of its requests do; how long it waits, and how often it fails, is an average. */
const RECORDED: Readonly<Record<(typeof RECORDED_METRICS)[number], RecordedMetric>> = {
  cost: { gathering: "sum", nature: "amount", valueOf: ({ costUsd }) => costUsd },
  output_tokens: { gathering: "sum", nature: "amount", valueOf: ({ outputTokens }) => outputTokens },
  latency: { gathering: "mean", nature: "amount", valueOf: ({ durationMs }) => durationMs },
  first_token: { gathering: "mean", nature: "amount", valueOf: ({ firstTokenMs }) => firstTokenMs },
  failure: share(({ failed }) => failed),
  refusal: share(({ finish }) => REFUSALS.has(finish)),
};
const BY_NAME: ReadonlyMap<string, RecordedMetric> = new Map(Object.entries(RECORDED));

/** Null where the name is that of feedback. */
export function recordedMetric(name: string): RecordedMetric | null {
  const known = BY_NAME.get(name);
  if (known !== undefined || !name.startsWith(FINISH)) return known ?? null;
  const reason = name.slice(FINISH.length);
  return share(({ finish }) => finish === reason);
}

const MAX_FEEDBACK_NAME = 128;

/** Why something cannot be measured, or null. */
export function metricProblem({ name, kind }: Metric): string | null {
  if (name.startsWith(FINISH) && !Object.hasOwn(REASONS, name.slice(FINISH.length)))
    return `There is no finish reason "${shown(name.slice(FINISH.length))}"; there are ${Object.keys(REASONS).join(", ")}.`;
  const recorded = recordedMetric(name);
  if (recorded === null) {
    const isName = name.length > 0 && name.length <= MAX_FEEDBACK_NAME && !/\p{C}/u.test(name);
    return isName ? null : `A metric's name is 1 to ${MAX_FEEDBACK_NAME} printable characters.`;
  }
  if (recorded.nature === "share" && kind !== "boolean") return `The metric ${name} is of the kind boolean.`;
  if (recorded.nature === "amount" && kind === "boolean")
    return `The metric ${name} is of the kind number, or bounded with min and max.`;
  return null;
}

function share(is: (request: DecidedRequest) => boolean): RecordedMetric {
  return { gathering: "mean", nature: "share", valueOf: (request) => (is(request) ? 1 : 0) };
}

function shown(text: string): string {
  return text.replace(/\p{C}/gu, "�").slice(0, 40);
}
