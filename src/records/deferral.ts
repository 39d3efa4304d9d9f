import type { RecordsConfig } from "../config/schema.ts";
import { UlidMaker } from "../lib/ulid.ts";
import type { Capture } from "./capture.ts";
import type { DurableSink } from "./durable-sink.ts";
import { FrameBuffer } from "./frame-buffer.ts";
import type { Pace } from "./pace.ts";
import type { Recorder } from "./recorder.ts";
import { type DeferredRequest, deferrable, STORABLE_REQUESTS } from "./storable-requests.ts";
import type { Trace } from "./trace.ts";

/** What was written down waits this long for more, so that it goes into the file together; or for so much. */
const GATHER_MS = 40;
const GATHER_BYTES = 8 * 1024 * 1024;
const KILOBYTE = 1024;
const MEGABYTE = 1024 * 1024;

export interface DeferralOptions {
  readonly recorder: Recorder;
  readonly sink: DurableSink<DeferredRequest>;
  readonly pace: Pick<Pace, "note" | "isHeavy">;
  readonly config: () => RecordsConfig;
}

/**
 * Puts the making of records off while the traffic is heavy: finished requests go into files as they are, which costs a
 * quarter, and are recorded when there are fewer. What cannot wait as it is, is recorded at once.
 */
export class Deferral {
  readonly #options: DeferralOptions;
  readonly #ids = new UlidMaker();
  /** What is written down at once: objects that were kept for later would cost the collector more than the writing. */
  #gathered = new FrameBuffer();
  #count = 0;
  /** To gather in, while the other is on its way to the file. A disk that is slow gets no third one. */
  #spare = new FrameBuffer();
  #writing: Promise<void> | null = null;
  #writingCount = 0;
  /** Whether what is gathered has waited for its time, and waits for the other to be written. */
  #isDue = false;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: DeferralOptions) {
    this.#options = options;
  }

  /** Finished requests that are not in a file yet. */
  get waiting(): number {
    return this.#count + this.#writingCount;
  }

  /** The trace subscriber: takes a finished request. Nobody else may need the trace's capture afterwards. */
  observe(trace: Trace): void {
    const { capture } = trace;
    if (capture === null) return;
    const { pace, recorder } = this.#options;
    const now = performance.now();
    pace.note(1, now);
    const bodies = pace.isHeavy(now) && this.#maySetAside() ? this.#bodiesOf(trace, capture) : null;
    if (bodies === null) {
      recorder.observe(trace);
      return;
    }
    trace.capture = null;
    recorder.noteRun(trace);
    const deferred = { id: this.#ids.next(trace.startedAt), trace, ...bodies };
    this.#gathered.add(STORABLE_REQUESTS.encode(deferred));
    this.#count++;
    capture.release();
    if (this.#gathered.size >= GATHER_BYTES) this.#write();
    else this.#timer ??= setTimeout(() => this.#write(), GATHER_MS);
  }

  /** Resolves when all that was put off stands in files, or in memory where there is no other place. */
  async flush(): Promise<void> {
    for (this.#write(); this.#writing !== null; this.#write()) await this.#writing;
  }

  /** None longer than is to be stored of it may stand in a file. */
  #bodiesOf(trace: Trace, capture: Capture): ReturnType<typeof deferrable> {
    const bodies = deferrable(trace, capture);
    const most = this.#options.config().max_body_kb * KILOBYTE;
    return bodies === null || bodies.request.length > most || bodies.response.length > most ? null : bodies;
  }

  /** No secret that is to be taken out may stand in a file; and what lasts longer than there is room for is made at once. */
  #maySetAside(): boolean {
    const { config, sink } = this.#options;
    const { redact, max_spill_mb } = config();
    if (redact.length > 0 || this.#gathered.size >= GATHER_BYTES) return false;
    return sink.held === 0 && sink.waitingBytes < (max_spill_mb * MEGABYTE) / 2;
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#isDue = this.#writing !== null;
    if (this.#count === 0 || this.#isDue) return;
    const full = this.#gathered;
    this.#gathered = this.#spare;
    this.#writingCount = this.#count;
    this.#count = 0;
    this.#writing = this.#options.sink.defer(full.frames()).then(() => {
      full.clear();
      this.#spare = full;
      this.#writing = null;
      this.#writingCount = 0;
      if (this.#isDue) this.#write();
    });
  }
}
