import { Refusal } from "../lib/refusal.ts";
import type { ExperimentEvent, KeptExperiment } from "../storage/experiment-store.ts";
import type { Change } from "./change.ts";

/** Who changes an experiment, and when: a key's id or null for the gateway, and Unix milliseconds. */
export interface Actor {
  readonly by: string | null;
  readonly at: number;
}

/** A variant that is switched off, by its place, and why. */
export interface SwitchedOff {
  readonly variant: number;
  readonly reason: string;
}

/** An event of now. */
export function told(
  kind: ExperimentEvent["kind"],
  detail: string,
  { by, at }: Actor,
  variant: number | null = null,
): ExperimentEvent {
  return { at, kind, variant, detail, by };
}

/** A draft runs. Throws a Refusal for another. */
export function started(experiment: KeptExperiment, actor: Actor): Change {
  need(experiment, ["draft"], "started");
  return {
    fields: { status: "running", startedAt: actor.at },
    events: [told("started", "It was started.", actor)],
  };
}

export function paused(experiment: KeptExperiment, actor: Actor): Change {
  need(experiment, ["running"], "paused");
  return { fields: { status: "paused" }, events: [told("paused", "It was paused.", actor)] };
}

export function resumed(experiment: KeptExperiment, actor: Actor): Change {
  need(experiment, ["paused"], "resumed");
  if (experiment.variants.every(({ switchedOff }) => switchedOff !== undefined))
    throw new Refusal("conflict", "All variants are switched off. Switch one on before it is resumed.");
  return { fields: { status: "running" }, events: [told("resumed", "It was resumed.", actor)] };
}

/** A draft may be ended too: it will never run. */
export function ended(experiment: KeptExperiment, actor: Actor): Change {
  need(experiment, ["draft", "running", "paused"], "ended");
  const detail = experiment.status === "draft" ? "It was ended without having run." : "It was ended.";
  return { fields: { status: "ended", endedAt: actor.at }, events: [told("ended", detail, actor)] };
}

/**
 * Variants get no more units; when none is left the experiment is paused, and its template is served as if there were none.
 * Null where all of these are off already.
 */
export function switchedOff(
  experiment: KeptExperiment,
  these: readonly SwitchedOff[],
  actor: Actor,
): Change | null {
  need(experiment, ["running", "paused"], "changed so");
  const fresh = these.filter(({ variant }) => experiment.variants[variant]?.switchedOff === undefined);
  if (fresh.length === 0) return null;
  const reasons = new Map(fresh.map(({ variant, reason }) => [variant, reason]));
  const variants = experiment.variants.map((variant, place) => {
    const reason = reasons.get(place);
    return reason === undefined ? variant : { ...variant, switchedOff: reason };
  });
  const events = [...reasons].map(([variant, reason]) =>
    told("switched_off", `${variants[variant]?.name} was switched off: ${reason}.`, actor, variant),
  );
  const isAll = variants.every((variant) => variant.switchedOff !== undefined);
  if (!isAll || experiment.status === "paused") return { fields: { variants }, events };
  const detail = "It was paused: all of its variants are switched off.";
  return { fields: { variants, status: "paused" }, events: [...events, told("paused", detail, actor)] };
}

/** A variant takes part again. Null where it does. */
export function switchedOn(experiment: KeptExperiment, place: number, actor: Actor): Change | null {
  need(experiment, ["running", "paused"], "changed so");
  const { switchedOff: reason, ...variant } = experiment.variants[place]!;
  if (reason === undefined) return null;
  const detail = `${variant.name} was switched on again. It had been off: ${reason}.`;
  return {
    fields: { variants: experiment.variants.with(place, variant) },
    events: [told("switched_on", detail, actor, place)],
  };
}

/** A variant's place by its name. Throws a Refusal. */
export function placeOf({ id, variants }: Pick<KeptExperiment, "id" | "variants">, name: string): number {
  const place = variants.findIndex((variant) => variant.name === name);
  if (place >= 0) return place;
  const names = variants.map((variant) => variant.name).join(", ");
  throw new Refusal("missing", `The experiment ${id} has no such variant; it has ${names}.`);
}

function need(
  { id, status }: KeptExperiment,
  allowed: readonly KeptExperiment["status"][],
  done: string,
): void {
  if (allowed.includes(status)) return;
  const is = status === "draft" ? "a draft" : status;
  const ones = allowed.map((one) => (one === "draft" ? "a draft" : `a ${one} one`)).join(" or ");
  throw new Refusal("conflict", `The experiment ${id} is ${is}; only ${ones} can be ${done}.`);
}
