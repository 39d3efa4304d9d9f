import type { RecordsConfig } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import type { Logger } from "../lib/logger.ts";
import { UlidMaker } from "../lib/ulid.ts";
import { within } from "../lib/within.ts";
import type { RecordStore } from "../storage/record-store.ts";
import type { Capture } from "./capture.ts";
import type { DurableSink } from "./durable-sink.ts";
import { makeRecord, modelOf, requestIdOf } from "./make-record.ts";
import { type Outcome, readOutcome } from "./outcome.ts";
import type { Cost, RecordedBodies, RequestRecord, WrittenRecord } from "./record.ts";
import { recordedBodies } from "./recorded-bodies.ts";
import { Redaction } from "./redaction.ts";
import { RunIds } from "./run-ids.ts";
import { pause, Slice } from "./slices.ts";
import type { Trace } from "./trace.ts";
import { type CountedUsage, countUsage, isBilled } from "./usage.ts";

/** Finished requests wait this long for others, so that they are stored together; or for so many. */
const GATHER_MS = 40;
const BATCH = 256;
/** Once a request ended this long ago, what is not known of it yet is reckoned roughly: its record is due on disk. */
const DUE_MS = 65;
/** A machine that cannot keep up for so long loses the oldest. */
const MAX_WAITING = 200_000;
const LOST_LOG_INTERVAL_MS = 60_000;

/** The price of what was used at `at` (Unix milliseconds); null where it is not known. */
export type PriceOf = (
  provider: string | null,
  model: string | null,
  usage: Usage,
  at: number,
  /** Null is the provider's usual one. */
  serviceTier: string | null,
) => Cost | null;

/** Told of a finished request, with the bodies that are kept of it. Must return at once and throw nothing. */
export type RecordSubscriber = (record: RequestRecord, bodies: RecordedBodies | null) => void;

export interface RecorderOptions {
  readonly store: Pick<RecordStore, "runsOf">;
  readonly sink: DurableSink<WrittenRecord>;
  readonly logger: Logger;
  readonly config: () => RecordsConfig;
  readonly priceOf: PriceOf;
  /** Told of each record before it is stored. */
  readonly onRecord?: RecordSubscriber;
}

export interface Finished {
  readonly trace: Trace;
  readonly capture: Capture;
  /** `performance.now()` at which the request ended. */
  readonly at: number;
  /** The record's id, where it is given already. */
  readonly id?: string;
}

/** A record that lacks the run that it belongs to. */
interface Unplaced extends Making {
  readonly written: WrittenRecord;
  readonly parentId: string;
}

