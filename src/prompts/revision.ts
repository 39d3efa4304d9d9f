import { createHash } from "node:crypto";
import type { VersionContent } from "./template.ts";

/**
 * The fingerprint of a version's content: the first 16 hexadecimal digits of the SHA-256 of its canonical JSON, in which
 * the members of objects are sorted by name. Content that differs in one character of a text, or in a number's value,
 * has another; the order of parameters does not count.
 */
export function revisionOf(content: VersionContent): string {
  const messages = content.messages.map(({ role, text }) => [role, text]);
  const canonical = JSON.stringify([messages, content.model, content.parameters], sorted);
  return createHash("sha256").update(canonical).digest("hex").slice(0, 16);
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
