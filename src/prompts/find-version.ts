import { Refusal } from "../lib/refusal.ts";
import type { KeptVersion, PromptStore } from "../storage/prompt-store.ts";
import { SERVED_LABEL } from "./label-name.ts";
import type { Label, Template } from "./template.ts";

/** Throws a Refusal where there is none of this name. */
export async function findTemplate(store: PromptStore, name: string): Promise<Template> {
  const template = await store.template(name);
  if (template === null) throw new Refusal("missing", `There is no prompt ${quoted(name)}.`);
  return template;
}

/**
 * A version by what people call it: `1.2`, or `1.2@<revision>` to tell conflicting texts apart, or the label that points to
 * it. Throws a Refusal where there is none.
 */
export async function findVersion(store: PromptStore, name: string, which: string): Promise<KeptVersion> {
  const mark = which.indexOf("@");
  const called = mark < 0 ? which : which.slice(0, mark);
  const revision = mark < 0 ? undefined : which.slice(mark + 1);
  const version = /^\d/.test(called) ? called : ((await findLabel(store, name, called))?.version ?? null);
  if (version !== null) {
    const found =
      revision === undefined
        ? await store.version(name, version)
        : (await store.versions(name)).find((kept) => kept.version === version && kept.revision === revision);
    if (found) return found;
  }
  await findTemplate(store, name);
  throw new Refusal("missing", `The prompt ${quoted(name)} has no version or label ${quoted(which)}.`);
}

/** The version that people mean who name none: the pinned one, that of the label `production`, or the newest in use. */
export async function presentVersion(store: PromptStore, name: string): Promise<KeptVersion> {
  const { pinnedVersion } = await findTemplate(store, name);
  const served = pinnedVersion ?? (await findLabel(store, name, SERVED_LABEL))?.version;
  if (served !== undefined) return await findVersion(store, name, served);
  const usable = (await store.versions(name)).filter(({ conflict, archivedAt }) => !conflict && !archivedAt);
  const newest = usable.at(-1);
  if (newest === undefined) throw new Refusal("missing", `The prompt ${quoted(name)} has no version in use.`);
  return newest;
}

/** Null where the label points nowhere. */
export async function findLabel(store: PromptStore, name: string, label: string): Promise<Label | null> {
  return (await store.labels(name)).find((known) => known.label === label) ?? null;
}

/** What somebody named, of a length that can be read. */
export function quoted(text: string): string {
  return `"${text.length > 200 ? `${text.slice(0, 200).toWellFormed()}…` : text}"`;
}