/** Makes records of finished requests, beside the requests that run, and has them stored within 100 ms. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #ids = new UlidMaker();
  readonly #runs = new RunIds();
  #waiting: Finished[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  /** Records that were not made in time, on their way. */
  readonly #late = new Set<Promise<void>>();
  #redaction: { readonly patterns: readonly string[]; readonly redaction: Redaction } | null = null;
  #lost = 0;
  #nextLostLog = -Infinity;

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Records that were lost since the start. */
  get lost(): number {
    return this.#lost + this.#options.sink.lost;
  }

  /** Finished requests whose records are not made yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The trace subscriber: takes a finished request, whose record is made later. */
  observe(trace: Trace): void {
    const { capture } = trace;
    if (capture === null) return;
    this.#waiting.push({ trace, capture, at: performance.now() });
    if (this.#waiting.length > MAX_WAITING) this.#dropOldest();
    if (this.#running !== null) return;
    if (this.#waiting.length >= BATCH) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), GATHER_MS);
  }

  /** A request of this trace is recorded later: those that are made for it belong to its run. */
  noteRun(trace: Trace): void {
    const runId = trace.tracking?.run_id;
    if (runId !== undefined) this.#runs.note(requestIdOf(trace), runId);
  }

  /** The run that a request belongs to, as far as it is known while it runs. */
  runOf(trace: Trace): string {
    const { run_id: runId, request_parent_id: parentId } = trace.tracking ?? {};
    const requestId = requestIdOf(trace);
    return this.#runs.find({ requestId, runId, parentId }) ?? parentId ?? requestId;
  }

  /** Makes records of requests that ended before; resolves when they are stored, or wait in files or memory. */
  async record(batch: readonly Finished[]): Promise<void> {
    await this.#record(batch);
    await Promise.all(this.#late);
  }

  /** Makes the records of all that has ended; resolves when they are stored, or wait in files or memory. */
  async flush(): Promise<void> {
    while (this.#waiting.length > 0 || this.#running !== null || this.#late.size > 0) {
      this.#start();
      await this.#running;
      await Promise.all(this.#late);
    }
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#start(), GATHER_MS);
    });
  }

  /** One batch after the other, as long as whole ones wait, or those that wait are due. */
  async #run(): Promise<void> {
    do {
      const batch = this.#waiting.splice(0, BATCH);
      await this.#record(batch);
    } while (this.#waiting.length >= BATCH || this.#isDue());
  }

  #isDue(): boolean {
    const oldest = this.#waiting[0];
    return oldest !== undefined && performance.now() - oldest.at >= GATHER_MS;
  }

  async #record(batch: readonly Finished[]): Promise<void> {
    const dueAt = (batch[0]?.at ?? 0) + DUE_MS;
    const readings: Reading[] = [];
    const slice = new Slice();
    for (const finished of batch) {
      readings.push(this.#read(finished));
      // A process that has all hands full gets its next turn late, and the records are due.
      if (slice.over() && performance.now() < dueAt) await pause();
    }
    const late = await this.#putMade(readings, dueAt - performance.now());
    if (late.length > 0) this.#putLater(late);
  }

  /** Has those stored that are made within so many milliseconds, together. Returns the others. */
  async #putMade(readings: readonly Reading[], ms: number): Promise<readonly Reading[]> {
    const open = readings.flatMap(({ making }) => making ?? []);
    if (open.length > 0) await within(ms, Promise.all(open));
    const late = readings.filter(({ made }) => made === null);
    await this.#put(late.length === 0 ? readings : readings.filter(({ made }) => made !== null));
    return late;
  }

  /** What takes long to read, such as an answer of many megabytes, holds up no others. */
  #putLater(readings: readonly Reading[]): void {
    const put = async () => {
      for (let late = readings; late.length > 0; ) late = await this.#putMade(late, DUE_MS);
    };
    const done = put().finally(() => this.#late.delete(done));
    this.#late.add(done);
  }

  #read(finished: Finished): Reading {
    const making = this.#safely(finished);
    if (!(making instanceof Promise)) return { finished, made: making, making: null };
    const reading: Reading = { finished, made: null, making: making.then((made) => (reading.made = made)) };
    return reading;
  }

  async #put(readings: readonly Reading[]): Promise<void> {
    try {
      const records = await this.#placed(readings.flatMap(({ made }) => made ?? []));
      for (const { record, bodies } of records) this.#options.onRecord?.(record, bodies);
      await this.#options.sink.put(records);
    } finally {
      for (const { finished } of readings) {
        finished.capture.release();
        // Whoever else holds the trace must not hold its bytes.
        finished.trace.capture = null;
      }
    }
  }

  /** A request of which something cannot be read is recorded with what is known of it. */
  #safely(finished: Finished): Making | Promise<Making> {
    try {
      const made = this.#make(finished);
      return made instanceof Promise ? made.catch((error) => this.#withoutOutcome(finished, error)) : made;
    } catch (error) {
      return this.#withoutOutcome(finished, error);
    }
  }

  #withoutOutcome({ trace, id: given }: Finished, error: unknown): Making {
    const requestId = requestIdOf(trace);
    this.#options.logger.error("What came of a request could not be read; it is recorded without.", {
      request_id: requestId,
      error,
    });
    const { run_id: runId = requestId } = trace.tracking ?? {};
    const id = given ?? this.#ids.next(trace.startedAt);
    const counted = { usage: null, source: null };
    return {
      written: {
        record: makeRecord(trace, { id, runId, outcome: NOTHING, counted, cost: null }),
        bodies: null,
      },
    };
  }

  #make(finished: Finished): Making | Promise<Making> {
    const outcome = readOutcome(finished.trace, finished.capture);
    return outcome instanceof Promise
      ? outcome.then((read) => this.#count(finished, read))
      : this.#count(finished, outcome);
  }

  #count(finished: Finished, outcome: Outcome): Making | Promise<Making> {
    const { trace, capture, at } = finished;
    const counted = countUsage(trace, capture, outcome.facts, at + DUE_MS);
    return counted instanceof Promise
      ? counted.then((known) => this.#finish(finished, outcome, known))
      : this.#finish(finished, outcome, counted);
  }

  #finish({ trace, capture, id: given }: Finished, outcome: Outcome, counted: CountedUsage): Making {
    const { config, priceOf } = this.#options;
    const requestId = requestIdOf(trace);
    const parentId = trace.tracking?.request_parent_id;
    const runId = this.#runs.find({ requestId, runId: trace.tracking?.run_id, parentId });
    // A run begins with a request that has no parent, so one whose run nobody knows is most likely that of its parent.
    const known = runId ?? parentId ?? requestId;
    if (runId !== null) this.#runs.note(requestId, runId);
    const model = modelOf(trace, outcome);
    const usage = isBilled(trace.operation) ? counted.usage : null;
    const tier = outcome.facts?.serviceTier ?? null;
    const cost = usage === null ? null : priceOf(trace.provider, model, usage, trace.startedAt, tier);
    const id = given ?? this.#ids.next(trace.startedAt);
    const record = makeRecord(trace, { id, runId: known, outcome, counted, cost });
    const bodies = recordedBodies(capture, outcome.response, config().max_body_kb * 1024, this.#redact());
    const written = { record, bodies };
    return runId === null && parentId !== undefined ? { written, parentId } : { written };
  }

  /** The records, with the runs of those whose parents are stored. */
  async #placed(made: readonly Making[]): Promise<WrittenRecord[]> {
    const unplaced = made.filter((one): one is Unplaced => one.parentId !== undefined);
    if (unplaced.length === 0) return made.map(({ written }) => written);
    const runs = await this.#runsOf([...new Set(unplaced.map(({ parentId }) => parentId))]);
    return made.map(({ written, parentId }) => {
      if (parentId === undefined) return written;
      const { record, bodies } = written;
      // The parent may have been recorded a moment ago, in this very batch.
      const runId =
        this.#runs.find({ requestId: record.requestId, runId: undefined, parentId }) ?? runs.get(parentId);
      this.#runs.note(record.requestId, runId ?? record.runId);
      return runId === undefined ? written : { record: { ...record, runId }, bodies };
    });
  }

  async #runsOf(parents: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { promise: late, resolve } = Promise.withResolvers<ReadonlyMap<string, string>>();
    const timer = setTimeout(() => resolve(new Map()), DUE_MS - GATHER_MS);
    try {
      return await Promise.race([this.#options.store.runsOf(parents), late]);
    } catch (error) {
      this.#options.logger.debug("The runs of earlier requests could not be looked up.", {
        error: String(error),
      });
      return new Map();
    } finally {
      clearTimeout(timer);
    }
  }

  #redact(): Redaction {
    const patterns = this.#options.config().redact;
    if (this.#redaction?.patterns !== patterns)
      this.#redaction = { patterns, redaction: new Redaction(patterns) };
    return this.#redaction.redaction;
  }

  #dropOldest(): void {
    const dropped = this.#waiting.splice(0, BATCH);
    for (const { capture } of dropped) capture.release();
    this.#lost += dropped.length;
    const now = performance.now();
    if (now < this.#nextLostLog) return;
    this.#nextLostLog = now + LOST_LOG_INTERVAL_MS;
    this.#options.logger.error(
      "Requests end faster than they can be recorded; the oldest records are lost.",
      {
        lost_in_all: this.#lost,
      },
    );
  }
}

/** A request whose record is being made; `made` is null until it is. */
interface Reading {
  readonly finished: Finished;
  made: Making | null;
  readonly making: Promise<Making> | null;
}

interface Making {
  readonly written: WrittenRecord;
  /** The parent whose run is to be found. */
  readonly parentId?: string;
}

const NOTHING: Outcome = { facts: null, firstTokenAt: null, response: null };
