/** Something other than text that a user's turn carried. */
export interface Attachment {
  readonly kind: "image" | "audio" | "video" | "file";
  /** Media type, or a file format's name where the API gives only that. */
  readonly type: string | undefined;
  /** Size of the content; undefined when only a link or an id was given. */
  readonly bytes: number | undefined;
}

/** An attachment whose content came as base64. */
export function fromBase64(kind: Attachment["kind"], type: string | undefined, data: string): Attachment {
  const padding = data.endsWith("==") ? 2 : data.endsWith("=") ? 1 : 0;
  return { kind, type, bytes: Math.floor((data.length * 3) / 4) - padding };
}

/** An attachment that came as a `data:` URL or as a link. */
export function fromUrl(kind: Attachment["kind"], url: string, type?: string): Attachment {
  if (!url.startsWith("data:")) return { kind, type, bytes: undefined };
  const comma = url.indexOf(",");
  const mediaType = url.slice("data:".length, comma).split(";")[0] || type;
  return fromBase64(kind, mediaType, url.slice(comma + 1));
}

/** The kind that a media type belongs to. */
export function kindOf(mediaType: string | undefined): Attachment["kind"] {
  const family = mediaType?.split("/")[0];
  return family === "image" || family === "audio" || family === "video" ? family : "file";
}

/** A sentence such as `I received 1 image (image/png, 123 bytes).`, or "" without attachments. */
export function acknowledge(attachments: readonly Attachment[]): string {
  const groups = new Map<string, Attachment[]>();
  for (const attachment of attachments) {
    groups.set(attachment.kind, [...(groups.get(attachment.kind) ?? []), attachment]);
  }
  const parts = [...groups].map(([kind, members]) => {
    const noun = kind === "audio" ? "audio clip" : kind;
    return `${members.length} ${noun}${members.length > 1 ? "s" : ""} (${members.map(describe).join("; ")})`;
  });
  return parts.length === 0 ? "" : `I received ${parts.join(" and ")}.`;
}

function describe({ type, bytes }: Attachment): string {
  const size = bytes === undefined ? "by reference" : `${bytes} bytes`;
  return type ? `${type}, ${size}` : size;
}
