import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Refusal } from "../lib/refusal.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { PromptCatalogue, type WantedVersion } from "./catalogue.ts";
import { newVersion } from "./new-version.ts";
import { Renderer } from "./render.ts";
import type { TemplateVersion, VersionContent } from "./template.ts";
import type { TemplateExperiment } from "./uses.ts";

let folder: string;
let storage: Storage;
let catalogue: PromptCatalogue;
let experiments: TemplateExperiment[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "catalogue-"));
  storage = await openStorage("sqlite:prompts.db", folder);
  experiments = [];
  catalogue = new PromptCatalogue(storage.prompts, async (name) => (name === "greeting" ? experiments : []));
});
afterEach(async () => {
  await storage.close();
  await rm(folder, { recursive: true });
});

const textOf = (text: string): VersionContent => ({
  messages: [{ role: null, text }],
  model: null,
  parameters: {},
});
const wanted = (text: string, change: Partial<WantedVersion> = {}): WantedVersion => ({
  template: "greeting",
  ...textOf(text),
  ...change,
});
const make = async (text: string, change: Partial<WantedVersion> = {}) =>
  (await catalogue.create(wanted(text, change))).version.version;
const refusal = (kind: Refusal["kind"], message: string) =>
  expect.objectContaining({ name: "Refusal", kind, message: expect.stringContaining(message) });
const told = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error) => error,
  );

/** As seen in traffic: another text of a version is a conflict there. */
function seen(version: string, text: string): Promise<unknown> {
  const draft = { template: "greeting", version, ...textOf(text) };
  const made = newVersion(new Renderer(1), draft, "traffic", Date.now()) as TemplateVersion;
  return storage.prompts.capture([made], { most: 10, mostTemplates: 10 });
}

describe("a new version", () => {
  test("gets the next free number where none is given, and makes its prompt", async () => {
    expect(await make("Hello {{ name }}!")).toBe("1");
    expect(await make("Hi {{ name }}!")).toBe("2");
    expect(await make("Dear {{ name }}!", { version: "2.5" })).toBe("2.5");
    expect(await make("You!")).toBe("3");
    const { template, versions } = await catalogue.show("greeting");
    expect(template).toMatchObject({ name: "greeting", archivedAt: null, pinnedVersion: null });
    expect(versions.map(({ version, variables, source }) => [version, variables, source])).toEqual([
      ["1", ["name"], "api"],
      ["2", ["name"], "api"],
      ["2.5", ["name"], "api"],
      ["3", [], "api"],
    ]);
  });

  test("that many make at once gets many numbers", async () => {
    const made = await Promise.all(["a", "b", "c", "d"].map((text) => make(text)));
    expect(made.toSorted()).toEqual(["1", "2", "3", "4"]);
  });

  test("of the same text changes nothing, of another text is refused with a number that is free", async () => {
    await make("a", { version: "1" });
    expect(await catalogue.create(wanted("a", { version: "1" }))).toMatchObject({ made: false });
    expect(await told(make("b", { version: "1" }))).toEqual(
      refusal("conflict", "greeting-v1 has another text, and versions never change; 2 is free."),
    );
    expect((await catalogue.show("greeting")).versions).toHaveLength(1);
  });

  test("in an archived prompt, or in one that was to be new, is refused", async () => {
    await make("a");
    const work = catalogue.create(wanted("b"), { newPrompt: true });
    expect(await told(work)).toEqual(refusal("conflict", 'There is a prompt "greeting" already.'));
    await catalogue.archive("greeting", null);
    expect(await told(make("b"))).toEqual(refusal("conflict", "is archived"));
  });

  test.each([
    ["../etc/passwd", "begins with a letter or a digit"],
    ["a/b", "letters, digits, _ . and -"],
    ["__proto__", "begins with a letter or a digit"],
    ["", "name is missing"],
    ["x".repeat(129), "at most 128"],
    ["a-v1", "no -v followed by a digit"],
  ])("of a prompt called %j is refused", async (template, message) => {
    expect(await told(make("a", { template }))).toEqual(refusal("invalid", message));
    expect(await catalogue.list()).toEqual([]);
  });

  test.each<[string, Partial<WantedVersion>, string]>([
    ["a version that is a path", { version: "../1" }, "begins with a digit"],
    ["no message", { messages: [] }, "at least one message"],
    [
      "several texts without role",
      {
        messages: [
          { role: null, text: "a" },
          { role: null, text: "b" },
        ],
      },
      "no role",
    ],
    [
      "an unknown role",
      { messages: [{ role: "tool" as "user", text: "a" }] },
      "one of system, user, assistant",
    ],
    ["a model with a line end", { model: "gpt\n5" }, "printable characters"],
    ["an empty model", { model: "" }, "printable characters"],
    ["half a character", { messages: [{ role: null, text: "\ud800" }] }, "half a character"],
    [
      "a text of 1 MB",
      { messages: [{ role: null, text: "x".repeat(1_000_000) }] },
      "at most 262144 characters",
    ],
    ["201 messages", { messages: Array(201).fill({ role: "user", text: "a" }) }, "at most 200 messages"],
    ["another's parameter", { parameters: { stream: true } }, "cannot suggest the parameter stream"],
    ["an infinite parameter", { parameters: { temperature: Infinity } }, "parameters are a mapping"],
    ["parameters of 100 KB", { parameters: { stop: "x".repeat(100_000) } }, "at most 65536 characters"],
  ])("with %s is refused", async (_, change, message) => {
    expect(await told(make("a", change))).toEqual(refusal("invalid", message));
    expect(await catalogue.list()).toEqual([]);
  });

  test("with parameters nested 100 deep is kept, deeper ones are refused, however deep", async () => {
    const nested = (depth: number) => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
    expect(await make("a", { parameters: nested(100) })).toBe("1");
    for (const depth of [101, 50_000])
      expect(await told(make("b", { parameters: nested(depth) }))).toEqual(refusal("invalid", "100 deep"));
  });

  test("of no valid Liquid is refused with its place", async () => {
    const messages = [
      { role: "system" as const, text: "fine" },
      { role: "user" as const, text: "a\n  {% if x %}" },
    ];
    expect(await told(make("", { messages }))).toEqual(
      refusal("invalid", "Template greeting, version 1, message 2, line 2, column 3: "),
    );
    expect(await told(make("{{ x | shout }}"))).toEqual(refusal("invalid", "undefined filter: shout"));
  });

  test("keeps prototype names in its parameters for what they are", async () => {
    const parameters = JSON.parse('{"__proto__":{"x":1},"constructor":2}');
    await make("{{ __proto__ }}", { parameters });
    const version = await catalogue.version("greeting", "1");
    expect(JSON.stringify(version.parameters)).toBe('{"__proto__":{"x":1},"constructor":2}');
    expect(version.variables).toEqual(["__proto__"]);
  });
});

