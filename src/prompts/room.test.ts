import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { newExperiment } from "../../test/support/experiments.ts";
import type { Format } from "../exchange/formats.ts";
import type { NewExperiment } from "../experiments/definition.ts";
import { ExperimentDesk } from "../experiments/desk.ts";
import { DirectAnalyst } from "../experiments/direct-analyst.ts";
import { FORMAT_MODULES } from "../formats/registry.ts";
import { readRequestFields } from "../formats/request-fields.ts";
import { type Storage, StorageError } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import type { Asker } from "./fill-place.ts";
import { newVersion } from "./new-version.ts";
import { Renderer } from "./render.ts";
import { type FilledRequest, Prompts } from "./room.ts";
import type { Json, VersionDraft } from "./template.ts";

const renderer = new Renderer();
const nothing = () => {};
const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

let storage: Storage;
let prompts: Prompts;
let desk: ExperimentDesk;
beforeEach(async () => {
  storage = await openStorage("sqlite::memory:", "/");
  prompts = new Prompts(storage, renderer, logger);
  desk = new ExperimentDesk(storage, new DirectAnalyst(storage));
});
afterEach(async () => {
  await prompts.close();
  await storage.close();
});

/** Keeps a version of `greeting`. */
async function keep(version: string, text: string, change: Partial<VersionDraft> = {}): Promise<void> {
  const draft = {
    template: "greeting",
    version,
    messages: [{ role: null, text }],
    model: null,
    parameters: {},
    ...change,
  };
  const made = newVersion(renderer, draft, "api", 1);
  if (made instanceof Error) throw made;
  await storage.prompts.add(made);
}

const label = (name: string, version: string) =>
  storage.prompts.moveLabel({ template: "greeting", label: name, version, movedAt: 1, movedBy: null });

async function experiment(change: Partial<NewExperiment> = {}): Promise<string> {
  const { id } = await desk.create(newExperiment(change), true, null);
  await prompts.registry.load();
  return id;
}

interface Sent {
  readonly format?: Format;
  readonly by?: Partial<Asker>;
}

function fillBody(body: Record<string, Json>, { format = "openai-chat", by = {} }: Sent = {}) {
  const bytes = Buffer.from(JSON.stringify(body));
  return prompts.fill({
    body: bytes,
    fields: readRequestFields(bytes, FORMAT_MODULES[format].templatePlaces, format),
    format,
    replaces: true,
    captures: true,
    label: null,
    serves: (model) => !model.startsWith("nobody/"),
    ids: { runId: "run-1", threadId: "thread-1", agentId: "agent-1", requestId: "req-1" },
    context: {
      agentId: "agent-1",
      keyId: "key_1",
      keyName: "shop",
      tags: [],
      model: (body.model as string) ?? null,
    },
    ...by,
  });
}

const OWN = { template: "Hello {{ name }}!", template_id: "greeting-v1", variables: { name: "Ada" } };

/** Fills one message; `content` is what it then says. */
async function fill(message: Record<string, Json>, by: Partial<Asker> = {}) {
  const filled = await fillBody({ model: "m", messages: [{ role: "user", ...message }] }, { by });
  return { ...filled, used: filled.templates[0]!, content: contentsOf(filled)[0] };
}

const bodyOf = ({ body }: FilledRequest) => JSON.parse(body.toString());
const contentsOf = (filled: FilledRequest): unknown[] =>
  bodyOf(filled).messages.map(({ content }: { content: unknown }) => content);

