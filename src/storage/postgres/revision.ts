import type { Query } from "./query.ts";

/** Says that something has changed which gateways hold in memory. To be called last in the transaction that changes it. */
export async function moveRevision(query: Query, name: "prompts" | "experiments" | "routes"): Promise<void> {
  await query("UPDATE amsterdam.revisions SET revision = revision + 1 WHERE name = $1", [name]);
}
