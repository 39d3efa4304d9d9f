import { beforeEach, describe, expect, test } from "bun:test";
import type { Label, TemplateVersion } from "../prompts/template.ts";
import { type Storage, StorageError } from "./interface.ts";
import type { NewLabelMove } from "./prompt-store.ts";

/** What is no good in statements, patterns, objects or keys, and what looks alike. */
const ODD_NAMES = [
  "",
  "'; DROP TABLE prompt_versions; --",
  "%",
  "__proto__",
  "a\0b",
  "\u001a0",
  "Łódź 🚋",
  "\u00e9",
  "e\u0301",
  "Greeting",
  "greeting",
];
const MUCH = { most: 1_000, mostTemplates: 1_000 };

function templateVersion(change: Partial<TemplateVersion> = {}): TemplateVersion {
  return {
    template: "greeting",
    version: "1",
    revision: "00000000000000r1",
    messages: [{ role: null, text: "Hello {{ name }}!" }],
    model: null,
    parameters: {},
    variables: ["name"],
    source: "api",
    createdAt: 1_000,
    archivedAt: null,
    ...change,
  };
}

function seen(change: Partial<TemplateVersion> = {}): TemplateVersion {
  return templateVersion({ source: "traffic", ...change });
}

function move(change: Partial<NewLabelMove> = {}): NewLabelMove {
  return {
    template: "greeting",
    label: "production",
    version: "1",
    movedAt: 1_000,
    movedBy: "key_1",
    ...change,
  };
}