describe("a version", () => {
  test("is found by its name, its label, or its revision among conflicting texts", async () => {
    await seen("1", "first");
    await seen("1", "second");
    const [first, second] = (await catalogue.show("greeting")).versions;
    expect([first?.conflict, second?.conflict]).toEqual([false, true]);
    await catalogue.moveLabel("greeting", "staging", "1", null);
    for (const which of ["1", "staging", `1@${first!.revision}`])
      expect((await catalogue.version("greeting", which)).revision).toBe(first!.revision);
    expect((await catalogue.version("greeting", `1@${second!.revision}`)).messages).toEqual([
      { role: null, text: "second" },
    ]);
  });

  test.each(["2", "nothing", "1@0000000000000000", "1@", "@1", "", "@", "__proto__", "1/../1", "1' OR 1=1"])(
    "that is not there is missing: %j",
    async (which) => {
      await make("a");
      expect(await told(catalogue.version("greeting", which))).toEqual(
        refusal("missing", 'The prompt "greeting" has no version or label'),
      );
    },
  );

  test("of no prompt says so", async () => {
    for (const name of ["nothing", "__proto__", "x".repeat(1_000_000)]) {
      const error = (await told(catalogue.version(name, "1"))) as Refusal;
      expect(error).toEqual(refusal("missing", "There is no prompt"));
      expect(error.message.length).toBeLessThan(300);
    }
  });

  test("that is not named is the pinned one, that of production, or the newest in use", async () => {
    for (const text of ["a", "b", "c", "d"]) await make(text);
    const present = async () => (await catalogue.version("greeting")).version;
    expect(await present()).toBe("4");
    await catalogue.archive("greeting", "4");
    expect(await present()).toBe("3");
    await catalogue.moveLabel("greeting", "production", "1", null);
    expect(await present()).toBe("1");
    await catalogue.pin("greeting", "2");
    expect(await present()).toBe("2");
  });

  test("is compared with another", async () => {
    await make("a\nb");
    await make("a\nc", { model: "demo/x" });
    const { before, after, comparison } = await catalogue.compare("greeting", "1", "2");
    expect([before.version, after.version, comparison.equal, comparison.model]).toEqual([
      "1",
      "2",
      false,
      { before: null, after: "demo/x" },
    ]);
  });

  test("is previewed with variables, whose braces mean nothing", async () => {
    await make("Hello {{ name }}!");
    const { messages } = await catalogue.preview("greeting", undefined, { name: "{{ x }}" });
    expect(messages).toEqual([{ role: null, text: "Hello {{ x }}!" }]);
    expect(await told(catalogue.preview("greeting", "1", {}))).toEqual(
      refusal("invalid", "line 1, column 10: variable name is missing"),
    );
    const big = await catalogue.preview("greeting", "1", { name: "x".repeat(1_000_000) });
    expect(big.messages[0]?.text).toHaveLength(1_000_007);
    expect(await told(catalogue.preview("greeting", "1", { name: "x".repeat(5_000_000) }))).toEqual(
      refusal("invalid", "longer than"),
    );
  });
});

