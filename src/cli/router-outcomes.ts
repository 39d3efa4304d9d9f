import { createHash } from "node:crypto";
import { SentBodies } from "../prompts/sent-body.ts";
import type { Observation, Tier } from "../quality/observation.ts";
import { requestText } from "../quality/request-text.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import type { Storage } from "../storage/interface.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { type ModelNames, TierChances } from "./router-chances.ts";
import { requestsWithBodies } from "./router-traffic.ts";

/** Judged requests, and different prompts of them, that are read, the newest: what they are learned from is held in memory. */
const MOST = 200_000;
const MOST_PROMPTS = 20_000;

export interface LogQuery {
  readonly filter: RecordFilter;
  readonly models: ModelNames;
  /** Name of the feedback. */
  readonly feedback: string;
  /** The worst and the best of its numbers. */
  readonly range: readonly [worst: number, best: number];
}

export interface LogOutcomes {
  /** In the order in which the requests began. */
  readonly observations: readonly Observation[];
  /** How many of them have a known probability. */
  readonly known: number;
  /** SHA-256 of them, in hexadecimal. */
  readonly checksum: string;
  readonly passedOver: {
    /** Requests whose prompt was not kept or cannot be read. */
    readonly unread: number;
    /** Requests whose templates' texts cannot be made again. */
    readonly unfilled: number;
    /** Pieces of feedback that are no boolean and no number within the range. */
    readonly unusable: number;
    /** Requests judged through a run or thread in which both models were used. */
    readonly mixed: number;
  };
}

/** A request with what is known of it, before judgements that it shares with others are shared out. */
interface Judged {
  readonly prompt: string;
  readonly tier: Tier;
  readonly probability: number | null;
  /** From 0 to 1: of feedback on itself, or else on its run or thread. */
  readonly outcome: number;
  /** The run or thread that was judged in its place; null where it was judged itself. */
  readonly unit: string | null;
}

/**
 * What the records say of how good the answers of two models were. A request counts by the feedback on itself. Where there is none and
 * an experiment chose its model, it counts by the feedback on its run or thread, which it shares with the others of these.
 */
export async function readLogOutcomes(storage: Storage, query: LogQuery): Promise<LogOutcomes> {
  const chances = new TierChances(storage.experiments, query.models);
  const scale = new Scale(query.feedback, query.range);
  const judged: Judged[] = [];
  const prompts = new Set<string>();
  const bodies = new SentBodies(storage.prompts);
  let unread = 0;
  let unfilled = 0;
  const filter = { ...query.filter, feedback: query.feedback };
  for await (const { record, body, format, cut } of requestsWithBodies(storage.records, filter, MOST)) {
    const tier = chances.tierOf(record);
    if (tier === null || record.duplicate) continue;
    const chance = await chances.of(record, tier);
    const judgement = await judgementOf(storage, record, chance !== null, scale);
    if (judgement === null) continue;
    const sent = body === null ? null : await bodies.of(body, format, record.templates);
    if (sent === null && body !== null && !cut) {
      unfilled++;
      continue;
    }
    const text = sent === null ? null : requestText(sent, format).text;
    if (text === null) {
      unread++;
      continue;
    }
    prompts.add(text);
    if (prompts.size > MOST_PROMPTS) break;
    judged.push({ prompt: text, tier, probability: chance?.probability ?? null, ...judgement });
  }
  const { observations, mixed } = sharedOut(judged.reverse());
  return {
    observations,
    known: observations.filter(({ probability }) => probability !== null).length,
    checksum: createHash("sha256").update(JSON.stringify(observations)).digest("hex"),
    passedOver: { unread, unfilled, unusable: scale.unusable, mixed },
  };
}

async function judgementOf(
  { feedback }: Pick<Storage, "feedback">,
  record: RequestRecord,
  isDecided: boolean,
  scale: Scale,
): Promise<Pick<Judged, "outcome" | "unit"> | null> {
  const own = scale.mean(await feedback.forTarget("request", record.requestId), record.startedAt);
  if (own !== null) return { outcome: own, unit: null };
  if (!isDecided) return null;
  const run = scale.mean(await feedback.forTarget("run", record.runId), record.startedAt);
  if (run !== null) return { outcome: run, unit: `run ${record.runId}` };
  if (record.threadId === null) return null;
  const thread = scale.mean(await feedback.forTarget("thread", record.threadId), record.startedAt);
  return thread === null ? null : { outcome: thread, unit: `thread ${record.threadId}` };
}

/** Feedback of one name as numbers from 0 to 1. */
class Scale {
  readonly #name: string;
  readonly #worst: number;
  readonly #best: number;
  /** By its key and id, for the feedback on a run is read with each of its requests. */
  readonly #unusable = new Set<string>();

  constructor(name: string, [worst, best]: LogQuery["range"]) {
    this.#name = name;
    this.#worst = worst;
    this.#best = best;
  }

  get unusable(): number {
    return this.#unusable.size;
  }

  /** The mean of what was said since the request began; null where that is nothing. */
  mean(found: readonly Feedback[], startedAt: number): number | null {
    const values = found
      .filter(({ name, receivedAt }) => name === this.#name && receivedAt >= startedAt)
      .flatMap((each) => this.#value(each) ?? []);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  #value({ id, keyId, value }: Feedback): number | null {
    if (typeof value === "boolean") return value ? 1 : 0;
    const part = typeof value === "number" ? (value - this.#worst) / (this.#best - this.#worst) : Number.NaN;
    if (part >= 0 && part <= 1) return part;
    this.#unusable.add(`${keyId} ${id}`);
    return null;
  }
}

/** A judgement on a run or thread counts once, whatever its length; where both models were used it says nothing of either. */
function sharedOut(judged: readonly Judged[]): { observations: Observation[]; mixed: number } {
  const units = new Map<string, { count: number; tiers: Set<Tier> }>();
  for (const { unit, tier } of judged) {
    if (unit === null) continue;
    const known = units.get(unit) ?? { count: 0, tiers: new Set() };
    known.count++;
    known.tiers.add(tier);
    units.set(unit, known);
  }
  const kept = judged.filter(({ unit }) => unit === null || units.get(unit)!.tiers.size === 1);
  const observations = kept.map(({ prompt, tier, outcome, probability, unit }) => ({
    prompt,
    tier,
    outcome,
    probability,
    share: unit === null ? 1 : 1 / units.get(unit)!.count,
  }));
  return { observations, mixed: judged.length - kept.length };
}