describe("the text of a place, in this order", () => {
  beforeEach(async () => {
    for (const name of ["pinned", "staging", "tried", "production", "named"])
      await keep(
        { pinned: "2", staging: "3", tried: "4", production: "5", named: "6" }[name]!,
        `${name} {{ name }}`,
      );
  });
  const serveAll = async () => {
    await label("staging", "3");
    await label("production", "5");
    const id = await experiment({
      variants: [
        { name: "a", version: "4" },
        { name: "b", version: "4" },
      ],
    });
    await storage.prompts.pin("greeting", "2");
    await prompts.registry.load();
    return id;
  };

  test("the pinned version, whatever else there is; an experiment decides nothing then", async () => {
    await serveAll();
    const { content, used, decisions } = await fill({ ...OWN, content: "own" }, { label: "staging" });
    expect([content, used.source, used.version]).toEqual(["pinned Ada", "pin", "2"]);
    expect(decisions).toEqual([]);
  });

  test("the version of the label that is asked for", async () => {
    await serveAll();
    await storage.prompts.pin("greeting", null);
    await prompts.registry.load();
    const { content, used, decisions } = await fill(OWN, { label: "staging" });
    expect([content, used.source, used.label]).toEqual(["staging Ada", "label", "staging"]);
    expect(decisions).toEqual([]);
    // One that is not there changes nothing, whatever its name.
    for (const name of ["canary", "__proto__", ""])
      expect((await fill(OWN, { label: name })).used.source).toBe("experiment");
  });

  test("the variant of the experiment, which is told with its probability", async () => {
    const id = await serveAll();
    await storage.prompts.pin("greeting", null);
    await prompts.registry.load();
    const { content, used, decisions } = await fill(OWN);
    expect([content, used.source]).toEqual(["tried Ada", "experiment"]);
    expect(decisions).toEqual([expect.objectContaining({ experiment: id, probability: 0.5, unit: "run-1" })]);
  });

  test("the version of the label production", async () => {
    await label("production", "5");
    await prompts.registry.load();
    const { content, used } = await fill({ ...OWN, content: "own" });
    expect([content, used.source, used.label]).toEqual(["production Ada", "label", "production"]);
  });

  test("the client's own content, as it is; then its template rendered", async () => {
    await prompts.registry.load();
    const own = await fill({ ...OWN, content: "Hello Ada!" });
    expect([own.content, own.used.source, own.used.drift]).toEqual(["Hello Ada!", "client", false]);
    const drifted = await fill({ ...OWN, content: "Hello  Ada!" });
    expect([drifted.content, drifted.used.drift, drifted.used.problem]).toEqual(["Hello  Ada!", true, null]);
    const rendered = await fill(OWN);
    expect([rendered.content, rendered.used.source]).toEqual(["Hello Ada!", "rendered"]);
  });

  test("an empty text is one", async () => {
    expect(await fill({ ...OWN, content: "" })).toMatchObject({
      content: "",
      used: { source: "client", drift: true },
    });
    expect(await fill({ ...OWN, template: "" })).toMatchObject({ content: "", used: { source: "rendered" } });
  });

  test("the version that the client names", async () => {
    const { content, used } = await fill({ template_id: "greeting-v6", variables: { name: "Ada" } });
    expect([content, used.source, used.version]).toEqual(["named Ada", "named", "6"]);
  });

  test("a client that keeps its own texts gets what is served where it has none", async () => {
    await serveAll();
    expect((await fill(OWN, { replaces: false })).used.source).toBe("rendered");
    expect((await fill({ ...OWN, content: "own" }, { replaces: false })).used.source).toBe("client");
    const { template: _template, ...bare } = OWN;
    expect((await fill(bare, { replaces: false })).used.source).toBe("pin");
  });
});

