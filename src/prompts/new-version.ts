import type { Renderer } from "./render.ts";
import type { RenderError } from "./render-error.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateVersion, VersionDraft, VersionSource } from "./template.ts";

/**
 * The version that a draft becomes, with its revision and variables, or why one of its texts is no template. Names are
 * taken as checked. `createdAt` is in milliseconds since 1970.
 */
export function newVersion(
  renderer: Renderer,
  { template, version, messages, model, parameters }: VersionDraft,
  source: VersionSource,
  createdAt: number,
): TemplateVersion | RenderError {
  const content = { template, version, messages, model, parameters };
  const revision = revisionOf(content);
  const variables = renderer.variables({ template, version, revision, messages });
  if (variables instanceof Error) return variables;
  return { ...content, revision, variables, source, createdAt, archivedAt: null };
}
