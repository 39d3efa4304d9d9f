import { diffLines } from "diff";
import type { Json, TemplateMessage, TemplateRole, VersionContent } from "./template.ts";

/** Lines that may differ before two texts count as wholly different: comparing takes a time that grows with its square. */
export const MAX_DIFFERENT_LINES = 1_000;

/** Consecutive lines, with their line ends, that both texts have or one of them. */
export interface LineRun {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
}

export interface MessageComparison {
  /** Undefined where that version has no message in this place. */
  readonly roleBefore: TemplateRole | null | undefined;
  readonly roleAfter: TemplateRole | null | undefined;
  readonly lines: readonly LineRun[];
}

export interface ParameterChange {
  readonly name: string;
  /** Undefined where that version does not have it. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export interface VersionComparison {
  readonly equal: boolean;
  /** One for each place that either version has a message in. */
  readonly messages: readonly MessageComparison[];
  /** Null where both suggest the same model, or none. */
  readonly model: { readonly before: string | null; readonly after: string | null } | null;
  /** Those that differ, by name. */
  readonly parameters: readonly ParameterChange[];
}

/** What changed from one version to another, message by message and line by line. */
export function compareVersions(before: VersionContent, after: VersionContent): VersionComparison {
  const places = Math.max(before.messages.length, after.messages.length);
  const messages = Array.from({ length: places }, (_, place) =>
    compareMessages(before.messages[place], after.messages[place]),
  );
  const model = before.model === after.model ? null : { before: before.model, after: after.model };
  const parameters = compareParameters(before.parameters, after.parameters);
  const equal = model === null && parameters.length === 0 && messages.every(isUnchanged);
  return { equal, messages, model, parameters };
}

/**
 * The runs of lines in which two texts agree and differ: the same and removed ones together are `before`, the same and
 * added ones `after`, to the character.
 */
export function compareLines(before: string, after: string): readonly LineRun[] {
  const changes = diffLines(before, after, { maxEditLength: MAX_DIFFERENT_LINES });
  if (changes !== undefined) {
    return changes.map(({ added, removed, value }) => ({
      kind: added ? "added" : removed ? "removed" : "same",
      text: value,
    }));
  }
  return [
    { kind: "removed", text: before },
    { kind: "added", text: after },
  ];
}

function compareMessages(
  before: TemplateMessage | undefined,
  after: TemplateMessage | undefined,
): MessageComparison {
  return {
    roleBefore: before?.role,
    roleAfter: after?.role,
    lines: compareLines(before?.text ?? "", after?.text ?? ""),
  };
}

function isUnchanged({ roleBefore, roleAfter, lines }: MessageComparison): boolean {
  return roleBefore === roleAfter && lines.every(({ kind }) => kind === "same");
}

function compareParameters(
  before: VersionContent["parameters"],
  after: VersionContent["parameters"],
): readonly ParameterChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map((name) => ({ name, before: own(before, name), after: own(after, name) }))
    .filter((change) => !Bun.deepEquals(change.before, change.after));
}

function own(parameters: VersionContent["parameters"], name: string): Json | undefined {
  return Object.hasOwn(parameters, name) ? parameters[name] : undefined;
}
