/**
 * Why a text went out: the client's own content (`client`), the client's template rendered (`rendered`), or the gateway's
 * version: named by the client (`named`), pinned (`pin`), that of a label (`label`) or of an experiment.
 */
export type TextSource = "client" | "rendered" | "named" | "pin" | "label" | "experiment";

/** What became of one place of a request that has template fields. Plain data: it is kept in files and in the record. */
export interface UsedTemplate {
  /** Where it stood, as `messages[0].content[1]`. */
  readonly path: string;
  /** As the client named it, `name-vVERSION` or a name; null where it named none. */
  readonly templateId: string | null;
  /** The version whose text went out, and its revision; null where that is no version that has a name. */
  readonly version: string | null;
  readonly revision: string | null;
  readonly source: TextSource;
  /** The label, where it was one's version. */
  readonly label: string | null;
  /** Whether the client's own content is another text than its template and variables give. */
  readonly drift: boolean;
  /** Why the gateway's version, or the client's template, could not be rendered; null where it could. */
  readonly problem: string | null;
}
