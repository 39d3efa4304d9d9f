import type { Label, Template, TemplateVersion } from "../prompts/template.ts";

/** A version as it is kept. */
export interface KeptVersion extends TemplateVersion {
  /** Whether another revision of this version was kept before it: that one is the version, this one is only shown. */
  readonly conflict: boolean;
}

/** One move of a label; `version` null takes it away. */
export interface NewLabelMove {
  readonly template: string;
  readonly label: string;
  readonly version: string | null;
  /** Unix milliseconds. */
  readonly movedAt: number;
  readonly movedBy: string | null;
}

/** How much is kept of what clients send: revisions of one template, and templates. */
export interface CaptureLimits {
  readonly most: number;
  readonly mostTemplates: number;
}

/** Templates with their versions and labels. Every change but what `capture` keeps moves the storage's revision on. */
export interface PromptStore {
  /** Every template, by name. */
  templates(): Promise<Template[]>;
  template(name: string): Promise<Template | null>;
  /** The versions of a template, archived ones and conflicts too, in the order in which they were kept. */
  versions(template: string): Promise<KeptVersion[]>;
  /** The revision of this version that was kept first; null where there is none. */
  version(template: string, version: string): Promise<KeptVersion | null>;
  /**
   * Keeps a version, and its template where that is new. `kept`: the version is there and has this revision; `conflict`: it
   * has another. Neither changes anything.
   */
  add(version: TemplateVersion): Promise<"added" | "kept" | "conflict">;
  /**
   * Keeps what was seen in traffic, all or none. A revision that is kept already is left as it is; one of a version that
   * has another is kept as a conflict. Of a template that has `most` revisions from traffic, and of new templates once
   * there are `mostTemplates`, nothing more is kept. Returns how many were kept anew, and how many were left out for
   * these limits.
   */
  capture(
    versions: readonly TemplateVersion[],
    limits: CaptureLimits,
  ): Promise<{ readonly added: number; readonly refused: number }>;
  /**
   * Sets when a version (all its revisions) or, with null for it, a whole template was archived; `at` null takes it back.
   * False where there is none.
   */
  archive(template: string, version: string | null, at: number | null): Promise<boolean>;
  /** Sets the version that every request naming the template gets; null for none. False where there is no such template. */
  pin(template: string, version: string | null): Promise<boolean>;
  /** The labels that point to a version, of one template or of all, with their whole history. */
  labels(template?: string): Promise<Label[]>;
  /** The history of a label, oldest first, also of one that was taken away. */
  labelHistory(template: string, label: string): Promise<Label["history"]>;
  /** Moves a label in one step with its history. */
  moveLabel(move: NewLabelMove): Promise<void>;
}
