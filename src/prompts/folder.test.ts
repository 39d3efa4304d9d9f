import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readPromptFolder, writePromptFolder } from "./folder.ts";
import type { VersionDraft } from "./template.ts";

const NOW = 1_795_000_000_000;
const DRAFTS: readonly VersionDraft[] = [
  {
    template: "farewell",
    version: "0+5f3a",
    messages: [
      { role: "system", text: "Be kind.\r\n" },
      { role: "user", text: "{% if vip %}Dear {{ name }}{% endif %} ü 🎉" },
    ],
    model: "demo/small",
    parameters: { temperature: 0.5 },
  },
  {
    template: "greeting",
    version: "1.10",
    messages: [{ role: null, text: "Hello {{ name }}!" }],
    model: null,
    parameters: {},
  },
];

let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "prompts-"));
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, "case-"));
});
afterAll(() => rm(root, { recursive: true }));

const put = async (file: string, content: string | Uint8Array) => {
  await mkdir(join(folder, file, ".."), { recursive: true });
  await writeFile(join(folder, file), content);
};

describe("a folder of prompts", () => {
  test("gives back what was written to it", async () => {
    const target = join(folder, "new", "prompts");
    expect(await writePromptFolder(target, DRAFTS)).toEqual({
      written: ["farewell/v0+5f3a.liquid", "greeting/v1.10.liquid"],
    });
    const { versions, problems } = await readPromptFolder(target, NOW);
    expect(problems).toEqual([]);
    expect(versions).toMatchObject(DRAFTS as VersionDraft[]);
    expect(versions[0]).toMatchObject({
      revision: expect.stringMatching(/^[0-9a-f]{16}$/),
      variables: ["vip", "name"],
      source: "import",
      createdAt: NOW,
      archivedAt: null,
    });
  });

  test("is written anew only where something changed, leaving no other files", async () => {
    await writePromptFolder(folder, DRAFTS);
    const path = join(folder, "greeting/v1.10.liquid");
    await utimes(path, 1, 1);
    const changed = { ...DRAFTS[0]!, model: null };
    expect(await writePromptFolder(folder, [changed, DRAFTS[1]!])).toEqual({
      written: ["farewell/v0+5f3a.liquid"],
    });
    expect((await stat(path)).mtimeMs).toBe(1_000);
    expect(await readdir(join(folder, "farewell"))).toEqual(["v0+5f3a.liquid"]);
  });

  test("passes over links, hidden folders and other files", async () => {
    await put("a.liquid", "---\ntemplate: a\nversion: 1\n---\nx\n");
    await put("README.md", "no prompt");
    await put(".git/b.liquid", "no prompt");
    await symlink("/etc/passwd", join(folder, "c.liquid"));
    await symlink("/", join(folder, "root"));
    const { versions, problems } = await readPromptFolder(folder, NOW);
    expect(versions.map(({ template }) => template)).toEqual(["a"]);
    expect(problems).toEqual([]);
  });

  test("tells every problem with its file and line, and reads the others", async () => {
    await put("good.liquid", "---\ntemplate: good\nversion: 1\n---\nx\n");
    await put("header.liquid", "---\ntemplate: a b\nversion: 1\ncolour: red\n---\nx\n");
    await put(
      "sub/syntax.liquid",
      "---\ntemplate: s\nversion: 1\n---\n=== user ===\nfine\n=== user ===\n\n{% if %}\n",
    );
    await put("twice.liquid", "---\ntemplate: good\nversion: '1'\n---\ny\n");
    await put("wrong.liquid", Buffer.from("---\ntemplate: w\nversion: 1\n---\n\xe4\n", "latin1"));
    await put("big.liquid", "x".repeat(2_200_000));
    const { versions, problems } = await readPromptFolder(folder, NOW);
    expect(versions).toHaveLength(1);
    expect(problems).toEqual([
      { file: "big.liquid", line: 1, message: "expected at most 2097152 bytes" },
      { file: "header.liquid", line: 4, message: expect.stringContaining("expected one of template") },
      { file: "header.liquid", line: 2, message: expect.stringContaining("consists of letters") },
      {
        file: "sub/syntax.liquid",
        line: 9,
        message: expect.stringContaining("template s, version 1, message 2, line 2"),
      },
      { file: "twice.liquid", line: 1, message: "good-v1 is in good.liquid too" },
      { file: "wrong.liquid", line: 5, message: "expected text in UTF-8" },
    ]);
  });

  test("that is missing throws", async () => {
    await expect(readPromptFolder(join(folder, "nowhere"), NOW)).rejects.toThrow("ENOENT");
  });

  test("is not written where two versions would share a file, or a text cannot be", async () => {
    const upper = { ...DRAFTS[1]!, template: "GREETING" };
    const broken = { ...DRAFTS[1]!, version: "2", messages: [{ role: null, text: "a\n\ud800" }] };
    expect(await writePromptFolder(folder, [DRAFTS[1]!, upper, broken])).toEqual({
      problems: [
        {
          file: "GREETING/v1.10.liquid",
          line: 1,
          message: "would share its file with greeting/v1.10.liquid",
        },
        { file: "greeting/v2.liquid", line: 6, message: expect.stringContaining("half a character") },
      ],
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("is not left by names with paths in them", async () => {
    const outcome = await writePromptFolder(folder, [{ ...DRAFTS[1]!, template: "../outside" }]);
    expect(outcome).toMatchObject({
      problems: [{ message: expect.stringContaining("begins with a letter") }],
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test("does not lose a file that cannot be replaced", async () => {
    await put("greeting/v1.10.liquid/inside", "x");
    await expect(writePromptFolder(folder, DRAFTS)).rejects.toThrow();
    expect(await readFile(join(folder, "greeting/v1.10.liquid/inside"), "utf8")).toBe("x");
  });
});