describe("a version that cannot be rendered", () => {
  beforeEach(async () => {
    await keep("2", "Hi {{ nickname }}");
    await label("production", "2");
    await prompts.registry.load();
  });
  const MISSING = "template greeting, version 2, message 1, line 1, column 7: variable nickname is missing";

  test("leaves the client's content, or its template", async () => {
    const own = await fill({ ...OWN, content: "Hello Ada!" });
    expect([own.content, own.used]).toEqual([
      "Hello Ada!",
      expect.objectContaining({ source: "client", problem: MISSING, problemKind: "missing-variable" }),
    ]);
    const rendered = await fill(OWN);
    expect([rendered.content, rendered.used.source, rendered.used.problem]).toEqual([
      "Hello Ada!",
      "rendered",
      MISSING,
    ]);
  });

  test("refuses the request where there is neither, and tells of the place all the same", async () => {
    const { refusal, used } = await fill({ template_id: "greeting", variables: { name: "Ada" } });
    expect(refusal).toMatchObject({
      code: "invalid_request",
      message: `messages[0]: ${MISSING}.`,
      param: "messages[0].variables",
    });
    expect(used).toMatchObject({ source: "none", version: "2", problemKind: "missing-variable" });
  });

  test("both at fault: the client's template is what the refusal is about", async () => {
    const { refusal } = await fill({ ...OWN, template: "{% if %}" });
    expect(refusal?.param).toBe("messages[0].template");
    expect(refusal?.message).toContain("template greeting, version 1, message 1, line 1, column 6");
  });

  test("in an experiment, counts for its variant and changes nothing else of the request", async () => {
    await keep("3", "Hi {{ nickname }}", { model: "other" });
    const variants = ["a", "b"].map((name) => ({
      name,
      version: "3",
      model: "openai/other",
      parameters: { temperature: 0 },
    }));
    await experiment({ variants });
    const filled = await fill(OWN);
    expect(bodyOf(filled)).toEqual({ model: "m", messages: [{ role: "user", content: "Hello Ada!" }] });
    expect(filled.model).toBeNull();
    expect(filled.decisions).toHaveLength(1);
    expect(filled.used.problem).toContain("version 3");
  });
});

test("a variant with a model that is not served leaves the request as it was, and says so", async () => {
  for (const version of ["1", "2"]) await keep(version, `v${version}`);
  const variants = ["a", "b"].map((name) => ({
    name,
    version: "2",
    model: "nobody/none",
    parameters: { n: 2 },
  }));
  const id = await experiment({ variants });
  const filled = await fill({ ...OWN, content: "own" });
  expect(bodyOf(filled)).toEqual({ model: "m", messages: [{ role: "user", content: "own" }] });
  expect(filled.model).toBeNull();
  expect(filled.used).toMatchObject({ source: "client", problemKind: "model" });
  expect(filled.used.problem).toMatch(
    new RegExp(`^the variant [ab] of the experiment ${id} asks for nobody/none`),
  );
  expect(filled.decisions).toHaveLength(1);
});

describe("what a client writes wrongly", () => {
  test.each([
    [{ template_id: 7, template: "Hi", variables: {} }, "Hi", "template_id: a template id is a text"],
    [{ template_id: "a/b", template: "Hi" }, "Hi", "template_id: "],
    [{ template_id: { toString: "x" }, content: "own" }, "own", "template_id: "],
    [{ template: ["Hi"], content: "own" }, "own", "template: it is not a text"],
    [{ template: "Hi", variables: ["Ada"] }, "Hi", "variables: they are not an object"],
    [{ template: "Hi", variables: "Ada" }, "Hi", "variables: they are not an object"],
  ] as [Record<string, Json>, string, string][])(
    "%j goes out with a warning",
    async (message, said, problem) => {
      const { content, used } = await fill(message);
      expect(content).toBe(said);
      expect(used.problem).toStartWith(problem);
      expect(used.problemKind).toBe("fields");
    },
  );

  test.each([
    [{ template_id: "greeting-v9" }, "messages[0].template_id", "has no version 9"],
    [{ template_id: "nobody" }, "messages[0].template_id", "has no version that is served"],
    [{ template_id: "a/b" }, "messages[0].template_id", "template_id: "],
    [{ template: 7 }, "messages[0].template", "it is not a text"],
    [{ variables: { name: "Ada" } }, "messages[0]", "neither content nor a template"],
    [{ template_id: null, template: null, variables: null }, "messages[0]", "neither content nor"],
  ] as [Record<string, Json>, string, string][])(
    "%j without a text is refused",
    async (message, param, why) => {
      const { refusal, used } = await fill(message);
      expect(refusal?.param).toBe(param);
      expect(refusal?.message).toContain(why);
      expect(used.source).toBe("none");
    },
  );

  test("an archived version, and one of an archived template, are not there", async () => {
    await keep("1", "Hello");
    await storage.prompts.archive("greeting", "1", 5);
    await prompts.registry.load();
    expect((await fill({ template_id: "greeting-v1" })).refusal?.message).toContain("no version 1 in use");
    await storage.prompts.archive("greeting", "1", null);
    await prompts.registry.load();
    expect((await fill({ template_id: "greeting-v1" })).content).toBe("Hello");
    await storage.prompts.archive("greeting", null, 5);
    await prompts.registry.load();
    expect((await fill({ template_id: "greeting-v1" })).refusal?.message).toContain("no version 1 in use");
  });
});

