import type { Database } from "bun:sqlite";

/** Says that something has changed which gateways hold in memory. To be called in the transaction that changes it. */
export function moveRevision(db: Database, name: "prompts" | "experiments" | "routes"): void {
  db.query("UPDATE revisions SET revision = revision + 1 WHERE name = ?").run(name);
}
