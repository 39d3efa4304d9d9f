import type { RenderableVersion, Renderer } from "./render.ts";
import type { RenderError } from "./render-error.ts";

/**
 * Whether what the client wrote differs, be it by one space, from what the template and the variables that came with it
 * give. `contents` are the client's texts in the order of the version's messages. A version that cannot be rendered
 * gives no answer but its error. Costs one rendering.
 */
export function hasDrifted(
  renderer: Renderer,
  version: RenderableVersion,
  variables: Readonly<Record<string, unknown>>,
  contents: readonly string[],
): boolean | RenderError {
  const rendered = renderer.render(version, variables);
  if (rendered instanceof Error) return rendered;
  return rendered.length !== contents.length || rendered.some(({ text }, index) => text !== contents[index]);
}
