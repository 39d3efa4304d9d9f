import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "../lib/logger.ts";
import { frames, readFrame } from "./spill-frame.ts";
import { SpillNames } from "./spill-names.ts";
import type { BatchLimit, Storable } from "./storable.ts";

/** A file is begun anew at this size, so that what was stored gives its space back. */
const SEGMENT_BYTES = 32 * 1024 * 1024;
const READ_BYTES = 1024 * 1024;

/** The files would take more space than they may. */
export class SpillFullError extends Error {
  override readonly name = "SpillFullError";
}

interface Segment {
  readonly path: string;
  readonly handle: FileHandle;
  readonly inode: number;
  size: number;
  /** Up to here its items are stored. */
  readAt: number;
  /** No longer to be found under its path. */
  isTaken: boolean;
}

export interface SpillOptions<Item> {
  readonly folder: string;
  readonly kind: Storable<Item>;
  readonly logger: Logger;
  /** It may change at any time. */
  readonly maxBytes: () => number;
}

/**
 * Items on their way to the storage, in files, in their order. They survive the process: what it has written is the
 * kernel's, whatever becomes of it. (A power cut may take the last seconds; to wait for the disk would be dear.)
 *
 * Only one call at a time: an `append`, or a `next` and what follows it.
 */
export class Spill<Item> {
  readonly #options: SpillOptions<Item>;
  readonly #names: SpillNames;
  #segments: Segment[] = [];
  /** Where the items that `next` gave end, in the first segment. */
  #givenTo = 0;

  constructor(options: SpillOptions<Item>) {
    this.#options = options;
    this.#names = new SpillNames(options.kind.name);
  }

  /** Bytes in files that are not stored yet. */
  get bytes(): number {
    let sum = 0;
    for (const { size, readAt } of this.#segments) sum += size - readAt;
    return sum;
  }

  /** Takes over what processes that have ended left here, oldest first. Rejects where the folder cannot be read. */
  async adopt(): Promise<void> {
    const { folder, kind, logger } = this.#options;
    for (const file of (await readdir(folder).catch(ifMissing([]))).toSorted()) {
      if (!(await this.#names.isOrphan(file))) continue;
      try {
        const path = join(folder, this.#names.next());
        // Of several gateways that start at once, one gets it.
        await rename(join(folder, file), path);
        await this.#open(path, "r+");
        logger.info(`What waited when an earlier process ended will be stored: ${kind.name}.`, { file });
      } catch (error) {
        if (isMissing(error)) continue;
        logger.error(`A file of waiting ${kind.name} cannot be read.`, { file, error: String(error) });
      }
    }
  }

  /** Adds items behind all others. Rejects when not all of them could be written; then none is. */
  append(items: readonly Item[]): Promise<void> {
    return this.appendFrames(frames(items.map((item) => this.#options.kind.encode(item))));
  }

  /** As `append`, of items that are framed already. The bytes may not change until it resolves. */
  async appendFrames(bytes: Buffer): Promise<void> {
    if (this.bytes + bytes.length > this.#options.maxBytes())
      throw new SpillFullError("max_spill_mb is reached");
    while (!(await this.#appendTo(await this.#writable(), bytes)));
  }

  /** The oldest items that are not stored, within the limit; none when all are. */
  async next(limit: BatchLimit): Promise<Item[]> {
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

  /** False where the file has been taken away meanwhile, so that nobody would find what was written. */
  async #appendTo(segment: Segment, bytes: Buffer): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await segment.handle.write(bytes, at, bytes.length - at, segment.size + at);
        at += bytesWritten;
      }
    } catch (error) {
      // What was written of them would be damage in the middle. Where this fails too, later items overwrite it.
      await segment.handle.truncate(segment.size).catch(() => {});
      throw error;
    }
    // Another container's gateway cannot see that this process runs, and takes its files over. It finds all that was in
    // a file at a moment after that; whether these bytes were, nobody knows.
    const found = await stat(segment.path).catch(ifMissing(null));
    segment.isTaken = found?.ino !== segment.inode;
    if (!segment.isTaken) segment.size += bytes.length;
    return !segment.isTaken;
  }

  async #read(segment: Segment, limit: BatchLimit): Promise<Item[]> {
    const items: Item[] = [];
    let bytes = await readAt(segment, segment.readAt, READ_BYTES);
    let at = 0;
    while (items.length < limit.items && at < limit.bytes && segment.readAt + at < segment.size) {
      const framed = readFrame(bytes, at);
      if (framed.kind === "whole") {
        items.push(this.#options.kind.decode(framed.bytes));
        at = framed.end;
      } else if (framed.kind === "more" && segment.readAt + at + framed.needed <= segment.size) {
        if (items.length > 0) break;
        bytes = await readAt(segment, segment.readAt, framed.needed);
      } else {
        this.#cut(segment, segment.readAt + at);
      }
    }
    this.#givenTo = segment.readAt + at;
    return items;
  }

  #cut(segment: Segment, at: number): void {
    const { kind, logger } = this.#options;
    logger.warn(`A file of waiting ${kind.name} is damaged; what stands from there on is left out.`, {
      file: segment.path,
      offset: at,
      bytes: segment.size - at,
    });
    segment.size = at;
  }

  async #drop(segment: Segment): Promise<void> {
    this.#segments = this.#segments.filter((other) => other !== segment);
    await segment.handle.close();
    if (!segment.isTaken) await rm(segment.path, { force: true });
  }

  async #writable(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.size < SEGMENT_BYTES && !last.isTaken) return last;
    const { folder } = this.#options;
    if (last === undefined || last.isTaken) await mkdir(folder, { recursive: true, mode: 0o700 });
    return this.#open(join(folder, this.#names.next()), "wx+");
  }

  async #open(path: string, flags: "r+" | "wx+"): Promise<Segment> {
    const handle = await open(path, flags, 0o600);
    const { ino: inode, size } = await handle.stat();
    const segment = { path, handle, inode, size, readAt: 0, isTaken: false };
    this.#segments.push(segment);
    return segment;
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

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}

function ifMissing<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (isMissing(error)) return value;
    throw error;
  };
}