describe("values", () => {
  const said = async (template: string, variables: Json) => (await fill({ template, variables })).content;

  test("are put in as they are, whatever is in them", async () => {
    const hostile = '{{ name }} {% raw %} ", \\ \u0000 \u2028 🚋 </s> \ud800';
    expect(await said("<{{ name }}>", { name: hostile })).toBe(`<${hostile}>`);
    const large = "é{{x}}".repeat(200_000);
    expect(await said("{{ name }}", { name: large })).toBe(large);
    expect(
      await said("{{ a }}|{{ b }}|{{ c }}|{{ d }}", { a: 1.5, b: null, c: [1, "x"], d: { k: true } }),
    ).toBe('1.5||1x|{"k":true}');
  });

  test.each(["constructor", "__proto__", "hasOwnProperty", "name.constructor", "name.length.constructor"])(
    "{{ %s }} is no variable that a client did not send",
    async (name) => {
      const { refusal } = await fill({ template: `{{ ${name} }}`, variables: { name: "Ada" } });
      expect(refusal?.param).toBe("messages[0].variables");
    },
  );

  test("of prototype names are ordinary ones where they are sent", async () => {
    const variables = JSON.parse('{"__proto__": "p", "constructor": "c", "toString": "t"}');
    expect(await said("{{ __proto__ }}{{ constructor }}{{ toString }}", variables)).toBe("pct");
    expect(({} as Record<string, unknown>).p).toBeUndefined();
  });
});