/** What every database must do with prompts: `opened` gives each test's empty one. */
export function describePrompts(opened: () => Storage): void {
  let storage: Storage;
  let prompts: Storage["prompts"];
  beforeEach(() => {
    storage = opened();
    prompts = storage.prompts;
  });

  /** Whether work moves the revision on. */
  const moves = async (work: () => Promise<unknown>) => {
    const before = await storage.revision();
    await work();
    return (await storage.revision()) !== before;
  };
  const kept = async (template = "greeting") =>
    (await prompts.versions(template)).map(({ version, revision, conflict }) => [
      version,
      revision,
      conflict,
    ]);

  describe("templates", () => {
    test("are none at first", async () => {
      expect(await prompts.templates()).toEqual([]);
      expect(await prompts.template("greeting")).toBeNull();
      expect(await prompts.versions("greeting")).toEqual([]);
      expect(await prompts.version("greeting", "1")).toBeNull();
      expect(await prompts.labels()).toEqual([]);
      expect(await prompts.labelHistory("greeting", "production")).toEqual([]);
    });

    test("come with their first version, and are told by name", async () => {
      await prompts.add(templateVersion({ template: "b", createdAt: 2_000 }));
      await prompts.add(templateVersion({ template: "b", version: "2", createdAt: 1_000 }));
      await prompts.capture([seen({ template: "a-long-name" }), seen({ template: "B" })], MUCH);
      const b = { name: "b", createdAt: 2_000, archivedAt: null, pinnedVersion: null };
      expect((await prompts.templates()).map(({ name }) => name)).toEqual(["B", "a-long-name", "b"]);
      expect((await prompts.templates())[2]).toEqual(b);
      expect(await prompts.template("b")).toEqual(b);
    });

    test("may have any name, and are told apart by each character of it", async () => {
      for (const [index, name] of ODD_NAMES.entries()) {
        const version = templateVersion({ template: name, version: name, revision: name, createdAt: index });
        expect(await prompts.add(version)).toBe("added");
        await prompts.moveLabel(move({ template: name, label: name, version: name, movedBy: name }));
        await prompts.pin(name, name);
      }
      expect(new Set((await prompts.templates()).map(({ name }) => name))).toEqual(new Set(ODD_NAMES));
      for (const [index, name] of ODD_NAMES.entries()) {
        expect(await prompts.template(name)).toMatchObject({ name, createdAt: index, pinnedVersion: name });
        expect(await prompts.version(name, name)).toMatchObject({ template: name, revision: name });
        const history = [{ version: name, movedAt: 1_000, movedBy: name }];
        expect(await prompts.labels(name)).toEqual([{ template: name, label: name, version: name, history }]);
        expect(await prompts.labelHistory(name, name)).toEqual(history);
      }
    });
  });

  describe("versions", () => {
    test("come back as they were kept", async () => {
      const plain = templateVersion();
      const chat = templateVersion({
        version: "1.2321beta5",
        messages: [
          { role: "system", text: "Łódź 🚋 \u2028\u0000\u001a0 {% if a %}{{ a['__proto__'] }}{% endif %}" },
          { role: "user", text: "x\ud800".repeat(500_000) },
          { role: "assistant", text: "" },
        ],
        model: "openai/gpt-5.2",
        parameters: JSON.parse(
          '{"temperature":0.1,"__proto__":{"constructor":[null,true,-0.5e-7]},"":"\\u0000"}',
        ),
        variables: ["__proto__", "name", "ä"],
        source: "import",
        createdAt: Date.UTC(2026, 10, 22),
        archivedAt: Date.UTC(2026, 10, 23),
      });
      expect(await prompts.add(plain)).toBe("added");
      expect(await prompts.add(chat)).toBe("added");
      expect(await prompts.versions("greeting")).toEqual([
        { ...plain, conflict: false },
        { ...chat, conflict: false },
      ]);
      expect(await prompts.version("greeting", "1.2321beta5")).toEqual({ ...chat, conflict: false });
      expect(await prompts.version("greeting", "1.2321beta")).toBeNull();
      expect(await prompts.version("greetin", "1")).toBeNull();
    });

    test("are told in the order in which they were kept, whatever the clock said", async () => {
      for (const [index, version] of ["9", "10", "1"].entries())
        await prompts.add(templateVersion({ version, createdAt: 9_000 - index }));
      await prompts.add(templateVersion({ template: "other" }));
      expect((await prompts.versions("greeting")).map(({ version }) => version)).toEqual(["9", "10", "1"]);
    });

    test("are added once, and another revision of one is a conflict that changes nothing", async () => {
      const first = templateVersion();
      expect(await prompts.add(first)).toBe("added");
      expect(await prompts.add({ ...first, source: "import", createdAt: 9_000 })).toBe("kept");
      expect(await prompts.add({ ...first, revision: "00000000000000r2", model: "m" })).toBe("conflict");
      expect(await prompts.versions("greeting")).toEqual([{ ...first, conflict: false }]);
    });

    test("of which another revision was seen cannot be added as that", async () => {
      await prompts.capture([seen(), seen({ revision: "r2" })], MUCH);
      expect(await prompts.add(templateVersion())).toBe("kept");
      expect(await prompts.add(templateVersion({ revision: "r2" }))).toBe("conflict");
      expect(await prompts.add(templateVersion({ revision: "r3" }))).toBe("conflict");
      expect(await kept()).toEqual([
        ["1", "00000000000000r1", false],
        ["1", "r2", true],
      ]);
    });

    test("are archived with all their revisions, and taken back", async () => {
      await prompts.capture([seen(), seen({ revision: "r2" }), seen({ version: "2" })], MUCH);
      await prompts.add(templateVersion({ template: "other" }));
      expect(await prompts.archive("greeting", "1", 5_000)).toBe(true);
      const archived = async (template: string) =>
        (await prompts.versions(template)).map(({ archivedAt }) => archivedAt);
      expect(await archived("greeting")).toEqual([5_000, 5_000, null]);
      expect(await archived("other")).toEqual([null]);
      expect((await prompts.template("greeting"))?.archivedAt).toBeNull();
      expect(await prompts.archive("greeting", "1", null)).toBe(true);
      expect(await archived("greeting")).toEqual([null, null, null]);
      expect(await prompts.archive("greeting", "3", 5_000)).toBe(false);
      expect(await prompts.archive("none", "1", 5_000)).toBe(false);
    });
  });

  describe("a template", () => {
    beforeEach(async () => {
      await prompts.add(templateVersion());
      await prompts.add(templateVersion({ template: "other" }));
    });

    test("is archived by itself, and taken back", async () => {
      expect(await prompts.archive("greeting", null, 5_000)).toBe(true);
      expect((await prompts.templates()).map(({ archivedAt }) => archivedAt)).toEqual([5_000, null]);
      expect((await prompts.version("greeting", "1"))?.archivedAt).toBeNull();
      expect(await prompts.archive("greeting", null, null)).toBe(true);
      expect((await prompts.template("greeting"))?.archivedAt).toBeNull();
      expect(await prompts.archive("none", null, 5_000)).toBe(false);
    });

    test("is pinned to a version, and to none again", async () => {
      expect(await prompts.pin("greeting", "1")).toBe(true);
      expect((await prompts.templates()).map(({ pinnedVersion }) => pinnedVersion)).toEqual(["1", null]);
      expect(await prompts.pin("greeting", null)).toBe(true);
      expect((await prompts.template("greeting"))?.pinnedVersion).toBeNull();
      expect(await prompts.pin("none", "1")).toBe(false);
      expect(await prompts.template("none")).toBeNull();
    });
  });

  describe("what is seen in traffic", () => {
    test("is kept once, and another text of a version beside it as a conflict", async () => {
      const first = seen({ createdAt: 2_000 });
      const again = seen({ createdAt: 3_000 });
      const other = seen({ revision: "r2", messages: [{ role: null, text: "Hi" }] });
      expect(await prompts.capture([first, again, other], MUCH)).toEqual({ added: 2, refused: 0 });
      expect(await prompts.capture([again, other], MUCH)).toEqual({ added: 0, refused: 0 });
      expect(await prompts.capture([], MUCH)).toEqual({ added: 0, refused: 0 });
      expect(await prompts.versions("greeting")).toEqual([
        { ...first, conflict: false },
        { ...other, conflict: true },
      ]);
      expect((await prompts.version("greeting", "1"))?.revision).toBe(first.revision);
    });

    test("is left as it is where people made it, and is a conflict beside theirs", async () => {
      const made = templateVersion();
      await prompts.add(made);
      const batch = [seen({ createdAt: 9_000 }), seen({ revision: "r2" })];
      expect(await prompts.capture(batch, MUCH)).toEqual({ added: 1, refused: 0 });
      expect((await prompts.versions("greeting"))[0]).toEqual({ ...made, conflict: false });
      expect(await kept()).toEqual([
        ["1", "00000000000000r1", false],
        ["1", "r2", true],
      ]);
    });

    test("is no more than so many revisions of a template; what people make does not count", async () => {
      await prompts.add(templateVersion({ version: "9" }));
      const batch = ["1", "2", "3", "4"].map((version) => seen({ version }));
      const limits = { most: 2, mostTemplates: 1_000 };
      expect(await prompts.capture(batch, limits)).toEqual({ added: 2, refused: 2 });
      const conflict = seen({ revision: "r2" });
      expect(await prompts.capture([conflict, ...batch], limits)).toEqual({ added: 0, refused: 3 });
      expect(await prompts.capture([seen({ template: "other" })], limits)).toEqual({ added: 1, refused: 0 });
      expect((await kept()).map(([version]) => version)).toEqual(["9", "1", "2"]);
      expect(await prompts.add(templateVersion({ version: "10" }))).toBe("added");
      expect(await prompts.capture([seen({ template: "none" })], { ...limits, most: 0 })).toEqual({
        added: 0,
        refused: 1,
      });
      expect(await prompts.template("none")).toBeNull();
    });

    test("is of no more than so many templates", async () => {
      await prompts.add(templateVersion({ template: "made" }));
      const limits = { most: 1_000, mostTemplates: 2 };
      const batch = ["a", "b", "a", "made"].map((template, index) =>
        seen({ template, version: String(index) }),
      );
      expect(await prompts.capture(batch, limits)).toEqual({ added: 3, refused: 1 });
      expect((await prompts.templates()).map(({ name }) => name)).toEqual(["a", "made"]);
    });

    test("is kept all or none", async () => {
      const broken = seen({ template: "other", revision: null as unknown as string });
      await expect(prompts.capture([seen(), broken], MUCH)).rejects.toThrow(StorageError);
      expect(await prompts.templates()).toEqual([]);
      expect(await kept()).toEqual([]);
    });
  });

  describe("labels", () => {
    test("point where they were moved last, with all that was before", async () => {
      await prompts.moveLabel(move());
      await prompts.moveLabel(move({ label: "staging", version: "2" }));
      await prompts.moveLabel(move({ version: "2", movedAt: 500, movedBy: null }));
      await prompts.moveLabel(move({ template: "another", movedBy: "experiment greeting-1" }));
      const history = [
        { version: "1", movedAt: 1_000, movedBy: "key_1" },
        { version: "2", movedAt: 500, movedBy: null },
      ];
      const own = [
        { template: "greeting", label: "production", version: "2", history },
        {
          template: "greeting",
          label: "staging",
          version: "2",
          history: [{ version: "2", movedAt: 1_000, movedBy: "key_1" }],
        },
      ];
      const others = [
        {
          template: "another",
          label: "production",
          version: "1",
          history: [{ version: "1", movedAt: 1_000, movedBy: "experiment greeting-1" }],
        },
      ];
      expect(await prompts.labels("greeting")).toEqual(own);
      expect(await prompts.labels()).toEqual([...others, ...own]);
      expect(await prompts.labels("none")).toEqual([]);
    });

    test("that were taken away have a history and point nowhere, until they are moved again", async () => {
      await prompts.moveLabel(move());
      await prompts.moveLabel(move({ version: null, movedAt: 2_000 }));
      const history = [
        { version: "1", movedAt: 1_000, movedBy: "key_1" },
        { version: null, movedAt: 2_000, movedBy: "key_1" },
      ];
      expect(await prompts.labels()).toEqual([]);
      expect(await prompts.labelHistory("greeting", "production")).toEqual(history);
      expect(await prompts.labelHistory("greeting", "staging")).toEqual([]);
      await prompts.moveLabel(move({ version: "2", movedAt: 3_000 }));
      const [label] = await prompts.labels();
      expect([label?.version, label?.history.length]).toEqual(["2", 3]);
    });
  });

  test("changes of prompts move the revision on; what was seen, and what changed nothing, does not", async () => {
    expect(await moves(() => prompts.capture([seen(), seen({ revision: "r2" })], MUCH))).toBe(false);
    expect(await moves(() => prompts.add(templateVersion()))).toBe(false);
    expect(await moves(() => prompts.add(templateVersion({ revision: "r2" })))).toBe(false);
    expect(await moves(() => prompts.add(templateVersion({ version: "2" })))).toBe(true);
    expect(await moves(() => prompts.archive("greeting", "2", 1))).toBe(true);
    expect(await moves(() => prompts.archive("greeting", null, 1))).toBe(true);
    expect(await moves(() => prompts.archive("none", null, 1))).toBe(false);
    expect(await moves(() => prompts.pin("greeting", "1"))).toBe(true);
    expect(await moves(() => prompts.pin("none", "1"))).toBe(false);
    expect(await moves(() => prompts.moveLabel(move()))).toBe(true);
    expect(await moves(() => prompts.moveLabel(move({ version: null })))).toBe(true);
    expect(await moves(() => Promise.all([prompts.templates(), prompts.labels()]))).toBe(false);
  });
}

