import type { KeptRoute, RouteStore } from "../route-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { moveRevision } from "./revision.ts";

/** `definition` is JSON. */
type RouteRow = Omit<KeptRoute, "definition"> & { readonly definition: string };

const LIST = `
  SELECT name, definition, updated_at AS updatedAt, updated_by AS updatedBy FROM gateway_routes ORDER BY name`;

const PUT =
  "INSERT OR REPLACE INTO gateway_routes (name, definition, updated_at, updated_by) VALUES (?, ?, ?, ?)";

export class SqliteRoutes implements RouteStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  list(): Promise<KeptRoute[]> {
    return this.#connection.read((db) =>
      db
        .query<RouteRow, []>(LIST)
        .all()
        .map((row) => ({ ...row, definition: JSON.parse(row.definition) })),
    );
  }

  put({ name, definition, updatedAt, updatedBy }: KeptRoute): Promise<void> {
    return this.#connection.write((db) => {
      db.query(PUT).run(name, JSON.stringify(definition), updatedAt, updatedBy);
      moveRevision(db, "routes");
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#connection.write((db) => {
      const { changes } = db.query("DELETE FROM gateway_routes WHERE name = ?").run(name);
      if (changes > 0) moveRevision(db, "routes");
      return changes > 0;
    });
  }
}
