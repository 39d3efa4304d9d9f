import type { RecordsConfig } from "../config/schema.ts";
import type { Logger } from "../lib/logger.ts";
import type { Storage } from "../storage/interface.ts";
import { CapturePolicy } from "./capture-policy.ts";
import { Deferral } from "./deferral.ts";
import { FeedbackWriter } from "./feedback-writer.ts";
import { Pace } from "./pace.ts";
import { type PriceOf, Recorder, type RecordSubscriber } from "./recorder.ts";
import { keepWithinRetention } from "./retention.ts";
import { makeSinks, type Sinks, waitingFolder } from "./sinks.ts";
import { finishedOf } from "./storable-requests.ts";
import type { Trace } from "./trace.ts";

const MEGABYTE = 1024 * 1024;

export interface RecordsOptions {
  readonly storage: Pick<Storage, "records" | "feedback" | "experiments">;
  /** Where the storage is, and the folder that paths begin at: what waits for it is in files near it. */
  readonly storageUrl: string;
  readonly cwd: string;
  readonly config: () => RecordsConfig;
  readonly priceOf: PriceOf;
  readonly logger: Logger;
}

/** Records of requests, and feedback on them: how both come into the storage. */
export class Records {
  /** What is kept of a request while it passes. */
  readonly capture = new CapturePolicy();
  readonly feedback: FeedbackWriter;
  readonly #options: RecordsOptions;
  readonly #sinks: Sinks;
  readonly #recorder: Recorder;
  readonly #deferral: Deferral;
  readonly #subscribers: RecordSubscriber[] = [];

  constructor(options: RecordsOptions) {
    const { storage, storageUrl, cwd, config, priceOf, logger } = options;
    this.#options = options;
    const pace = new Pace();
    this.#sinks = makeSinks({
      storage,
      folder: waitingFolder(storageUrl, cwd),
      config,
      logger,
      recordDeferred: (batch) => this.#recorder.record(batch.map(finishedOf)),
      pace,
    });
    const { requests, records, feedback } = this.#sinks;
    const onRecord: RecordSubscriber = (record, bodies) => this.#tell(record, bodies);
    this.#recorder = new Recorder({
      store: storage.records,
      sink: records,
      logger,
      config,
      priceOf,
      onRecord,
    });
    this.#deferral = new Deferral({ recorder: this.#recorder, sink: requests, pace, config });
    const maxBytes = () => config().memory_mb * MEGABYTE;
    this.feedback = new FeedbackWriter({ sink: feedback, logger, maxBytes });
  }

  /** These are told of each record once it is made. They must return at once. */
  subscribe(...subscribers: readonly RecordSubscriber[]): void {
    this.#subscribers.push(...subscribers);
  }

  /** The run that a request belongs to, as far as it is known while it runs. */
  runOf(trace: Trace): string {
    return this.#recorder.runOf(trace);
  }

  /** The trace subscriber: takes a finished request. It takes the trace's capture away, so that it has to be the last. */
  observe(trace: Trace): void {
    this.#deferral.observe(trace);
  }

  /** Begins to store what an earlier process left, and to delete what is too old, until `signal` ends it. */
  start(signal: AbortSignal): void {
    const { storage, config, logger } = this.#options;
    for (const sink of Object.values(this.#sinks))
      sink
        .resume()
        .catch((error: unknown) => logger.error("What an earlier process left cannot be read.", { error }));
    keepWithinRetention(storage, { config, logger, signal });
  }

  /** How recording and storing get on; counted since the start. */
  status() {
    const { requests, records, feedback } = this.#sinks;
    return {
      records: {
        stored: records.stored,
        lost: this.#recorder.lost + requests.lost,
        waiting: this.#deferral.waiting + requests.held + this.#recorder.waiting + records.held,
        waitingBytes: requests.waitingBytes + records.waitingBytes,
        withoutBodies: records.lightened,
      },
      feedback: {
        stored: feedback.stored,
        lost: feedback.lost,
        waiting: this.feedback.waiting,
        waitingBytes: feedback.waitingBytes,
        refused: this.feedback.refused,
      },
    };
  }

  /**
   * Stores all there is. What waits in files has so many milliseconds for it; the rest is stored at the next start.
   * Rejects where something is lost.
   */
  async close(patience: number): Promise<void> {
    const { requests, records, feedback } = this.#sinks;
    await Promise.all([this.feedback.flush(), this.#deferral.flush()]);
    const unmade = await requests.close(patience);
    await this.#recorder.flush();
    const lost = await Promise.all([records.close(patience), feedback.close(patience)]);
    if (unmade + lost[0] + lost[1] === 0) return;
    throw new Error(`${unmade + lost[0]} requests and ${lost[1]} items of feedback could not be stored`);
  }

  /** One that fails keeps neither the record nor the others from anything. */
  #tell(...[record, bodies]: Parameters<RecordSubscriber>): void {
    for (const tell of this.#subscribers)
      try {
        tell(record, bodies);
      } catch (error) {
        const { logger } = this.#options;
        logger.error("A subscriber of records failed", { request_id: record.requestId, error });
      }
  }
}
