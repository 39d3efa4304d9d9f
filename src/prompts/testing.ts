import type { RenderableVersion } from "./render.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateMessage } from "./template.ts";

/** A version of plain texts, or of messages, for tests. */
export function versionOf(...texts: readonly (string | TemplateMessage)[]): RenderableVersion {
  const messages = texts.map((text) => (typeof text === "string" ? { role: null, text } : text));
  const revision = revisionOf({ messages, model: null, parameters: {} });
  return { template: "greeting", version: "1", revision, messages };
}
