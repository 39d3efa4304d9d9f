import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { PromptCatalogue } from "./catalogue.ts";
import { newVersion } from "./new-version.ts";
import { Renderer } from "./render.ts";
import type { TemplateVersion } from "./template.ts";
import { exportPrompts, importPrompts } from "./transfer.ts";

let root: string;
let folder: string;
let storage: Storage;
let catalogue: PromptCatalogue;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "transfer-"));
  folder = join(root, "prompts");
  storage = await openStorage("sqlite:prompts.db", root);
  catalogue = new PromptCatalogue(storage.prompts, async () => []);
});
afterEach(async () => {
  await storage.close();
  await rm(root, { recursive: true });
});

const make = (template: string, text: string) =>
  catalogue.create({ template, messages: [{ role: null, text }], model: null, parameters: {} });
const put = async (file: string, content: string | Uint8Array) => {
  await mkdir(join(folder, file, ".."), { recursive: true });
  await writeFile(join(folder, file), content);
};
const fileOf = (template: string, version: string, text: string) =>
  `---\ntemplate: ${template}\nversion: "${version}"\n---\n${text}\n`;
const outcomes = async (options?: { dryRun: boolean }) =>
  (await importPrompts(storage.prompts, folder, options)).files.map(({ file, id, outcome }) => [
    file,
    id,
    outcome,
  ]);

function seen(template: string, version: string, text: string): Promise<unknown> {
  const draft = { template, version, messages: [{ role: null, text }], model: null, parameters: {} };
  const made = newVersion(new Renderer(1), draft, "traffic", Date.now()) as TemplateVersion;
  return storage.prompts.capture([made], { most: 10, mostTemplates: 10 });
}

describe("an export", () => {
  test("is read back by an import to the same versions, in another database too", async () => {
    await make("greeting", "Hello {{ name }}!");
    await catalogue.create({
      template: "farewell",
      messages: [
        { role: "system", text: "Be kind.\n=== user ===\n" },
        { role: "user", text: "ü 🎉" },
      ],
      model: "demo/small",
      parameters: { temperature: 0.5, stop: ["---"] },
    });
    await seen("greeting", "0+5f3a", "Hello Tinco!");
    expect(await exportPrompts(storage.prompts, folder, null)).toEqual({
      versions: 3,
      written: ["farewell/v1.liquid", "greeting/v1.liquid", "greeting/v0+5f3a.liquid"],
      problems: [],
    });
    expect((await exportPrompts(storage.prompts, folder, null)).written).toEqual([]);
    expect((await outcomes()).map(([, , outcome]) => outcome)).toEqual(["kept", "kept", "kept"]);
    const other = await openStorage("sqlite:other.db", root);
    await importPrompts(other.prompts, folder);
    for (const name of ["greeting", "farewell"]) {
      const revisions = async (from: Storage) =>
        (await from.prompts.versions(name)).map(({ version, revision }) => [version, revision]).toSorted();
      expect(await revisions(other)).toEqual(await revisions(storage));
    }
    expect((await other.prompts.version("farewell", "1"))?.source).toBe("import");
    await other.close();
  });

  test("has neither conflicting texts nor, unless that is wished, what is archived", async () => {
    await make("greeting", "a");
    await make("greeting", "b");
    await make("old", "c");
    await seen("greeting", "2", "another");
    await catalogue.archive("greeting", "1");
    await catalogue.archive("old", null);
    expect((await exportPrompts(storage.prompts, folder, null)).written).toEqual(["greeting/v2.liquid"]);
    expect(await readFile(join(folder, "greeting/v2.liquid"), "utf8")).toEndWith("---\nb\n");
    const all = await exportPrompts(storage.prompts, folder, null, { archived: true });
    expect(all.written).toEqual(["greeting/v1.liquid", "old/v1.liquid"]);
  });

  test("is of the prompts that are named", async () => {
    await make("greeting", "a");
    await make("farewell", "b");
    const { written } = await exportPrompts(storage.prompts, folder, ["farewell", "farewell"]);
    expect(written).toEqual(["farewell/v1.liquid"]);
    const work = exportPrompts(storage.prompts, folder, ["nothing"]);
    await expect(work).rejects.toMatchObject({ name: "Refusal", kind: "missing" });
  });

  test("writes nothing where a link would lead it out of the folder", async () => {
    await make("greeting", "a");
    await make("farewell", "b");
    await mkdir(join(root, "outside"));
    await mkdir(folder);
    await symlink(join(root, "outside"), join(folder, "greeting"));
    const { written, problems } = await exportPrompts(storage.prompts, folder, null);
    expect([written, problems]).toEqual([
      [],
      [{ file: "greeting", line: 1, message: expect.stringContaining("is a link") }],
    ]);
    expect([await readdir(join(root, "outside")), await readdir(folder)]).toEqual([[], ["greeting"]]);
  });

  test("to what is no folder is refused", async () => {
    await make("greeting", "a");
    await writeFile(folder, "a file");
    await expect(exportPrompts(storage.prompts, folder, null)).rejects.toMatchObject({
      name: "Refusal",
      kind: "invalid",
      message: expect.stringContaining("cannot be written"),
    });
  });
});

