import type { Format } from "../exchange/formats.ts";
import { FORMAT_MODULES } from "../formats/registry.ts";
import {
  type RequestFields,
  readRequestFields,
  rewriteBody,
  type TemplatePlace,
} from "../formats/request-fields.ts";
import { type Filling, withFillings } from "../formats/templated.ts";
import { JsonSyntaxError } from "../lib/json-scan.ts";
import type { PromptStore } from "../storage/prompt-store.ts";
import { readPlace } from "./place.ts";
import { Renderer } from "./render.ts";
import { revisionOf } from "./revision.ts";
import type { TemplateMessage } from "./template.ts";
import { parseTemplateId } from "./template-id.ts";
import type { UsedTemplate } from "./used-template.ts";

/** Makes recorded bodies again as they went out, with the texts of their templates. */
export class SentBodies {
  readonly #store: Pick<PromptStore, "versions">;
  readonly #renderer = new Renderer();
  /** By template, then by revision: a log names few of them, again and again. */
  readonly #texts = new Map<string, Promise<ReadonlyMap<string, readonly TemplateMessage[]>>>();

  constructor(store: Pick<PromptStore, "versions">) {
    this.#store = store;
  }

  /**
   * The recorded body with the texts that went out, by what the record says of its places; the same body where the client's
   * own went out. Null where that cannot be told any more: the body is no whole JSON, a version is not kept any more, or
   * the record does not know of each place.
   */
  async of(body: Buffer, format: Format, templates: readonly UsedTemplate[]): Promise<Buffer | null> {
    if (templates.every(({ source }) => source === "client")) return body;
    try {
      const fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
      const places = placesOf(fields, templates);
      // A request that the gateway made of another one has its texts in their places.
      if (places.length === 0) return body;
      const fillings: Filling[] = [];
      for (const [at, place] of places.entries()) {
        const used = templates[at];
        if (used?.path !== place.path) return null;
        if (used.source === "client") continue;
        const messages = await this.#messages(place, used);
        if (messages === null) return null;
        fillings.push({ place, messages });
      }
      return rewriteBody(body, withFillings(body, fields, format, fillings), null).toBytes();
    } catch (error) {
      if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return null;
      throw error;
    }
  }

  async #messages(place: TemplatePlace, used: UsedTemplate): Promise<readonly TemplateMessage[] | null> {
    const { text, variables } = readPlace(place, null);
    const source = used.source === "rendered" ? plain(text) : await this.#version(used);
    if (source === null) return null;
    const revision = used.revision ?? revisionOf({ messages: source, model: null, parameters: {} });
    const name = { template: used.templateId ?? "", version: used.version ?? "", revision };
    const messages = this.#renderer.render({ ...name, messages: source }, variables);
    return messages instanceof Error ? null : messages;
  }

  async #version({ templateId, revision }: UsedTemplate): Promise<readonly TemplateMessage[] | null> {
    const id = parseTemplateId(templateId);
    if ("reason" in id || revision === null) return null;
    const known = this.#texts.get(id.name) ?? this.#read(id.name);
    this.#texts.set(id.name, known);
    return (await known).get(revision) ?? null;
  }

  async #read(template: string): Promise<ReadonlyMap<string, readonly TemplateMessage[]>> {
    const versions = await this.#store.versions(template);
    return new Map(versions.map(({ revision, messages }) => [revision, messages]));
  }
}

/** A reference to a stored prompt is a place where the gateway filled it; others are the provider's. */
function placesOf(
  { templates: own, storedPrompt }: RequestFields,
  templates: readonly UsedTemplate[],
): readonly TemplatePlace[] {
  const isFilled = storedPrompt !== null && templates.some(({ path }) => path === storedPrompt.path);
  return isFilled ? [...own, storedPrompt] : own;
}

function plain(text: string | null): readonly TemplateMessage[] | null {
  return text === null ? null : [{ role: null, text }];
}
