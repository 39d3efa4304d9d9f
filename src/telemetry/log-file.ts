import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { LoggingConfig } from "../config/schema.ts";
import type { LineDestination } from "./line-queue.ts";
import { deleteOldFiles, freeRotatedName, missing } from "./log-rotation.ts";

export type LogFileConfig = NonNullable<LoggingConfig["file"]>;

export interface LogFile extends LineDestination {
  /** Why the last attempt to write, rotate or tidy up failed; null when it succeeded. */
  error(): string | null;
}

const MEGABYTE = 1024 * 1024;
const DAY_MS = 86_400_000;
const TIDY_EVERY_MS = 3_600_000;
const LINE_BREAK = 0x0a;

interface OpenFile {
  readonly handle: FileHandle;
  readonly regular: boolean;
  readonly inode: number;
  readonly device: number;
  /** Unix milliseconds of its first line; what the file system calls birth, or when it was opened. */
  readonly begun: number;
  size: number;
}

/**
 * The log file: `path` is always the current one, full ones stand beside it as `name.20261122T053509123Z.ext`.
 * A new file is begun before a batch would pass `max_size_mb` or when the current one's first line is `max_age_days`
 * old; files beyond `max_files` or last written `max_age_days` ago are deleted, at the first write, after each
 * rotation and hourly. A folder or file that was removed or moved away is made again. Opened at the first write.
 */
export function createLogFile(config: LogFileConfig): LogFile {
  const path = resolve(config.path);
  const maxBytes = config.max_size_mb * MEGABYTE;
  const maxAge = config.max_age_days * DAY_MS;
  let file: OpenFile | null = null;
  let tidiedAt = 0;
  let lastRotation = 0;
  let writeFailure: string | null = null;
  let tidyFailure: string | null = null;

  async function write(lines: Buffer): Promise<number> {
    let written = 0;
    let cause: string | null = null;
    try {
      if (file !== null && !(await isStillAt(path, file))) await release();
      while (written < lines.length) {
        file ??= await openAt(path);
        cause = (await rotateWhenDue(lines, written)) ?? cause;
        const end = cause === null ? partEnd(lines, written, maxBytes - file.size) : lines.length;
        await append(file, lines.subarray(written, end));
        written = end;
      }
    } catch (error) {
      if (error instanceof ShortWrite) written += error.written;
      cause = describe(error);
      await close();
    }
    writeFailure = cause;
    if (written > 0) await tidyWhenDue();
    return written;
  }

  /** Rotating may fail where appending still works (a folder that lost its write permission): then the file grows. */
  async function rotateWhenDue(lines: Buffer, from: number): Promise<string | null> {
    if (file === null || !file.regular || file.size === 0) return null;
    const fits = lines.indexOf(LINE_BREAK, from) + 1 - from <= maxBytes - file.size;
    if (fits && Date.now() - file.begun < maxAge) return null;
    try {
      // Later than the last name, also within one millisecond, since the names' order is the files' age.
      const name = await freeRotatedName(path, Math.max(Date.now(), lastRotation + 1));
      await rename(path, name.path);
      lastRotation = name.time;
    } catch (error) {
      return describe(error);
    }
    await release();
    file = await openAt(path);
    tidiedAt = 0;
    return null;
  }

  async function tidyWhenDue(): Promise<void> {
    if (!file?.regular || Date.now() - tidiedAt < TIDY_EVERY_MS) return;
    tidiedAt = Date.now();
    try {
      await deleteOldFiles(path, config.max_files, maxAge);
      tidyFailure = null;
    } catch (error) {
      tidyFailure = describe(error);
    }
  }

  async function release(): Promise<void> {
    const closing = file;
    file = null;
    await closing?.handle.close();
  }

  async function close(): Promise<void> {
    try {
      await release();
    } catch (error) {
      writeFailure = describe(error);
    }
  }

  return { write, close, error: () => writeFailure ?? tidyFailure };
}

/** Where a part of `lines` from `from` ends that fits into `room`: after a whole line, and after the first at least. */
function partEnd(lines: Buffer, from: number, room: number): number {
  if (lines.length - from <= room) return lines.length;
  const last = room > 0 ? lines.lastIndexOf(LINE_BREAK, from + room - 1) + 1 : 0;
  return last > from ? last : lines.indexOf(LINE_BREAK, from) + 1 || lines.length;
}

async function openAt(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a+", 0o640);
  try {
    const stats = await handle.stat();
    const begun = stats.birthtimeMs > 0 ? stats.birthtimeMs : Date.now();
    const file = {
      handle,
      regular: stats.isFile(),
      inode: stats.ino,
      device: stats.dev,
      begun,
      size: stats.size,
    };
    if (file.regular && file.size > 0) await endLastLine(file);
    return file;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** A process killed in the middle of a write leaves half a line, which the next line must not be glued to. */
async function endLastLine(file: OpenFile): Promise<void> {
  const last = Buffer.alloc(1);
  await file.handle.read(last, 0, 1, file.size - 1);
  if (last[0] !== LINE_BREAK) await append(file, Buffer.of(LINE_BREAK));
}

class ShortWrite extends Error {
  readonly written: number;

  constructor(written: number, cause: unknown) {
    super("The log file took only a part.", { cause });
    this.written = written;
  }
}

/**
 * Appends `lines` whole, in as many writes as the system wants. On failure the file is cut back to the end of the
 * last whole line (a full disk takes half a line without an error) and a ShortWrite tells how far it came.
 */
async function append(file: OpenFile, lines: Buffer): Promise<void> {
  let written = 0;
  try {
    while (written < lines.length) {
      const { bytesWritten } = await file.handle.write(lines, written);
      if (bytesWritten === 0) throw new Error("the file takes no more bytes");
      written += bytesWritten;
    }
    file.size += written;
  } catch (error) {
    const whole = written === 0 ? 0 : lines.lastIndexOf(LINE_BREAK, written - 1) + 1;
    if (whole < written && file.regular) await cutBack(file, whole, written);
    throw new ShortWrite(whole, error);
  }
}

/** Another process may append to the same file; then its end is not ours to cut. */
async function cutBack(file: OpenFile, whole: number, written: number): Promise<void> {
  const { size } = await file.handle.stat();
  if (size === file.size + written) await file.handle.truncate(file.size + whole);
}

/** Also learns the size, since other processes may append to the same file. */
async function isStillAt(path: string, file: OpenFile): Promise<boolean> {
  const stats = await stat(path).catch(missing);
  if (stats === null || stats.ino !== file.inode || stats.dev !== file.device) return false;
  file.size = stats.size;
  return true;
}

/** The system's own words name the operation and the path, e.g. `ENOSPC: no space left on device, write`. */
function describe(error: unknown): string {
  const cause = error instanceof ShortWrite ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