describe("several places", () => {
  test("each have their own text, and one that is wrong is told by its path", async () => {
    await keep("2", "Hi {{ name }}");
    await label("production", "2");
    await prompts.registry.load();
    const filled = await fillBody({
      model: "m",
      messages: [
        { role: "system", template: "Be {{ how }}.", variables: { how: "brief" } },
        {
          role: "user",
          content: [
            { type: "text", ...OWN },
            { type: "text", text: "And?" },
          ],
        },
        { role: "user", content: "nothing here" },
      ],
    });
    expect(contentsOf(filled)).toEqual([
      "Be brief.",
      [
        { type: "text", text: "Hi Ada" },
        { type: "text", text: "And?" },
      ],
      "nothing here",
    ]);
    const wrong = await fillBody({
      model: "m",
      messages: [
        { role: "user", ...OWN },
        { role: "user", content: [{ type: "text", template: "{{ x }}" }] },
      ],
    });
    expect(wrong.refusal?.param).toBe("messages[1].content[0].variables");
    expect(wrong.templates.map(({ source }) => source)).toEqual(["label", "none"]);
  });

  test("of one experiment have one variant, even where a variable is the unit", async () => {
    for (const version of ["1", "2"]) await keep(version, `v${version}`);
    await experiment({ unit: "variable:name" });
    for (let i = 0; i < 20; i++) {
      const messages = ["a", "b", "c"].map((name) => ({
        role: "user",
        ...OWN,
        variables: { name: `${name}${i}` },
      }));
      const filled = await fillBody({ model: "m", messages });
      expect(filled.decisions).toHaveLength(1);
      expect(new Set(contentsOf(filled)).size).toBe(1);
    }
  });

  test("together take no more than a bounded time; what has a text of its own goes out", async () => {
    const slow = "{% for i in (1..400000) %}{% endfor %}";
    const messages = Array.from({ length: 40 }, (_, i) => ({
      role: "user",
      content: `own ${i}`,
      template: `${slow}${i}`,
    }));
    const startedAt = performance.now();
    const filled = await fillBody({ model: "m", messages });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(contentsOf(filled)).toEqual(messages.map(({ content }) => content));
    expect(filled.templates.at(-1)?.problemKind).toBe("limit");
  });

  test("are at most 10,000", async () => {
    const messages = Array.from({ length: 10_001 }, () => ({ role: "user", template: "x" }));
    expect(fillBody({ model: "m", messages })).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("OpenAI's own reference to a prompt", () => {
  const RESPONSES = { format: "openai-responses" } as const;

  test("goes on as it is where the gateway does not know the id, without asking the storage", async () => {
    await storage.close();
    for (const prompt of [{ id: "pmpt_1", version: "3" }, { id: "pmpt_1" }, { id: "a b" }, { id: 7 }]) {
      const filled = await fillBody({ model: "m", prompt, input: "hi" }, RESPONSES);
      expect(bodyOf(filled)).toEqual({ model: "m", prompt, input: "hi" });
      expect(filled.templates).toEqual([]);
    }
    storage = await openStorage("sqlite::memory:", "/");
  });

  test("becomes the version's text, with what the version suggests and the client does not say itself", async () => {
    await keep("1", "Help {{ who }}", {
      model: "openai/gpt-5",
      parameters: { max_tokens: 100, temperature: 0.2, reasoning_effort: "low", verbosity: "low" },
    });
    await prompts.registry.load();
    const prompt = { id: "greeting", version: "1", variables: { who: { type: "input_text", text: "Ada" } } };
    const filled = await fillBody(
      { prompt, input: "hi", max_output_tokens: 5, reasoning: { effort: "high" }, text: { verbosity: null } },
      RESPONSES,
    );
    expect(filled.model).toBe("openai/gpt-5");
    expect(bodyOf(filled)).toEqual({
      model: "openai/gpt-5",
      input: [
        { role: "system", content: "Help Ada" },
        { role: "user", content: "hi" },
      ],
      max_output_tokens: 5,
      reasoning: { effort: "high" },
      text: { verbosity: "low" },
      temperature: 0.2,
    });
    const own = await fillBody(
      { model: "mine", prompt: { ...prompt, version: "1" }, temperature: 1 },
      RESPONSES,
    );
    expect(own.model).toBeNull();
    expect(bodyOf(own)).toMatchObject({ model: "mine", temperature: 1, max_output_tokens: 100 });
  });

  test("to a known id is refused where that version is not there, or nothing is served", async () => {
    await keep("1", "Hello");
    await prompts.registry.load();
    for (const prompt of [{ id: "greeting", version: "9" }, { id: "greeting" }]) {
      const { refusal } = await fillBody({ model: "m", prompt, input: "hi" }, RESPONSES);
      expect(refusal?.param).toBe("prompt.template_id");
    }
  });

  test("is known as soon as traffic brought its template", async () => {
    await fill({ ...OWN, template_id: "fresh-v1" });
    await prompts.close();
    const prompt = { id: "fresh", version: "1", variables: { name: "Ada" } };
    const filled = await fillBody({ model: "m", prompt, input: "hi" }, RESPONSES);
    expect(bodyOf(filled).input[0]).toEqual({ role: "system", content: "Hello Ada!" });
  });
});

describe("the storage", () => {
  test("that cannot be used refuses what only it could answer, and nothing else", async () => {
    await keep("1", "Hello");
    await label("production", "1");
    await prompts.registry.load();
    const failing = {
      ...storage.prompts,
      version: () => Promise.reject(new StorageError("gone")),
    };
    const broken = new Prompts({ ...storage, prompts: failing } as unknown as Storage, renderer, logger);
    const whole = prompts;
    prompts = broken;
    expect(fill({ template_id: "other-v1" })).rejects.toMatchObject({ code: "storage_unavailable" });
    expect((await fill(OWN)).content).toBe("Hello Ada!");
    prompts = whole;
    expect((await fill(OWN)).content).toBe("Hello");
  });

  test("is told of a new template once, and of none that must leave no record", async () => {
    await fill(OWN);
    await fill(OWN);
    await fill({ ...OWN, template_id: "secret-v1" }, { captures: false });
    await fill({ ...OWN, template_id: "broken-v1", content: "own", template: "{% if %}" });
    await prompts.close();
    expect((await storage.prompts.templates()).map(({ name }) => name)).toEqual(["greeting"]);
    // A client of which records are kept brings it later.
    await fill({ ...OWN, template_id: "secret-v1" });
    await prompts.close();
    expect(await storage.prompts.template("secret")).not.toBeNull();
  });
});