/** What holds where several gateways change the prompts of one database: `opened` gives two that have it open. */
export function describeSharedPrompts(opened: () => readonly [Storage, Storage]): void {
  describe("prompts that two gateways change", () => {
    let both: readonly [Storage, Storage];
    beforeEach(() => {
      both = opened();
    });

    test("of two who add another text as one version, one is told of the conflict", async () => {
      for (let round = 0; round < 20; round++) {
        const version = templateVersion({ version: String(round) });
        const outcomes = await Promise.all(
          both.map(({ prompts }, index) => prompts.add({ ...version, revision: `r${index}` })),
        );
        expect(outcomes.toSorted()).toEqual(["added", "conflict"]);
      }
      expect(await both[0].prompts.versions("greeting")).toEqual(await both[1].prompts.versions("greeting"));
      expect(await both[0].prompts.versions("greeting")).toHaveLength(20);
    });

    test("what both see at once is kept once, and one of its texts is the version", async () => {
      for (let round = 0; round < 20; round++) {
        const texts = ["a", "b"].map((revision) => seen({ version: String(round), revision }));
        const counts = await Promise.all(
          both.map(({ prompts }, index) =>
            prompts.capture(index === 0 ? texts : texts.toReversed(), { most: 1_000, mostTemplates: 1 }),
          ),
        );
        expect(counts.map(({ added }) => added).reduce((sum, added) => sum + added)).toBe(2);
        expect(counts.map(({ refused }) => refused)).toEqual([0, 0]);
      }
      const versions = await both[0].prompts.versions("greeting");
      const used = versions.filter(({ conflict }) => !conflict).map(({ version }) => version);
      expect([versions.length, used.length, new Set(used).size]).toEqual([40, 20, 20]);
    });

    test("limits hold for both together", async () => {
      await Promise.all(
        both.map(({ prompts }, which) =>
          prompts.capture(
            Array.from({ length: 10 }, (_, index) => seen({ version: `${which}.${index}` })),
            { most: 12, mostTemplates: 10 },
          ),
        ),
      );
      expect(await both[0].prompts.versions("greeting")).toHaveLength(12);
      await Promise.all(
        both.map(({ prompts }, which) =>
          prompts.capture(
            Array.from({ length: 10 }, (_, index) => seen({ template: `${which}.${index}` })),
            { most: 12, mostTemplates: 10 },
          ),
        ),
      );
      expect(await both[0].prompts.templates()).toHaveLength(10);
    });

    test("moves of a label are all in its history, which both tell alike", async () => {
      await Promise.all(
        both.flatMap(({ prompts }, which) =>
          Array.from({ length: 20 }, (_, index) => prompts.moveLabel(move({ version: `${which}.${index}` }))),
        ),
      );
      const [one, other] = await Promise.all(both.map(({ prompts }) => prompts.labels()));
      expect(one).toEqual(other!);
      const [{ version, history }] = one as [Label];
      expect(new Set(history.map((moved) => moved.version)).size).toBe(40);
      expect(history.at(-1)?.version).toBe(version);
    });

    test("a change that one makes is seen by the other in the revision", async () => {
      const before = await both[1].revision();
      await both[0].prompts.add(templateVersion());
      expect(await both[1].revision()).not.toBe(before);
      expect(await both[1].prompts.version("greeting", "1")).not.toBeNull();
    });
  });
}
