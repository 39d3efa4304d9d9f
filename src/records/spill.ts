import { type FileHandle, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../lib/logger.ts";
import type { WrittenRecord } from "./record.ts";
import { decodeRecord, encodeRecord } from "./spill-format.ts";

/** A file is begun anew at this size, so that what was stored gives its space back. */
const SEGMENT_BYTES = 32 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;
const NAME = /^(\d+)-(\d+)-([0-9a-f]+)\.records$/;

/** The files would take more space than they may. */
export class SpillFullError extends Error {
  override readonly name = "SpillFullError";
}

interface Segment {
  readonly path: string;
  readonly handle: FileHandle;
  size: number;
  /** Up to here its records are stored. */
  readAt: number;
}

/**
 * Records on their way to the storage, in files, in their order. They survive the process: what it has written is the
 * kernel's, whatever becomes of it. (A power cut may take the last seconds; to wait for the disk would be dear.)
 *
 * Only one call at a time: an `append`, or a `next` and what follows it.
 */
export class Spill {
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #maxBytes: () => number;
  readonly #owner =
    `${process.pid}-${Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex")}`;
  #segments: Segment[] = [];
  /** Where the records that `next` gave end, in the first segment. */
  #givenTo = 0;
  #made = 0;

  /** `maxBytes` may change at any time. */
  constructor(folder: string, options: { readonly logger: Logger; readonly maxBytes: () => number }) {
    this.#folder = folder;
    this.#logger = options.logger;
    this.#maxBytes = options.maxBytes;
  }

  /** Bytes in files that are not stored yet. */
  get bytes(): number {
    let sum = 0;
    for (const { size, readAt } of this.#segments) sum += size - readAt;
    return sum;
  }

  /** Takes over what processes that have ended left here, oldest first. Rejects where the folder cannot be read. */
  async adopt(): Promise<void> {
    for (const name of (await readdir(this.#folder).catch(ifMissing([]))).toSorted()) {
      const [, , pid] = NAME.exec(name) ?? [];
      if (pid === undefined || isRunning(Number(pid)) || name.includes(this.#owner)) continue;
      const path = this.#newPath();
      try {
        // Of several gateways that start at once, one gets it.
        await rename(join(this.#folder, name), path);
      } catch (error) {
        if (isMissing(error)) continue;
        throw error;
      }
      const handle = await open(path, "r+");
      this.#segments.push({ path, handle, size: (await handle.stat()).size, readAt: 0 });
      this.#logger.info("Records that an earlier process left are being stored.", { file: name });
    }
  }

  /** Adds records behind all others. Rejects when not all of them could be written; then none is. */
  async append(records: readonly WrittenRecord[]): Promise<void> {
    const bytes = Buffer.concat(records.map(encodeRecord));
    if (this.bytes + bytes.length > this.#maxBytes()) throw new SpillFullError("max_spill_mb is reached");
    const segment = await this.#writable();
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await segment.handle.write(bytes, at, bytes.length - at, segment.size + at);
        at += bytesWritten;
      }
    } catch (error) {
      // What was written of them would be damage in the middle. Where this fails too, later records overwrite it.
      await segment.handle.truncate(segment.size).catch(() => {});
      throw error;
    }
    segment.size += bytes.length;
  }

  /** The oldest records that are not stored, at most so many; none when all are. */
  async next(limit: { readonly records: number; readonly bytes: number }): Promise<WrittenRecord[]> {
    for (;;) {
      const segment = this.#segments[0];
      if (segment === undefined) return [];
      const found = segment.readAt < segment.size ? await this.#read(segment, limit) : [];
      if (found.length > 0) return found;
      await this.#drop(segment);
    }
  }

  /** What `next` gave last is stored. */
  stored(): void {
    const segment = this.#segments[0];
    if (segment !== undefined) segment.readAt = this.#givenTo;
  }

  /** Closes the files; those in which all is stored are deleted. */
  async close(): Promise<void> {
    for (const segment of [...this.#segments]) {
      if (segment.readAt >= segment.size) await this.#drop(segment);
      else await segment.handle.close();
    }
    this.#segments = [];
  }

  async #read(segment: Segment, limit: { records: number; bytes: number }): Promise<WrittenRecord[]> {
    const records: WrittenRecord[] = [];
    let bytes = await readAt(segment, segment.readAt, READ_BYTES);
    let at = 0;
    while (records.length < limit.records && at < limit.bytes) {
      if (segment.readAt + at >= segment.size) break;
      const decoded = decodeRecord(bytes, at);
      if (decoded.kind === "record") {
        records.push(decoded.written);
        at = decoded.end;
      } else if (decoded.kind === "more" && segment.readAt + at + decoded.needed <= segment.size) {
        if (records.length > 0) break;
        bytes = await readAt(segment, segment.readAt, decoded.needed);
      } else {
        this.#cut(segment, segment.readAt + at);
      }
    }
    this.#givenTo = segment.readAt + at;
    return records;
  }

  #cut(segment: Segment, at: number): void {
    this.#logger.warn("A file of waiting records is damaged; what stands from there on is left out.", {
      file: segment.path,
      offset: at,
      bytes: segment.size - at,
    });
    segment.size = at;
  }

  async #drop(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    await segment.handle.close();
    await rm(segment.path, { force: true });
  }

  async #writable(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.size < SEGMENT_BYTES) return last;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#newPath();
    const segment = { path, handle: await open(path, "wx+", 0o600), size: 0, readAt: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #newPath(): string {
    const order = String(Date.now() * 1000 + (this.#made++ % 1000)).padStart(17, "0");
    return join(this.#folder, `${order}-${this.#owner}.records`);
  }
}

async function readAt({ handle, size }: Segment, from: number, wanted: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.min(wanted, size - from));
  let read = 0;
  while (read < bytes.length) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, from + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return bytes.subarray(0, read);
}

/** Whether another process of this id runs. In a container, the process before had this one's id. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return value;
    throw error;
  };
}
