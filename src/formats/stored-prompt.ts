import { isObject, readValue } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject } from "../lib/scanned-json.ts";
import type { TemplatePlace } from "./find-templates.ts";

/** The member of a Responses request that names a prompt which is stored with the provider, or here. */
export const STORED_PROMPT = "prompt";

/**
 * Reads `prompt: {id, version, variables}` of a Responses request (OpenAI's API reference, "Create a model response") as
 * a place; null where there is none that has an id. Variables that are text parts are told as their texts, those that
 * are images or files as they came. Throws SyntaxError.
 */
export function readStoredPrompt(body: Buffer, root: ScannedObject): TemplatePlace | null {
  const member = lastMember(root, STORED_PROMPT);
  if (member === undefined || !isObject(body, member.start)) return null;
  const prompt = readValue(body, member) as Readonly<Record<string, unknown>>;
  if (!Object.hasOwn(prompt, "id")) return null;
  const { id, version, variables } = prompt;
  return {
    path: STORED_PROMPT,
    template_id: id,
    ...(version === undefined ? {} : { version }),
    ...(variables === undefined ? {} : { variables: textsOf(variables) }),
    spot: null,
  };
}

function textsOf(variables: unknown): unknown {
  if (typeof variables !== "object" || variables === null || Array.isArray(variables)) return variables;
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): unknown {
  const part = value as { readonly type?: unknown; readonly text?: unknown } | null;
  return typeof part === "object" && part?.type === "input_text" && typeof part.text === "string"
    ? part.text
    : value;
}
