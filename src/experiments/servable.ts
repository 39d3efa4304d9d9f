import { Refusal } from "../lib/refusal.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";

/**
 * Why a model or route that a variant has cannot be called, in a sentence; null where it can. Who does not know says so of
 * none.
 */
export type Calls = (name: string, kind: "model" | "route") => string | null;

/** Throws a Refusal where a variant that gets units has a model or route that cannot be called: they would get errors. */
export function refuseUncallable({ variants }: Pick<KeptExperiment, "variants">, calls: Calls): void {
  for (const { name, model, route, switchedOff } of variants) {
    const asked = route ?? model;
    if (asked === undefined || switchedOff !== undefined) continue;
    const reason = calls(asked, route === undefined ? "model" : "route");
    if (reason !== null)
      throw new Refusal(
        "conflict",
        `The variant ${name} asks for ${asked}, which cannot be called. ${reason}`,
      );
  }
}

/** Throws a Refusal where a variant's version cannot be served, or, as it is to run, nothing would be decided. */
export async function refuseUnservable(
  { prompts }: Pick<Storage, "prompts">,
  { template, variants }: Pick<KeptExperiment, "template" | "variants">,
  isToRun: boolean,
): Promise<void> {
  const kept = await prompts.template(template);
  if (kept === null) throw new Refusal("invalid", `There is no template ${template}.`);
  if (kept.archivedAt !== null) throw new Refusal("conflict", `The template ${template} is archived.`);
  if (isToRun && kept.pinnedVersion !== null)
    throw new Refusal(
      "conflict",
      `The template ${template} is pinned to version ${kept.pinnedVersion}, which every request gets. Take the pin away first.`,
    );
  for (const version of new Set(variants.map((variant) => variant.version))) {
    const found = await prompts.version(template, version);
    if (found === null) throw new Refusal("invalid", `The template ${template} has no version ${version}.`);
    if (found.archivedAt !== null)
      throw new Refusal("conflict", `Version ${version} of the template ${template} is archived.`);
  }
}
