import type { Epoch } from "../experiments/experiment.ts";
import { RunningExperiment } from "../experiments/running.ts";
import { UnitMemory } from "../experiments/unit-memory.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { formatTemplateId } from "./template-id.ts";

/** What is served under a template's name. */
export interface Served {
  /** The version that every request gets; null for none. */
  readonly pinned: KeptVersion | null;
  readonly labels: ReadonlyMap<string, KeptVersion>;
  readonly running: RunningTemplate | null;
}

/** An experiment on a template, with its variants' versions in their order. */
export interface RunningTemplate {
  readonly experiment: RunningExperiment;
  readonly versions: readonly (KeptVersion | null)[];
}

/** All that is served, as it was read from the storage. */
export interface ServedState {
  /** Of all templates, whether they are in use; false of archived ones. */
  readonly names: ReadonlyMap<string, boolean>;
  readonly byName: ReadonlyMap<string, Served>;
  /** By `name-vVERSION`. */
  readonly versions: ReadonlyMap<string, KeptVersion>;
  /** By experiment. */
  readonly units: ReadonlyMap<string, Units>;
}

interface Units {
  readonly memory: UnitMemory;
  readonly epoch: number;
}

interface VersionName {
  readonly template: string;
  readonly version: string;
}

/** Versions that are read from the storage at once. */
const AT_ONCE = 50;
/** How far back, and for how many units, decisions of other processes and of the time before a start are taken over. */
const UNITS_SINCE_MS = 3_600_000;
const MOST_UNITS = 50_000;

export const NOTHING_SERVED: ServedState = {
  names: new Map(),
  byName: new Map(),
  versions: new Map(),
  units: new Map(),
};

type PromptStorage = Pick<Storage, "prompts" | "experiments">;

/** Reads what is served. What `before` has of it is not read again: a version is never changed. Rejects with a StorageError. */
export async function readServed(storage: PromptStorage, before: ServedState): Promise<ServedState> {
  const [templates, labels, experiments] = await Promise.all([
    storage.prompts.templates(),
    storage.prompts.labels(),
    storage.experiments.list(),
  ]);
  const names = new Map(templates.map(({ name, archivedAt }) => [name, archivedAt === null]));
  const isInUse = (name: string) => names.get(name) === true;
  const running = experiments.filter(({ status, template }) => status === "running" && isInUse(template));
  const epochs = await storage.experiments.newestEpochs(running.map(({ id }) => id));
  const pins = templates.flatMap(({ name, pinnedVersion }): VersionName[] =>
    pinnedVersion === null ? [] : [{ template: name, version: pinnedVersion }],
  );
  const variants = running.flatMap(({ template, variants: of }) =>
    of.map(({ version }) => ({ template, version })),
  );
  const versions = await readVersions(storage, [...pins, ...labels, ...variants], before.versions);
  const units = await readUnits(storage, running, epochs, before.units);
  const versionOf = ({ template, version }: VersionName) => versions.get(idOf(template, version)) ?? null;

  const byName = new Map<string, { -readonly [Name in keyof Served]: Served[Name] }>();
  const servedOf = (name: string) => {
    const known = byName.get(name) ?? { pinned: null, labels: new Map(), running: null };
    byName.set(name, known);
    return known;
  };
  for (const pin of pins) if (isInUse(pin.template)) servedOf(pin.template).pinned = versionOf(pin);
  for (const label of labels) {
    const version = versionOf(label);
    if (version === null || !isInUse(label.template)) continue;
    const served = servedOf(label.template);
    served.labels = new Map([...served.labels, [label.label, version]]);
  }
  for (const experiment of running) {
    const epoch = epochs.get(experiment.id);
    const memory = units.get(experiment.id)?.memory;
    if (epoch === undefined || memory === undefined) continue;
    const { template } = experiment;
    servedOf(template).running = {
      experiment: new RunningExperiment(experiment, epoch, memory),
      versions: experiment.variants.map(({ version }) => versionOf({ template, version })),
    };
  }
  return { names, byName, versions, units };
}

function idOf(template: string, version: string): string {
  return formatTemplateId({ name: template, version });
}

async function readVersions(
  { prompts }: PromptStorage,
  wanted: readonly VersionName[],
  held: ReadonlyMap<string, KeptVersion>,
): Promise<ReadonlyMap<string, KeptVersion>> {
  const ids = new Map(
    wanted.map(({ template, version }) => [idOf(template, version), { template, version }]),
  );
  const versions = new Map<string, KeptVersion>();
  const missing: [string, VersionName][] = [];
  for (const [id, name] of ids) {
    const known = held.get(id);
    if (known === undefined) missing.push([id, name]);
    else versions.set(id, known);
  }
  for (let at = 0; at < missing.length; at += AT_ONCE) {
    const read = missing.slice(at, at + AT_ONCE).map(async ([id, { template, version }]) => {
      const found = await prompts.version(template, version);
      if (found !== null) versions.set(id, found);
    });
    await Promise.all(read);
  }
  return versions;
}

/** Where an epoch is new here, what other processes decided before it is taken over first. */
async function readUnits(
  { experiments }: PromptStorage,
  running: readonly KeptExperiment[],
  epochs: ReadonlyMap<string, Epoch>,
  held: ReadonlyMap<string, Units>,
): Promise<ReadonlyMap<string, Units>> {
  const units = new Map<string, Units>();
  for (const { id, unit } of running) {
    const epoch = epochs.get(id)?.number ?? 0;
    const known = held.get(id);
    const memory = known?.memory ?? new UnitMemory();
    if (unit !== "request" && epoch > 0 && known?.epoch !== epoch) {
      const since = Date.now() - UNITS_SINCE_MS;
      for (const [name, decision] of await experiments.unitDecisions(id, since, MOST_UNITS))
        if (memory.get(name) === undefined) memory.note(name, decision);
    }
    units.set(id, { memory, epoch });
  }
  return units;
}
