import { Database } from "bun:sqlite";

/**
 * Moves what was written from SQLite's log into the database file, beside the thread that serves requests: waiting for
 * the disk takes tens of milliseconds. Told the file, it does so; told `null`, it closes it. Each time it answers `null`,
 * or what failed.
 */
declare const self: Worker;

let db: Database | null = null;

self.onmessage = ({ data: path }: MessageEvent<string | null>) => {
  try {
    if (path === null) {
      db?.close();
      db = null;
    } else {
      db ??= new Database(path, { readwrite: true, create: false });
      // Passive: it waits for nobody and holds nobody up.
      db.query("PRAGMA wal_checkpoint(PASSIVE)").get();
    }
    self.postMessage(null);
  } catch (error) {
    self.postMessage(String(error));
  }
};
