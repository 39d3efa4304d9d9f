import { Refusal } from "../lib/refusal.ts";
import type { Storage } from "../storage/interface.ts";
import type { KeptVersion, PromptStore } from "../storage/prompt-store.ts";
import { compareVersions, type VersionComparison } from "./diff.ts";
import { draftFault } from "./draft-fault.ts";
import { findLabel, findTemplate, findVersion, presentVersion, quoted } from "./find-version.ts";
import { labelFault } from "./label-name.ts";
import { newVersion } from "./new-version.ts";
import { nextVersion } from "./next-version.ts";
import { Renderer } from "./render.ts";
import type { Label, LabelMove, Template, TemplateMessage, VersionContent } from "./template.ts";
import { formatTemplateId } from "./template-id.ts";
import { type ArchiveTarget, type TemplateExperiment, usesOf } from "./uses.ts";

export interface PromptSummary {
  readonly template: Template;
  readonly labels: readonly Label[];
}

export interface PromptDetails extends PromptSummary {
  /** In the order in which they were kept, archived ones and conflicts too. */
  readonly versions: readonly KeptVersion[];
  readonly experiments: readonly TemplateExperiment[];
}

/** A version to be made; without `version` it gets the next free number. */
export interface WantedVersion extends VersionContent {
  readonly template: string;
  readonly version?: string | undefined;
}

/** `made` is false where this very text was the version already. */
export interface MadeVersion {
  readonly version: KeptVersion;
  readonly made: boolean;
}

export interface ComparedVersions {
  readonly before: KeptVersion;
  readonly after: KeptVersion;
  readonly comparison: VersionComparison;
}

/** Versions that are kept compiled, for previews. */
const COMPILED = 20;
/** Times that a number is looked for which others take at the same moment. */
const NUMBER_TRIES = 5;

/** The prompts as people work on them. What cannot be done throws a Refusal; a storage that fails, a StorageError. */
export class PromptCatalogue {
  readonly #store: PromptStore;
  readonly #experimentsOn: (template: string) => Promise<readonly TemplateExperiment[]>;
  readonly #renderer = new Renderer(COMPILED);

  constructor(
    store: PromptStore,
    experimentsOn: (template: string) => Promise<readonly TemplateExperiment[]>,
  ) {
    this.#store = store;
    this.#experimentsOn = experimentsOn;
  }

