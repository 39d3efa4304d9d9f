import type { RenderableVersion, Renderer } from "./render.ts";
import { RenderError } from "./render-error.ts";
import type { TemplateMessage } from "./template.ts";

/** What all places of a request may take together: a body has room for thousands of templates that each keep within their bounds. */
const MAX_REQUEST_MS = 500;
const MAX_REQUEST_CHARS = 16_777_216;

/** Renders the places of one request. Once they took too much time or became too long, further ones are an error. */
export class RequestRenderer {
  readonly #renderer: Pick<Renderer, "render">;
  readonly #maxMs: number;
  #spentMs = 0;
  #chars = 0;

  constructor(renderer: Pick<Renderer, "render">, maxMs: number = MAX_REQUEST_MS) {
    this.#renderer = renderer;
    this.#maxMs = maxMs;
  }

  /** As `Renderer.render`. */
  render(
    version: RenderableVersion,
    variables: Readonly<Record<string, unknown>>,
  ): readonly TemplateMessage[] | RenderError {
    if (this.#spentMs > this.#maxMs) return excess(version, "limit", "take too long to render");
    if (this.#chars > MAX_REQUEST_CHARS) return excess(version, "too-long", "become too long");
    const startedAt = performance.now();
    const messages = this.#renderer.render(version, variables);
    this.#spentMs += performance.now() - startedAt;
    if (!(messages instanceof Error)) for (const { text } of messages) this.#chars += text.length;
    return messages;
  }
}

function excess(version: RenderableVersion, kind: "limit" | "too-long", what: string): RenderError {
  const detail = `the templates of the request together ${what}`;
  return new RenderError(version, 0, { kind, detail, variable: null, line: 1, column: 1 });
}
