import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Schema, SchemaChecker, type Schemas } from "./json-schema.ts";
import { StreamOrder } from "./open-responses-order.ts";

/** An event of a stream: its `event` line, null where it has none, and its data lines. */
interface SseEvent {
  readonly event: string | null;
  readonly data: string;
}

const file = join(import.meta.dirname, "../fixtures/specs/openresponses-2026-04-24.openapi.json");
const described = JSON.parse(readFileSync(file, "utf8")).components.schemas as Record<string, Schema>;

/** What OpenAI has and the description has not is held to what every tool, item or annotation has. */
const TYPED: Schema = { type: "object", required: ["type"], properties: { type: { type: "string" } } };
const ITEM: Schema = { allOf: [TYPED, { required: ["id"], properties: { id: { type: "string" } } }] };

/** What OpenAI's own API and SDK say otherwise, or more, than the description. */
const schemas: Schemas = {
  ...described,
  // It has only null here, for the schema is any object.
  JsonSchemaResponseFormat: withProperty("JsonSchemaResponseFormat", "schema", { type: "object" }),
  ReasoningEffortEnum: { enum: ["none", "minimal", "low", "medium", "high", "xhigh", "max"] },
  Tool: withOthers("Tool", TYPED),
  ItemField: withOthers("ItemField", ITEM),
  Annotation: withOthers("Annotation", TYPED),
  ResponseResource: withProperty("ResponseResource", "tool_choice", {
    anyOf: [{ $ref: "#/components/schemas/ToolChoiceValueEnum" }, TYPED],
  }),
  InputTokensDetails: alsoRequired("InputTokensDetails", ["cache_write_tokens"]),
  ResponseOutputTextDeltaStreamingEvent: alsoRequired("ResponseOutputTextDeltaStreamingEvent", ["logprobs"]),
  ResponseOutputTextDoneStreamingEvent: alsoRequired("ResponseOutputTextDoneStreamingEvent", ["logprobs"]),
  ResponseFunctionCallArgumentsDoneStreamingEvent: alsoRequired(
    "ResponseFunctionCallArgumentsDoneStreamingEvent",
    ["name"],
  ),
};

const checker = new SchemaChecker(schemas);
const response: Schema = { $ref: "#/components/schemas/ResponseResource" };
const events = checker.variants(
  Object.keys(described)
    .filter((name) => name.endsWith("StreamingEvent"))
    .map((name) => ({ $ref: `#/components/schemas/${name}` })),
  "type",
);

/** Events that OpenAI's SDK has and the description has not. */
const index = { type: "integer" };
const string = { type: "string" };
const FURTHER_EVENTS: Readonly<Record<string, readonly string[]>> = {
  "response.custom_tool_call_input.delta": ["delta"],
  "response.custom_tool_call_input.done": ["input"],
  "response.reasoning_text.delta": ["content_index", "delta"],
  "response.reasoning_text.done": ["content_index", "text"],
};
for (const [type, members] of Object.entries(FURTHER_EVENTS)) {
  const required = ["type", "sequence_number", "item_id", "output_index", ...members];
  const kinds = required.map((name) => [
    name,
    name.endsWith("index") || name.endsWith("number") ? index : string,
  ]);
  events.set(type, { type: "object", required, properties: Object.fromEntries(kinds) });
}

/** Every breach of the Open Responses description in a whole answer, in words; none for one that keeps to it. */
export function validateResponse(body: unknown): string[] {
  const found = checker.check(body, response);
  return found.length > 0 ? found : contradictions(body as Answer);
}

/**
 * Every breach of the Open Responses description and its prose in a stream, in words: fields and types of each event,
 * the `event` line, the order of events, indexes, sequence numbers, and whether the `done` events and the last response
 * say what the deltas said.
 */
export function validateStream(stream: readonly SseEvent[]): string[] {
  const found: string[] = [];
  const order = new StreamOrder();
  for (const [i, { event, data }] of stream.entries()) {
    const at = `event ${i}`;
    if (data === "[DONE]") {
      if (i < stream.length - 1) found.push(`${at}: [DONE] is not the last`);
      continue;
    }
    const body = JSON.parse(data) as Record<string, unknown>;
    const schema = events.get(body.type);
    if (event !== body.type) found.push(`${at}: the event line says ${event}, the body ${body.type}`);
    const breaches = schema === undefined ? [] : checker.check(body, schema);
    const told = [...breaches, ...order.take(body)];
    found.push(...told.map((breach) => `${at} (${body.type}): ${breach}`));
  }
  if (stream.at(-1)?.data !== "[DONE]") found.push("the stream does not end with [DONE]");
  const last = order.finalResponse;
  const whole =
    last === null || checker.check(last, response).length > 0 ? [] : contradictions(last as Answer);
  return [...found, ...order.end(), ...whole];
}

interface Answer {
  readonly status?: string;
  readonly output?: readonly { readonly id?: unknown; readonly status?: unknown }[];
}

/** Items have ids of their own, and an incomplete one is the last, of a response that is incomplete or failed. */
function contradictions({ status, output = [] }: Answer): string[] {
  const found: string[] = [];
  const ids = output.map(({ id }) => id);
  if (new Set(ids).size < ids.length) found.push("two items of $.output have the same id");
  for (const [i, item] of output.entries()) {
    if (item.status === "in_progress" && status !== "in_progress")
      found.push(`$.output[${i}] is in progress in a response that has ended`);
    if (item.status !== "incomplete") continue;
    if (i < output.length - 1) found.push(`$.output[${i}] is incomplete and not the last`);
    if (status !== "incomplete" && status !== "failed")
      found.push(`$.output[${i}] is incomplete in a response that is ${status}`);
  }
  return found;
}

function withProperty(name: string, property: string, schema: Schema): Schema {
  const base = described[name] as Schema;
  return { ...base, properties: { ...base.properties, [property]: schema } };
}

function alsoRequired(name: string, members: readonly string[]): Schema {
  const base = described[name] as Schema;
  return { ...base, required: [...(base.required ?? []), ...members] };
}

/** The union, open to types that it does not describe; those that it does are held to their description. */
function withOthers(name: string, other: Schema): Schema {
  const base = described[name] as Schema;
  const known = new SchemaChecker(described).variants(base.oneOf ?? [], "type");
  const knownType = { required: ["type"], properties: { type: { enum: [...known.keys()] } } };
  return { anyOf: [{ allOf: [other, { not: knownType }] }, base] };
}