describe("an import", () => {
  test("says of each file whether it was added, was there, or is there with another text", async () => {
    await make("greeting", "a");
    await make("greeting", "b");
    await put("greeting/v1.liquid", fileOf("greeting", "1", "a"));
    await put("greeting/v2.liquid", fileOf("greeting", "2", "changed"));
    await put("any-name.liquid", fileOf("farewell", "1", "c"));
    const told = [
      ["any-name.liquid", "farewell-v1", "added"],
      ["greeting/v1.liquid", "greeting-v1", "kept"],
      ["greeting/v2.liquid", "greeting-v2", "conflict"],
    ];
    expect(await outcomes({ dryRun: true })).toEqual(told);
    expect(await storage.prompts.template("farewell")).toBeNull();
    expect(await outcomes()).toEqual(told);
    expect((await catalogue.version("greeting", "2")).messages[0]?.text).toBe("b");
    expect((await outcomes()).map(([, , outcome]) => outcome)).toEqual(["kept", "kept", "conflict"]);
  });

  test("changes nothing when one file is bad, and tells every problem", async () => {
    await put("good.liquid", fileOf("good", "1", "fine"));
    await put("liquid.liquid", fileOf("broken", "1", "a\n{% for %}"));
    await put("name.liquid", fileOf("../../etc", "1", "a"));
    await put("proto.liquid", fileOf("__proto__", "1", "a"));
    await put("big.liquid", fileOf("big", "1", "x".repeat(1_000_000)));
    await put("roles.liquid", fileOf("roles", "1", "=== user ===\na\n=== text ===\nb"));
    await put("stream.liquid", "---\ntemplate: s\nversion: 1\nparameters: {stream: true}\n---\na\n");
    await put("bytes.liquid", Buffer.from([0xff, 0xfe, 0]));
    const { files, problems } = await importPrompts(storage.prompts, folder);
    expect(files).toEqual([]);
    expect(problems.map(({ file, line, message }) => [file, line, message])).toEqual([
      ["big.liquid", 5, expect.stringContaining("at most 262144 characters")],
      ["bytes.liquid", 1, expect.stringContaining("UTF-8")],
      ["liquid.liquid", 6, expect.stringContaining("line 2, column 1")],
      ["name.liquid", 2, expect.stringContaining("begins with a letter")],
      ["proto.liquid", 2, expect.stringContaining("begins with a letter")],
      ["roles.liquid", 1, "message 2 has no role: only a single text goes without"],
      ["stream.liquid", 1, "a version cannot suggest the parameter stream"],
    ]);
    expect(await storage.prompts.templates()).toEqual([]);
  });

  test("follows no link out of the folder", async () => {
    await mkdir(join(root, "outside"));
    await writeFile(join(root, "outside/secret.liquid"), fileOf("secret", "1", "a"));
    await put("greeting.liquid", fileOf("greeting", "1", "a"));
    await symlink(join(root, "outside"), join(folder, "linked"));
    await symlink(join(root, "outside/secret.liquid"), join(folder, "secret.liquid"));
    expect(await outcomes()).toEqual([["greeting.liquid", "greeting-v1", "added"]]);
  });

  test("of what is missing or no folder is refused", async () => {
    const work = () => importPrompts(storage.prompts, folder);
    await expect(work()).rejects.toMatchObject({
      kind: "missing",
      message: expect.stringContaining("ENOENT"),
    });
    await writeFile(folder, "a file");
    await expect(work()).rejects.toMatchObject({
      kind: "invalid",
      message: expect.stringContaining("ENOTDIR"),
    });
  });

  test.skipIf(process.getuid?.() === 0)("of a folder that may not be read is refused", async () => {
    await put("locked/a.liquid", fileOf("a", "1", "a"));
    await chmod(join(folder, "locked"), 0);
    const work = importPrompts(storage.prompts, folder);
    await expect(work).rejects.toMatchObject({ kind: "invalid", message: expect.stringContaining("EACCES") });
    await chmod(join(folder, "locked"), 0o700);
  });

  test("of an empty folder does nothing", async () => {
    await mkdir(folder);
    expect(await importPrompts(storage.prompts, folder)).toEqual({ files: [], problems: [] });
  });
});
