import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { PostgresConnection } from "../src/storage/postgres/connection.ts";
import type { Value } from "../src/storage/postgres/query.ts";

/** What a database itself says of what is asked of it. */
export interface DatabaseLook {
  /** Remembers the statements that are run from now on, each with the call that it was first run for; not those of none. */
  note(call: () => string): void;
  plans(): Promise<{ readonly call: string; readonly sql: string; readonly plan: readonly string[] }[]>;
  /** What each table takes, and in SQLite each index. */
  sizes(): Promise<{ readonly name: string; readonly bytes: number }[]>;
}

const shown = (sql: string) => sql.replace(/\s+/g, " ").trim();

export function sqliteLook(path: string): DatabaseLook {
  const noted = new Map<string, string>();
  return {
    note(call) {
      const { query } = Database.prototype;
      Database.prototype.query = function noting(this: Database, sql: string) {
        if (call() !== "" && !noted.has(sql)) noted.set(sql, call());
        return query.call(this, sql);
      } as typeof query;
    },
    async plans() {
      const db = new Database(path, { readonly: true });
      const plans = [...noted]
        .filter(([sql]) => sql.includes("FROM"))
        .map(([sql, call]) => {
          const steps = db.prepare<{ detail: string }, []>(`EXPLAIN QUERY PLAN ${sql}`).all();
          return { call, sql: shown(sql), plan: steps.map(({ detail }) => detail) };
        });
      db.close();
      return plans;
    },
    async sizes() {
      const db = new Database(path, { readonly: true });
      const sizes = db
        .query<{ name: string; bytes: number }, []>(
          "SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name HAVING bytes > 100000 ORDER BY bytes DESC",
        )
        .all();
      db.close();
      return sizes;
    },
  };
}

const SIZES = `
  SELECT regexp_replace(c.relname, '_[0-9]+$', '') AS name, sum(pg_total_relation_size(c.oid))::float8 AS bytes
  FROM pg_class AS c WHERE c.relnamespace = 'amsterdam'::regnamespace AND c.relkind = 'r'
  GROUP BY 1 HAVING sum(pg_total_relation_size(c.oid)) > 100000 ORDER BY bytes DESC`;

export function postgresLook(url: string): DatabaseLook {
  const noted = new Map<string, { readonly call: string; readonly values: readonly Value[] }>();
  async function ask<Row>(statement: (sql: SQL) => Promise<Row>): Promise<Row> {
    const sql = new SQL({ url, max: 1, connection: { plan_cache_mode: "force_custom_plan", jit: "off" } });
    try {
      return await statement(sql);
    } finally {
      await sql.close();
    }
  }
  return {
    note(call) {
      const { query } = PostgresConnection.prototype;
      PostgresConnection.prototype.query = function noting(
        this: PostgresConnection,
        text,
        values = [],
        ...rest
      ) {
        if (call() !== "" && !noted.has(text)) noted.set(text, { call: call(), values });
        return query.call(this, text, values, ...rest);
      } as typeof query;
    },
    plans: () =>
      ask(async (sql) => {
        const plans = [];
        for (const [text, { call, values }] of noted) {
          const explain = `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF) ${text}`;
          const lines = await sql.unsafe<{ "QUERY PLAN": string }[]>(explain, [...values]);
          plans.push({ call, sql: shown(text), plan: shortened(lines.map((line) => line["QUERY PLAN"])) });
        }
        return plans;
      }),
    sizes: () => ask((sql) => sql.unsafe<{ name: string; bytes: number }[]>(SIZES)),
  };
}

/** Partitions of a table are searched alike: the first one stands for all. What was never reached is left out. */
function shortened(plan: readonly string[]): string[] {
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const line of plan) {
    const alike = line
      .replace(/_\d{6,8}\b/g, "")
      .replace(/\b(r|i|n|records|record_names)_\d+\b/g, "$1")
      .replace(/rows=[\d.]+ loops=\d+/, "");
    if (line.includes("never executed") || seen.has(alike)) continue;
    seen.add(alike);
    lines.push(line.length > 200 ? `${line.slice(0, 200)}…` : line);
  }
  return lines;
}
