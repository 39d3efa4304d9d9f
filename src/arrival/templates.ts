import type { Caller } from "../auth/authenticate.ts";
import { identify } from "../formats/identify.ts";
import type { RequestFields } from "../formats/request-fields.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { Prompts } from "../prompts/room.ts";
import type { UsedTemplate } from "../prompts/used-template.ts";
import { requestIdOf, tagTexts } from "../records/make-record.ts";
import type { Trace } from "../records/trace.ts";
import type { RequestFacts } from "../routing/request-facts.ts";
import type { Arrival } from "./arrive.ts";
import { innerFacts } from "./inner-facts.ts";

/** What filling templates needs beside the request. */
export interface TemplateRooms {
  readonly prompts: Prompts;
  /** The run that a request belongs to, as far as it is known while it runs. */
  runOf(trace: Trace): string;
}

/** Whether a request has template fields, or refers to a stored prompt. */
export function hasTemplates(fields: RequestFields | null): boolean {
  return fields !== null && (fields.templates.length > 0 || fields.storedPrompt !== null);
}

/**
 * The request with its templates' texts in their places, and with the model that an experiment gave it. Rejects with a
 * GatewayError where a place is left without a text.
 */
export async function fillTemplates(
  { request, door, headers, router, trace }: Arrival,
  caller: Caller,
  facts: RequestFacts,
  rooms: TemplateRooms,
): Promise<RequestFacts> {
  const { body, fields } = facts;
  const before = innerFacts(request).filled;
  // What is left in it is a provider's.
  if (before !== undefined) return { ...facts, kind: kindOf(before.templates) };
  const { format } = door.call;
  if (!(body instanceof Buffer) || fields === null || format === null) return facts;
  const { tracking } = trace;
  const { id, name } = caller.identity;
  const filled = await rooms.prompts.fill({
    body,
    fields,
    format,
    replaces: replaces(headers, router.config.prompts.own_text_keys, id, name),
    captures: trace.capture !== null,
    label: headers["x-amsterdam-label"]?.trim() ?? null,
    serves: (model) => router.serves(model, door),
    ids: {
      runId: rooms.runOf(trace),
      threadId: tracking?.thread_id ?? null,
      agentId: tracking?.agent_id ?? null,
      requestId: requestIdOf(trace),
    },
    context: {
      agentId: tracking?.agent_id ?? null,
      keyId: id,
      keyName: name,
      tags: tracking?.tags === undefined ? [] : tagTexts(tracking.tags),
      model: facts.model,
    },
  });
  trace.templates = filled.templates;
  // Counting a prompt's tokens is no use of it.
  trace.decisions = door.call.operation === "count-tokens" ? [] : filled.decisions;
  if (filled.refusal !== null) throw filled.refusal;
  return {
    ...facts,
    body: filled.body,
    fields: identify(filled.body, door.call, true),
    contentLength: String(filled.body.length),
    model: filled.model ?? facts.model,
    isModelChosen: facts.isModelChosen || filled.model !== null,
    kind: kindOf(filled.templates),
  };
}

/** A client keeps its own texts by a header, or by its key. */
function replaces(headers: HeaderFields, keys: readonly string[], id: string, name: string): boolean {
  const isOff = headers["x-amsterdam-templates"]?.trim().toLowerCase() === "off";
  return !isOff && !keys.includes(id) && !keys.includes(name);
}

/** Short, and without a space. */
function kindOf(templates: readonly UsedTemplate[]): string {
  const first = templates.find(({ templateId }) => templateId !== null);
  if (first === undefined) return "";
  return Bun.hash.xxHash64(`${first.templateId} ${first.version}`).toString(36);
}
