import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { FORMAT_MODULES } from "../formats/registry.ts";
import { readRequestFields } from "../formats/request-fields.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { newVersion } from "./new-version.ts";
import { Renderer } from "./render.ts";
import { Prompts } from "./room.ts";
import { SentBodies } from "./sent-body.ts";
import type { Json, TemplateMessage } from "./template.ts";

const renderer = new Renderer();
const nothing = () => {};
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let storage: Storage;
let prompts: Prompts;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
  prompts = new Prompts(storage, renderer, logger);
});
afterEach(async () => {
  await prompts.close();
  await storage.close();
});

async function keep(version: string, ...messages: TemplateMessage[]): Promise<void> {
  const draft = { template: "greeting", version, messages, model: null, parameters: {} };
  const made = newVersion(renderer, draft, "api", 1);
  if (made instanceof Error) throw made;
  await storage.prompts.add(made);
}

/** What the gateway makes of a body, and what is made of it again by what was recorded. */
async function sentTwice(body: Json, format: Format = "openai-chat") {
  const bytes = Buffer.from(JSON.stringify(body));
  await prompts.registry.load();
  const filled = await prompts.fill({
    body: bytes,
    fields: readRequestFields(bytes, FORMAT_MODULES[format].templatePlaces, format),
    format,
    replaces: true,
    captures: true,
    label: null,
    serves: () => true,
    ids: { runId: "run", threadId: null, agentId: null, requestId: "req" },
    context: { agentId: null, keyId: "key", keyName: "key", tags: [], model: null },
  });
  // What was seen is stored before the log is read.
  await prompts.close();
  const templates = JSON.parse(JSON.stringify(filled.templates));
  const again = await new SentBodies(storage.prompts).of(bytes, format, templates);
  return { bytes, templates, filled: filled.body.toString(), again: again?.toString() ?? null };
}

const RENDERED = { template: "Hello {{ name }}!", template_id: "own-v1", variables: { name: "Ada" } };
const NAMED = { template_id: "greeting-v2", variables: { name: "Ada" } };

test.each([
  ["openai-chat", { messages: [{ role: "user", ...RENDERED }] }],
  ["openai-responses", { input: [{ role: "user", content: [{ type: "input_text", ...NAMED }] }] }],
  ["openai-responses", { input: "Hi", prompt: { id: "greeting", version: "2", variables: { name: "Ada" } } }],
  ["anthropic-messages", { messages: [{ role: "user", content: [{ type: "text", ...NAMED }] }] }],
  ["gemini", { contents: [{ role: "user", parts: [RENDERED, { text: "and more" }, NAMED] }] }],
] satisfies [Format, Json][])("a recorded body of %s is the one that went out", async (format, body) => {
  await keep("2", { role: null, text: "Good day, {{ name }}." });
  const { filled, again, bytes } = await sentTwice(body, format);
  expect(again).toBe(filled);
  expect(again).not.toBe(bytes.toString());
  expect(again).toContain("Ada");
});

test("it has the version that went out then, whatever is served, archived or seen now", async () => {
  await keep("2", { role: null, text: "Good day, {{ name }}." });
  await storage.prompts.pin("greeting", "2");
  const message = { role: "user", template_id: "greeting-v1", template: "Hi", variables: { name: "Ada" } };
  const { bytes, templates, again } = await sentTwice({ messages: [message] });
  expect(again).toContain('"Good day, Ada."');
  await storage.prompts.pin("greeting", null);
  await storage.prompts.archive("greeting", null, 5);
  const later = await new SentBodies(storage.prompts).of(bytes, "openai-chat", templates);
  expect(later?.toString()).toBe(again!);
});

test("a version's messages take the place of the whole message", async () => {
  await keep("2", { role: "system", text: "Be kind." }, { role: "user", text: "I am {{ name }}." });
  const { again, filled } = await sentTwice({ messages: [{ role: "user", ...NAMED }] });
  expect(again).toBe(filled);
  expect(JSON.parse(again!).messages).toHaveLength(2);
});

test("where the client's own content went out, and where the texts are in their places, it is the same", async () => {
  const own = await sentTwice({ messages: [{ role: "user", content: "Hello Ada!", ...RENDERED }] });
  expect(own.templates).toMatchObject([{ source: "client" }]);
  expect(own.again).toBe(own.bytes.toString());
  const done = Buffer.from('{"messages":[{"role":"user","content":"Hello Ada!"}]}');
  const templates = own.templates.map((used: object) => ({ ...used, source: "rendered" }));
  expect(await new SentBodies(storage.prompts).of(done, "openai-chat", templates)).toBe(done);
});

test("none is made where it cannot be told what went out", async () => {
  await keep("2", { role: null, text: "Good day, {{ name }}." });
  const { bytes, templates } = await sentTwice({ messages: [{ role: "user", ...NAMED }] });
  const bodies = new SentBodies(storage.prompts);
  const of = async (body: Buffer | string, change: object = {}) =>
    await bodies.of(
      Buffer.from(body),
      "openai-chat",
      templates.map((used: object) => ({ ...used, ...change })),
    );
  expect(await of(bytes)).not.toBeNull();
  // A body that was cut, another place, and versions that are not kept or have no name.
  expect(await of(bytes.subarray(0, 40))).toBeNull();
  expect(await of("[]")).toBeNull();
  expect(await of(bytes, { path: "messages[1]" })).toBeNull();
  expect(await of(bytes, { revision: "0000000000000000" })).toBeNull();
  expect(await of(bytes, { revision: null })).toBeNull();
  expect(await of(bytes, { templateId: "__proto__" })).toBeNull();
  expect(await of(bytes, { templateId: null })).toBeNull();
  // The text is the gateway's, the variables do not fit any more, as where they were redacted.
  expect(await of(bytes, { source: "rendered" })).toBeNull();
  expect(await of(bytes.toString().replace('{"name":"Ada"}', "{}"))).toBeNull();
  // The record tells of a bounded number of places.
  expect(
    await of(JSON.stringify({ messages: [NAMED, NAMED].map((each) => ({ role: "user", ...each })) })),
  ).toBeNull();
});