  /** All prompts by name, archived ones too. */
  async list(): Promise<readonly PromptSummary[]> {
    const [templates, labels] = await Promise.all([this.#store.templates(), this.#store.labels()]);
    const byName = Map.groupBy(labels, ({ template }) => template);
    return templates.map((template) => ({ template, labels: byName.get(template.name) ?? [] }));
  }

  async summary(name: string): Promise<PromptSummary> {
    return { template: await findTemplate(this.#store, name), labels: await this.#store.labels(name) };
  }

  async show(name: string): Promise<PromptDetails> {
    const template = await findTemplate(this.#store, name);
    const [versions, labels, experiments] = await Promise.all([
      this.#store.versions(name),
      this.#store.labels(name),
      this.#experimentsOn(name),
    ]);
    return { template, versions, labels, experiments };
  }

  /** `which` as of `findVersion`; absent, it is the one that `presentVersion` gives. */
  async version(name: string, which?: string): Promise<KeptVersion> {
    if (which === undefined) return await presentVersion(this.#store, name);
    return await findVersion(this.#store, name, which);
  }

  /** The number that the next version gets which is given none. */
  async nextVersion(name: string): Promise<string> {
    return nextVersion((await this.#store.versions(name)).map(({ version }) => version));
  }

  /** Makes a version, and its prompt where that is new. With `newPrompt` one that is there is refused. */
  async create(
    wanted: WantedVersion,
    { newPrompt = false }: { readonly newPrompt?: boolean } = {},
  ): Promise<MadeVersion> {
    const { template, messages, model, parameters, version: given } = wanted;
    const present = await this.#store.template(template);
    if (present !== null && newPrompt)
      throw new Refusal("conflict", `There is a prompt ${quoted(template)} already.`);
    if (present?.archivedAt) throw archived(template);
    for (let tries = 1; ; tries++) {
      const version = given ?? (await this.nextVersion(template));
      const draft = { template, version, messages, model, parameters };
      const fault = draftFault(draft);
      if (fault !== null) throw new Refusal("invalid", `${capitalised(fault)}.`);
      const made = newVersion(this.#renderer, draft, "api", Date.now());
      if (made instanceof Error) throw new Refusal("invalid", `${capitalised(made.message)}.`);
      const outcome = await this.#store.add(made);
      if (outcome !== "conflict")
        return { version: await findVersion(this.#store, template, version), made: outcome === "added" };
      if (given !== undefined || tries === NUMBER_TRIES) throw await this.#taken(template, version);
    }
  }

  async compare(name: string, before: string, after: string): Promise<ComparedVersions> {
    const versions = { before: await this.version(name, before), after: await this.version(name, after) };
    return { ...versions, comparison: compareVersions(versions.before, versions.after) };
  }

  /** The version's texts with these variables put in. */
  async preview(
    name: string,
    which: string | undefined,
    variables: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly version: KeptVersion; readonly messages: readonly TemplateMessage[] }> {
    const version = await this.version(name, which);
    const messages = this.#renderer.render(version, variables);
    if (messages instanceof Error) throw new Refusal("invalid", `${capitalised(messages.message)}.`);
    return { version, messages };
  }

  /** Every move of a label, oldest first, also of one that was taken away. */
  async labelHistory(name: string, label: string): Promise<readonly LabelMove[]> {
    const history = await this.#store.labelHistory(name, label);
    if (history.length === 0) throw await this.#noLabel(name, label);
    return history;
  }

  /** Points a label to a version; where it points there already, nothing is recorded. `by` is a key's id. */
  async moveLabel(name: string, label: string, which: string, by: string | null): Promise<KeptVersion> {
    const fault = labelFault(label);
    if (fault !== null) throw new Refusal("invalid", `${capitalised(fault)}.`);
    const version = await this.#usable(name, which);
    const present = await findLabel(this.#store, name, label);
    if (present?.version !== version.version) await this.#move(name, label, version.version, by);
    return version;
  }

  async removeLabel(name: string, label: string, by: string | null): Promise<void> {
    if ((await findLabel(this.#store, name, label)) === null) throw await this.#noLabel(name, label);
    await this.#move(name, label, null, by);
  }

  /** Points a label to the version where it pointed before it pointed where it does, or before it was taken away. */
  async revertLabel(name: string, label: string, by: string | null): Promise<KeptVersion> {
    const history = await this.labelHistory(name, label);
    const present = history.at(-1)?.version;
    const before = history.findLast(({ version }) => version !== null && version !== present)?.version;
    if (!before) {
      throw new Refusal("conflict", `The label ${quoted(label)} pointed to no other version before.`);
    }
    const version = await this.#usable(name, before);
    await this.#move(name, label, before, by);
    return version;
  }

  async pin(name: string, which: string): Promise<KeptVersion> {
    const version = await this.#usable(name, which);
    await this.#store.pin(name, version.version);
    return version;
  }

  async unpin(name: string): Promise<void> {
    if (!(await this.#store.pin(name, null))) await findTemplate(this.#store, name);
  }

  /** Archives a version, or with null for it the whole prompt. What is archived already stays so since then. */
  async archive(name: string, which: string | null): Promise<void> {
    const target = await this.#archivable(name, which);
    const labels = await this.#store.labels(name);
    const uses = usesOf(target, labels, await this.#experimentsOn(name));
    if (uses.length > 0) {
      const what =
        target.version === null ? `The prompt ${quoted(name)}` : formatTemplateId({ name, ...target });
      throw new Refusal("conflict", `${what} is in use, so it cannot be archived: ${uses.join(", ")}.`);
    }
    if (target.archivedAt === null) await this.#store.archive(name, target.version, Date.now());
  }

  async unarchive(name: string, which: string | null): Promise<void> {
    const { version } = await this.#archivable(name, which);
    await this.#store.archive(name, version, null);
  }

  async #archivable(name: string, which: string | null): Promise<ArchiveTarget> {
    const { pinnedVersion, archivedAt } = await findTemplate(this.#store, name);
    if (which === null) return { version: null, pinnedVersion, archivedAt };
    if (which.includes("@")) {
      throw new Refusal(
        "invalid",
        "All texts of a version are archived together: leave out what follows the @.",
      );
    }
    const found = await this.version(name, which);
    return { version: found.version, pinnedVersion, archivedAt: found.archivedAt };
  }

  /** One that requests may be answered with. */
  async #usable(name: string, which: string): Promise<KeptVersion> {
    const version = await findVersion(this.#store, name, which);
    const id = formatTemplateId({ name, version: version.version });
    if (version.conflict) {
      throw new Refusal(
        "conflict",
        `${id} has another text, which came first; a conflicting one is never used. Make a version of its own of it.`,
      );
    }
    if (version.archivedAt !== null) throw new Refusal("conflict", `${id} is archived.`);
    if ((await findTemplate(this.#store, name)).archivedAt !== null) throw archived(name);
    return version;
  }

  async #move(template: string, label: string, version: string | null, by: string | null): Promise<void> {
    await this.#store.moveLabel({ template, label, version, movedAt: Date.now(), movedBy: by });
  }

  async #noLabel(name: string, label: string): Promise<Refusal> {
    await findTemplate(this.#store, name);
    return new Refusal("missing", `The prompt ${quoted(name)} has no label ${quoted(label)}.`);
  }

  async #taken(name: string, version: string): Promise<Refusal> {
    const id = formatTemplateId({ name, version });
    const free = await this.nextVersion(name);
    return new Refusal("conflict", `${id} has another text, and versions never change; ${free} is free.`);
  }
}

/** The catalogue of what a storage keeps. */
export function promptCatalogue({ prompts, experiments }: Pick<Storage, "prompts" | "experiments">) {
  return new PromptCatalogue(prompts, async (name) =>
    (await experiments.list()).filter(({ template }) => template === name),
  );
}

function archived(name: string): Refusal {
  return new Refusal("conflict", `The prompt ${quoted(name)} is archived.`);
}

function capitalised(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
