/** What a base64 `data:` URL holds (RFC 2397). */
export interface InlineData {
  /** Lower case, without parameters; empty where the URL names none. */
  readonly mimeType: string;
  readonly data: string;
}

/** Null for any other URL, and for data that is not base64. */
export function parseDataUrl(url: string): InlineData | null {
  if (url.slice(0, 5).toLowerCase() !== "data:") return null;
  const comma = url.indexOf(",");
  const head = url.slice(5, comma).toLowerCase();
  if (comma < 0 || !head.endsWith(";base64")) return null;
  const semicolon = head.indexOf(";");
  return { mimeType: head.slice(0, semicolon), data: url.slice(comma + 1) };
}

export function dataUrl(mimeType: string, data: string): string {
  return `data:${mimeType};base64,${data}`;
}
