import type { KeptRoute, RouteStore } from "../route-store.ts";
import type { PostgresConnection } from "./connection.ts";
import { moveRevision } from "./revision.ts";

/** `definition` is JSON. */
type RouteRow = Omit<KeptRoute, "definition"> & { readonly definition: string };

const LIST = `
  SELECT name, definition, updated_at::float8 AS "updatedAt", updated_by AS "updatedBy"
  FROM amsterdam.gateway_routes ORDER BY name`;

const PUT = `
  INSERT INTO amsterdam.gateway_routes (name, definition, updated_at, updated_by) VALUES ($1, $2, $3, $4)
  ON CONFLICT (name) DO UPDATE
    SET definition = excluded.definition, updated_at = excluded.updated_at, updated_by = excluded.updated_by`;

export class PostgresRoutes implements RouteStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async list(): Promise<KeptRoute[]> {
    const { rows } = await this.#connection.query<RouteRow>(LIST);
    return rows.map((row) => ({ ...row, definition: JSON.parse(row.definition) }));
  }

  put({ name, definition, updatedAt, updatedBy }: KeptRoute): Promise<void> {
    return this.#connection.write(async (query) => {
      await query(PUT, [name, JSON.stringify(definition), updatedAt, updatedBy]);
      await moveRevision(query, "routes");
    });
  }

  delete(name: string): Promise<boolean> {
    return this.#connection.write(async (query) => {
      const { count } = await query("DELETE FROM amsterdam.gateway_routes WHERE name = $1", [name]);
      if (count > 0) await moveRevision(query, "routes");
      return count > 0;
    });
  }
}
