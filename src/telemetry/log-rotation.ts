import { readdir, stat, unlink } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";

const MARK = /^\d{8}T\d{9}Z$/;

/** The path of a full file: the log's own with the time, `20261122T053509123Z`, before its extension. */
function rotatedPath(path: string, mark: string): string {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}.${mark}${extension}`);
}

/** A rotated path that no file has, and its time: `from` (Unix milliseconds) or the next free millisecond after it. */
export async function freeRotatedName(path: string, from: number): Promise<{ path: string; time: number }> {
  for (let time = from; ; time++) {
    const candidate = rotatedPath(path, new Date(time).toISOString().replaceAll(/[-:.]/g, ""));
    if ((await stat(candidate).catch(missing)) === null) return { path: candidate, time };
  }
}

/**
 * Deletes the full files beside the log at `path` that are beyond the newest `maxFiles` or were last written more than
 * `maxAge` milliseconds ago. Touches no file whose name rotation would not give. Rejects with the system's error.
 */
export async function deleteOldFiles(path: string, maxFiles: number, maxAge: number): Promise<void> {
  const extension = extname(path);
  const prefix = `${basename(path, extension)}.`;
  const isRotated = (name: string) =>
    name.startsWith(prefix) &&
    name.endsWith(extension) &&
    MARK.test(name.slice(prefix.length, name.length - extension.length));
  const newestFirst = (await readdir(dirname(path))).filter(isRotated).sort().reverse();
  for (const [index, name] of newestFirst.entries()) {
    const full = join(dirname(path), name);
    const stats = await stat(full).catch(missing);
    if (stats === null) continue;
    if (index >= maxFiles || Date.now() - stats.mtimeMs > maxAge) await unlink(full).catch(missing);
  }
}

/** For a rejection: null where the file or its folder does not exist, the error itself otherwise. */
export function missing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}
