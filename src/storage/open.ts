import { resolve } from "node:path";
import { STORAGE_URL_FORMS } from "../lib/database-url.ts";
import { type Storage, StorageError } from "./interface.ts";
import { PostgresConnection } from "./postgres/connection.ts";
import { PostgresStorage } from "./postgres/storage.ts";
import { SqliteConnection } from "./sqlite/connection.ts";
import { SqliteStorage } from "./sqlite/storage.ts";

const SUPPORTED = `Supported are ${STORAGE_URL_FORMS}.`;

/**
 * Opens the database that `storage.url` names, creating and migrating it where needed. A relative path is taken from
 * `cwd`. Throws a StorageError when the URL is not understood or the database cannot be used.
 */
export async function openStorage(url: string, cwd: string): Promise<Storage> {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new StorageError(`storage.url has no scheme. ${SUPPORTED}`);
  if (scheme === "postgres" || scheme === "postgresql")
    return new PostgresStorage(await PostgresConnection.open(url));
  // Only the scheme is repeated: what follows may hold a password.
  if (scheme !== "sqlite") throw new StorageError(`storage.url begins with "${scheme}:". ${SUPPORTED}`);
  return new SqliteStorage(await SqliteConnection.open(sqlitePath(url.slice("sqlite:".length), cwd)));
}

function sqlitePath(path: string, cwd: string): string {
  if (path === ":memory:") return path;
  if (path === "" || path.includes("\0")) throw new StorageError(`storage.url names no file. ${SUPPORTED}`);
  // sqlite:///var/x is the file /var/x; with two slashes one reader sees a host and another a relative path.
  if (/^\/\/[^/]/.test(path)) {
    throw new StorageError(
      "storage.url begins with sqlite:// and a name. Write sqlite:data/file.db or sqlite:/data/file.db.",
    );
  }
  return resolve(cwd, path);
}