describe("a label", () => {
  beforeEach(async () => {
    for (const text of ["a", "b", "c"]) await make(text);
  });
  const pointed = async (label = "production") =>
    (await catalogue.labelHistory("greeting", label)).map(({ version }) => version);

  test("is moved with its history, and not recorded where it stays", async () => {
    await catalogue.moveLabel("greeting", "production", "1", "key_1");
    await catalogue.moveLabel("greeting", "production", "1", "key_2");
    await catalogue.moveLabel("greeting", "production", "2", null);
    await catalogue.moveLabel("greeting", "staging", "production", null);
    expect(await pointed()).toEqual(["1", "2"]);
    expect(await pointed("staging")).toEqual(["2"]);
    const [{ labels } = { labels: [] }] = await catalogue.list();
    expect(labels.map(({ label, version }) => [label, version])).toEqual([
      ["production", "2"],
      ["staging", "2"],
    ]);
    expect((await catalogue.labelHistory("greeting", "production"))[0]).toEqual({
      version: "1",
      movedAt: expect.any(Number),
      movedBy: "key_1",
    });
  });

  test("is taken away, and its history stays", async () => {
    await catalogue.moveLabel("greeting", "production", "1", null);
    await catalogue.removeLabel("greeting", "production", "key_1");
    expect(await pointed()).toEqual(["1", null]);
    expect((await catalogue.summary("greeting")).labels).toEqual([]);
    for (const label of ["production", "nothing"])
      expect(await told(catalogue.removeLabel("greeting", label, null))).toEqual(
        refusal("missing", "has no label"),
      );
  });

  test("goes back to where it pointed before, and forth again", async () => {
    await catalogue.moveLabel("greeting", "production", "1", null);
    expect(await told(catalogue.revertLabel("greeting", "production", null))).toEqual(
      refusal("conflict", "pointed to no other version before"),
    );
    await catalogue.moveLabel("greeting", "production", "3", null);
    expect((await catalogue.revertLabel("greeting", "production", "key_1")).version).toBe("1");
    expect((await catalogue.revertLabel("greeting", "production", "key_1")).version).toBe("3");
    expect(await pointed()).toEqual(["1", "3", "1", "3"]);
  });

  test("that was taken away goes back to its last version", async () => {
    await catalogue.moveLabel("greeting", "production", "2", null);
    await catalogue.removeLabel("greeting", "production", null);
    await catalogue.revertLabel("greeting", "production", null);
    expect(await pointed()).toEqual(["2", null, "2"]);
  });

  test("does not go back to a version that was archived meanwhile", async () => {
    await catalogue.moveLabel("greeting", "production", "1", null);
    await catalogue.moveLabel("greeting", "production", "2", null);
    await catalogue.archive("greeting", "1");
    expect(await told(catalogue.revertLabel("greeting", "production", null))).toEqual(
      refusal("conflict", "greeting-v1 is archived."),
    );
    expect(await pointed()).toEqual(["1", "2"]);
  });

  test.each([
    ["", "missing"],
    ["1.2", "the first of them a letter"],
    ["a b", "letters, digits"],
    ["a/../b", "letters, digits"],
    ["__proto__", "the first of them a letter"],
    ["x".repeat(65), "at most 64"],
    ["latest", "label is called latest"],
    ["Latest", "label is called latest"],
    ["a\n", "letters, digits"],
  ])("is not called %j", async (label, message) => {
    expect(await told(catalogue.moveLabel("greeting", label, "1", null))).toEqual(
      refusal("invalid", message),
    );
  });

  test("points to nothing that is not there, archived or a conflict", async () => {
    await seen("3", "another");
    const conflict = (await catalogue.show("greeting")).versions.at(-1)!;
    await catalogue.archive("greeting", "2");
    const move = (which: string) => told(catalogue.moveLabel("greeting", "production", which, null));
    expect(await move("9")).toEqual(refusal("missing", "no version"));
    expect(await move("2")).toEqual(refusal("conflict", "greeting-v2 is archived."));
    expect(await move(`3@${conflict.revision}`)).toEqual(refusal("conflict", "never used"));
    expect(await told(catalogue.labelHistory("greeting", "production"))).toEqual(
      refusal("missing", "no label"),
    );
    expect(await told(catalogue.labelHistory("nothing", "production"))).toEqual(
      refusal("missing", "There is no prompt"),
    );
  });
});

