/** A prompt by its name. Its texts are in its versions. */
export interface Template {
  readonly name: string;
  /** Milliseconds since 1970, of its first appearance. */
  readonly createdAt: number;
  /** Milliseconds since 1970; null while in use. An archived template is kept, and chosen for nothing new. */
  readonly archivedAt: number | null;
  /** The version that every request gets which names the template, whatever labels and experiments say; null for none. */
  readonly pinnedVersion: string | null;
}

export type TemplateRole = "system" | "user" | "assistant";

/** One text of a version. */
export interface TemplateMessage {
  /** Null for a plain text, which takes the place of whatever the client had marked as template. */
  readonly role: TemplateRole | null;
  /** Liquid source in a version, the finished text in what rendering gives. */
  readonly text: string;
}

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What is written by people, and by which versions are compared: everything that changes a request. */
export interface VersionContent {
  /** At least one; a single one without role is a plain text. */
  readonly messages: readonly TemplateMessage[];
  /** A suggested model, as clients name models; null for the client's own. */
  readonly model: string | null;
  /** Suggested parameters of the request, such as `temperature`; empty for the client's own. */
  readonly parameters: { readonly [name: string]: Json };
}

/** A version as people write it, before it has a revision. */
export interface VersionDraft extends VersionContent {
  readonly template: string;
  readonly version: string;
}

/** Where a version came from: seen in a request, made through the management API, or read from a folder. */
export type VersionSource = "traffic" | "api" | "import";

/** Never changed once made, but for `archivedAt`. The same version with another revision is a conflict. */
export interface TemplateVersion extends VersionDraft {
  /** See `revisionOf`. */
  readonly revision: string;
  /** Names of the variables that the texts read, in the order of their first appearance. */
  readonly variables: readonly string[];
  readonly source: VersionSource;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970; null while in use. */
  readonly archivedAt: number | null;
}

/** A name for whichever version is in use somewhere, such as `production`. */
export interface Label {
  readonly template: string;
  readonly label: string;
  readonly version: string;
  /** Every move, the newest last; its last entry is the present version. */
  readonly history: readonly LabelMove[];
}

export interface LabelMove {
  /** Null where the label was taken away. */
  readonly version: string | null;
  /** Milliseconds since 1970. */
  readonly movedAt: number;
  /** The key's id, or `experiment ID`; null when unknown. */
  readonly movedBy: string | null;
}
