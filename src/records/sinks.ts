import { join, resolve } from "node:path";
import type { RecordsConfig } from "../config/schema.ts";
import type { Logger } from "../lib/logger.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import type { Storage } from "../storage/interface.ts";
import { DurableSink } from "./durable-sink.ts";
import type { Pace } from "./pace.ts";
import type { WrittenRecord } from "./record.ts";
import { STORABLE_FEEDBACK } from "./storable-feedback.ts";
import { STORABLE_RECORDS } from "./storable-records.ts";
import { type DeferredRequest, STORABLE_REQUESTS } from "./storable-requests.ts";

const MEGABYTE = 1024 * 1024;

export interface SinksOptions {
  readonly storage: Pick<Storage, "records" | "feedback">;
  /** Where files are made when the storage is slow or gone. */
  readonly folder: string;
  readonly config: () => RecordsConfig;
  readonly logger: Logger;
  /** Makes the records of requests that were put off, and puts them into their sink. */
  readonly recordDeferred: (batch: readonly DeferredRequest[]) => Promise<void>;
  /** Of the requests that were put off. */
  readonly pace: Pace;
}

export interface Sinks {
  /** Requests whose records are made later. */
  readonly requests: DurableSink<DeferredRequest>;
  readonly records: DurableSink<WrittenRecord>;
  readonly feedback: DurableSink<Feedback>;
}

/** Where all goes that is kept of requests. The files of all together take no more than `max_spill_mb`. */
export function makeSinks(options: SinksOptions): Sinks {
  const { storage, folder, config, logger, recordDeferred, pace } = options;
  const spaceBeside = (...others: (keyof Sinks)[]) =>
    others.reduce((space, other) => space - sinks[other].waitingBytes, config().max_spill_mb * MEGABYTE);
  const sinks: Sinks = {
    requests: new DurableSink({
      kind: STORABLE_REQUESTS,
      write: recordDeferred,
      folder,
      space: () => spaceBeside("records", "feedback"),
      memory: () => config().memory_mb * MEGABYTE,
      logger,
      pace: (items) => pace.delay(items),
    }),
    records: new DurableSink({
      kind: STORABLE_RECORDS,
      write: (batch) => storage.records.write(batch),
      folder,
      space: () => spaceBeside("requests", "feedback"),
      memory: () => config().memory_mb * MEGABYTE,
      logger,
    }),
    feedback: new DurableSink({
      kind: STORABLE_FEEDBACK,
      write: (batch) => storage.feedback.add(batch),
      folder,
      space: () => spaceBeside("requests", "records"),
      // What would be too much was refused when it came.
      memory: () => Infinity,
      logger,
    }),
  };
  return sinks;
}

/** The folder of the files that belong to one database, for what waits is stored at a later start. `cwd` is absolute. */
export function waitingFolder(storageUrl: string, cwd: string): string {
  const path = /^sqlite:(.*)$/is.exec(storageUrl)?.[1];
  if (path !== undefined && !path.startsWith(":")) return `${resolve(cwd, path)}-waiting`;
  const name = path === undefined ? new URL(storageUrl).pathname.slice(1) : "memory";
  // In containers, `data` is the only folder that may be written.
  return join(cwd, "data", `${name.replaceAll(/[^\w-]/g, "_") || "postgres"}-waiting`);
}