describe("a pin", () => {
  test("is set and taken away", async () => {
    await make("a");
    await catalogue.pin("greeting", "1");
    expect((await catalogue.summary("greeting")).template.pinnedVersion).toBe("1");
    await catalogue.unpin("greeting");
    await catalogue.unpin("greeting");
    expect((await catalogue.summary("greeting")).template.pinnedVersion).toBeNull();
  });

  test("holds nothing that is missing or archived", async () => {
    await make("a");
    await catalogue.archive("greeting", "1");
    expect(await told(catalogue.pin("greeting", "1"))).toEqual(refusal("conflict", "archived"));
    expect(await told(catalogue.pin("greeting", "2"))).toEqual(refusal("missing", "no version"));
    expect(await told(catalogue.pin("nothing", "1"))).toEqual(refusal("missing", "no prompt"));
    expect(await told(catalogue.unpin("nothing"))).toEqual(refusal("missing", "no prompt"));
  });
});

describe("archiving", () => {
  const archivedAt = async (which: string) => (await catalogue.version("greeting", which)).archivedAt;
  beforeEach(async () => {
    await make("a");
    await make("b");
  });

  test("is told once, and taken back", async () => {
    await catalogue.archive("greeting", "1");
    const since = await archivedAt("1");
    expect(Math.abs(since! - Date.now())).toBeLessThan(60_000);
    await Bun.sleep(2);
    await catalogue.archive("greeting", "1");
    expect([await archivedAt("1"), await archivedAt("2")]).toEqual([since, null]);
    await catalogue.unarchive("greeting", "1");
    expect(await archivedAt("1")).toBeNull();
    await catalogue.archive("greeting", null);
    expect((await catalogue.summary("greeting")).template.archivedAt).not.toBeNull();
    expect(await told(catalogue.moveLabel("greeting", "production", "1", null))).toEqual(
      refusal("conflict", 'The prompt "greeting" is archived.'),
    );
    await catalogue.unarchive("greeting", null);
    await catalogue.moveLabel("greeting", "production", "1", null);
  });

  test("of what is pinned, labelled or in an experiment is refused, with all that holds it", async () => {
    await catalogue.pin("greeting", "1");
    await catalogue.moveLabel("greeting", "staging", "1", null);
    const variants = [{ name: "a", version: "1" }];
    experiments = [
      { id: "x", status: "running", variants },
      { id: "y", status: "paused", variants },
      { id: "z", status: "ended", variants },
      { id: "d", status: "draft", variants },
    ];
    const held =
      "version 1 is pinned, the label staging points to version 1, the experiment x is running, the experiment y is paused.";
    for (const which of ["1", null])
      expect(await told(catalogue.archive("greeting", which))).toEqual(refusal("conflict", held));
    await catalogue.archive("greeting", "2");
    expect([await archivedAt("1"), await archivedAt("2")]).toEqual([null, expect.any(Number)]);
  });

  test("is of all texts of a version, and of nothing that is missing", async () => {
    await seen("2", "another");
    const conflict = (await catalogue.show("greeting")).versions.at(-1)!;
    expect(await told(catalogue.archive("greeting", `2@${conflict.revision}`))).toEqual(
      refusal("invalid", "archived together"),
    );
    await catalogue.archive("greeting", "2");
    expect(await archivedAt(`2@${conflict.revision}`)).toEqual(await archivedAt("2"));
    for (const work of [catalogue.archive("greeting", "9"), catalogue.unarchive("greeting", "9")])
      expect(await told(work)).toEqual(refusal("missing", "no version"));
    for (const work of [catalogue.archive("nothing", null), catalogue.unarchive("nothing", null)])
      expect(await told(work)).toEqual(refusal("missing", "no prompt"));
  });
});

test("what is changed moves the storage's revision, a refusal does not", async () => {
  const moved = async (work: () => Promise<unknown>) => {
    const before = await storage.revision();
    await told(work());
    return (await storage.revision()) !== before;
  };
  expect(await moved(() => make("a"))).toBe(true);
  expect(await moved(() => catalogue.moveLabel("greeting", "production", "1", null))).toBe(true);
  expect(await moved(() => catalogue.moveLabel("greeting", "production", "1", null))).toBe(false);
  expect(await moved(() => catalogue.pin("greeting", "1"))).toBe(true);
  expect(await moved(() => catalogue.archive("greeting", "1"))).toBe(false);
});
