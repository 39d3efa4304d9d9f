import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newVersion } from "../prompts/new-version.ts";
import { Renderer } from "../prompts/render.ts";
import type { TemplateVersion } from "../prompts/template.ts";
import { openStorage } from "../storage/open.ts";
import { runPrompts } from "./prompts.ts";
import type { PromptsIo } from "./prompts-parts.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-prompts-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(root, "case-"));
});

async function run(argv: readonly string[], change: Partial<PromptsIo> = {}) {
  let stdout = "";
  let stderr = "";
  const code = await runPrompts(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd,
    storageUrl: "sqlite:prompts.db",
    openStorage,
    stdin: () => Promise.reject(new Error("Nothing is to be read.")),
    ...change,
  });
  return { code, stdout, stderr };
}

const prompts = (...argv: string[]) => run(argv);

/** What it says, having gone well. */
async function said(...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await prompts(...argv);
  expect([stderr, code]).toEqual(["", 0]);
  return stdout;
}

const json = async (...argv: string[]) => JSON.parse(await said(...argv, "--json"));
const put = (file: string, content: string | Uint8Array) => {
  mkdirSync(join(cwd, file, ".."), { recursive: true });
  writeFileSync(join(cwd, file), content);
};
const piped = (input: string | Uint8Array) => ({
  stdin: async () => (typeof input === "string" ? new TextEncoder().encode(input) : input),
});

async function seen(version: string, text: string): Promise<string> {
  const draft = {
    template: "greeting",
    version,
    messages: [{ role: null, text }],
    model: null,
    parameters: {},
  };
  const made = newVersion(new Renderer(1), draft, "traffic", Date.now()) as TemplateVersion;
  const storage = await openStorage("sqlite:prompts.db", cwd);
  await storage.prompts.capture([made], { most: 10, mostTemplates: 10 });
  await storage.close();
  return made.revision;
}

describe("prompts new", () => {
  test("makes versions of --text, of a file, of standard input and of another version", async () => {
    expect(await said("new", "greeting", "--text", "Hello {{ name }}!")).toBe(
      "greeting-v1 is made. To have it served: amsterdam prompts label greeting production 1\n",
    );
    put("prompt.txt", "Hi {{ name }}!\n");
    expect(await said("new", "greeting", "--file", "prompt.txt", "--model", "demo/small")).toContain(
      "greeting-v2",
    );
    const { code } = await run(["new", "greeting", "--version", "2.5"], piped("Dear {{ name }},\n\n"));
    expect(code).toBe(0);
    expect(await json("new", "greeting", "--from", "2")).toMatchObject({
      made: true,
      version: { id: "greeting-v3", model: "demo/small", messages: [{ role: null, text: "Hi {{ name }}!" }] },
    });
    expect((await json("show", "greeting", "2.5")).messages).toEqual([
      { role: null, text: "Dear {{ name }},\n" },
    ]);
  });

  test("takes name, version, messages and parameters of a file with front matter", async () => {
    put(
      "chat.liquid",
      "---\ntemplate: support\nversion: 1.10\nmodel: demo/small\nparameters:\n  temperature: 0.5\n---\n=== system ===\nBe kind.\n=== user ===\n{{ question }}\n",
    );
    expect(await json("new", "--file", "chat.liquid")).toMatchObject({
      version: {
        id: "support-v1.10",
        model: "demo/small",
        parameters: { temperature: 0.5 },
        messages: [
          { role: "system", text: "Be kind." },
          { role: "user", text: "{{ question }}" },
        ],
      },
    });
    expect(await said("new", "support", "--file", "chat.liquid")).toBe(
      "support-v1.10 was there already, with this very text.\n",
    );
    const other = await prompts("new", "greeting", "--file", "chat.liquid");
    expect([other.code, other.stderr]).toEqual([
      1,
      "chat.liquid is of the prompt support, not of greeting.\n",
    ]);
    const option = await prompts("new", "--file", "chat.liquid", "--version", "2");
    expect([option.code, option.stderr]).toEqual([
      2,
      expect.stringContaining("--version: chat.liquid says this"),
    ]);
  });

  test("makes a version of its own of a conflicting text", async () => {
    await seen("1", "first");
    const revision = await seen("1", "second");
    expect(await said("show", "greeting")).toContain(`1@${revision}  conflict`);
    expect((await json("new", "greeting", "--from", `1@${revision}`)).version).toMatchObject({
      version: "2",
      conflict: false,
      messages: [{ text: "second" }],
    });
  });

  test.each<[string, string | Uint8Array, string]>([
    [
      "a syntax error",
      "---\ntemplate: a\nversion: 1\n---\nfine\n{% if %}\n",
      "bad.liquid:6: template a, version 1",
    ],
    ["a bad name", "---\ntemplate: ../a\nversion: 1\n---\nfine\n", "bad.liquid:2: a template's name begins"],
    ["no second fence", "---\ntemplate: a\n", "bad.liquid:1: expected a second line of ---"],
    [
      "a reserved parameter",
      "---\ntemplate: a\nversion: 1\nparameters: {stream: true}\n---\nx",
      "bad.liquid:1: a version cannot",
    ],
    [
      "an escape in its YAML",
      '---\ntemplate: a\n"\u001b[2J": 1\n---\nx',
      "bad.liquid:3: expected one of template",
    ],
    ["no UTF-8", new Uint8Array([0xff, 0xfe]), "bad.liquid: expected text in UTF-8."],
    ["2 MB", "x".repeat(2_200_000), "bad.liquid: expected at most 2097152 bytes."],
    ["1 MB", "x".repeat(1_000_000), "at most 262144 characters"],
    ["nothing", "\n", "The text is empty."],
  ])("of a file with %s makes none and says where", async (_, content, expected) => {
    put("bad.liquid", content);
    const { code, stdout, stderr } = await prompts("new", "a", "--file", "bad.liquid");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(expected);
    expect(stderr).not.toMatch(/[^\P{C}\n]/u);
    expect(await json("list", "--all")).toEqual([]);
  });

  test("of a file that is not there, a version that is taken, or a name that is none says so", async () => {
    expect((await prompts("new", "a", "--file", "nowhere")).stderr).toContain("nowhere cannot be read");
    await said("new", "a", "--version", "1", "--text", "x");
    const taken = await prompts("new", "a", "--version", "1", "--text", "y");
    expect([taken.code, taken.stderr]).toEqual([
      1,
      "a-v1 has another text, and versions never change; 2 is free.\n",
    ]);
    for (const name of ["../a", "__proto__", "a/b", ""])
      expect((await prompts("new", name, "--text", "x")).code).toBe(1);
    expect((await json("list")).map((prompt: { name: string }) => prompt.name)).toEqual(["a"]);
  });
});

describe("prompts list and show", () => {
  test("show tables, with archived prompts when that is asked for", async () => {
    expect(await said("list")).toBe("There is no prompt in sqlite:prompts.db.\n");
    await said("new", "greeting", "--text", "Hello {{ name }}!");
    await said("new", "old", "--text", "x");
    await said("label", "greeting", "staging", "1");
    await said("pin", "greeting", "1");
    await said("archive", "old");
    const rows = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => line.split(/ {2,}/));
    const day = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    expect(rows(await said("list"))).toEqual([
      ["NAME", "LABELS", "PINNED", "SINCE", "STATE"],
      ["greeting", "staging=1", "1", day, "in use"],
    ]);
    expect(rows(await said("list", "--all"))[2]).toEqual(["old", "-", "-", day, "archived"]);
    expect(await json("list")).toMatchObject([{ name: "greeting", pinned_version: "1" }]);
  });

  test("show a prompt with what is served, where labels pointed, and its versions", async () => {
    for (const text of ["Hello {{ name }}!", "Hi\n{{ name }}!"])
      await said("new", "greeting", "--text", text);
    for (const version of ["1", "2"]) await said("label", "greeting", "production", version);
    await said("unlabel", "greeting", "production");
    await said("revert", "greeting", "production");
    const text = await said("show", "greeting");
    expect(text).toMatch(
      /^greeting\n\n {2}since .* UTC\n {2}production: version 2, since .* UTC; before: nowhere, 2, 1\n/,
    );
    expect(text).toMatch(/^2 +in use +api +.*UTC +name +Hi \{\{ name \}\}!$/m);
    expect(
      (await json("show", "greeting")).labels[0].history.map(({ version }: { version: string }) => version),
    ).toEqual(["1", "2", null, "2"]);
  });

  test("show a version as its file, by name and version, id or label", async () => {
    await said("new", "greeting", "--text", "Hello {{ name }}!");
    await said("label", "greeting", "staging", "1");
    const file = '---\ntemplate: greeting\nversion: "1"\n---\nHello {{ name }}!\n';
    for (const operands of [["greeting", "1"], ["greeting-v1"], ["greeting", "staging"]])
      expect(await said("show", ...operands)).toBe(file);
    expect(await json("show", "greeting-v1")).toMatchObject({ id: "greeting-v1", variables: ["name"] });
  });

  test("do not let a text steer the terminal, and give pipes every character", async () => {
    await seen("1", "\u001b[2J\u202eHello\r\n\tyou");
    const terminal = async (...argv: string[]) => (await run(argv, { columns: 100 })).stdout;
    for (const argv of [
      ["show", "greeting"],
      ["show", "greeting", "1"],
      ["preview", "greeting"],
      ["diff", "greeting", "1", "1"],
    ])
      expect(await terminal(...argv)).not.toMatch(/[^\P{C}\n\t]/u);
    expect(await said("preview", "greeting")).toBe("\u001b[2J\u202eHello\r\n\tyou\n");
  });
});

describe("prompts edit", () => {
  /** An editor that puts this in the place of the file. */
  function editor(content: string | null, code = 0): Partial<PromptsIo> {
    put("content", content ?? "");
    const script = join(cwd, "editor.sh");
    writeFileSync(
      script,
      `#!/bin/sh\ncp "$2" "${cwd}/before"\n${content === null ? "" : `cp "${cwd}/content" "$2"`}\nexit ${code}\n`,
    );
    chmodSync(script, 0o700);
    return { env: { ...process.env, EDITOR: `${script} --wait`, VISUAL: "" } };
  }
  /** What stands in the file that is named, which is then removed; null where none is. */
  function keptFile(stderr: string): string | null {
    const file = /prompts new --file (\S+)/.exec(stderr)?.[1];
    if (file === undefined) return null;
    const content = readFileSync(file, "utf8");
    rmSync(join(file, ".."), { recursive: true });
    return content;
  }
  beforeEach(() => said("new", "greeting", "--text", "Hello {{ name }}!"));

  test("keeps what was written as a new version", async () => {
    const written = '---\ntemplate: greeting\nversion: "2"\nmodel: demo/x\n---\nHi {{ name }}!\n';
    const { code, stdout } = await run(["edit", "greeting"], editor(written));
    expect([code, stdout]).toEqual([0, expect.stringContaining("greeting-v2 is made.")]);
    expect(readFileSync(join(cwd, "before"), "utf8")).toBe(
      '---\ntemplate: greeting\nversion: "2"\n---\nHello {{ name }}!\n',
    );
    expect(await said("show", "greeting-v2")).toBe(written);
    const named = await run(["edit", "greeting-v1", "--as", "9-beta"], editor(null));
    expect(named.stdout).toBe("Nothing was changed, so no version was made.\n");
    expect(readFileSync(join(cwd, "before"), "utf8")).toContain("version: 9-beta");
  });

  test("makes nothing where nothing was changed", async () => {
    expect((await run(["edit", "greeting", "--json"], editor(null))).stdout).toBe('{\n  "made": false\n}\n');
    expect((await json("show", "greeting")).versions).toHaveLength(1);
  });

  test.each([
    [
      "---\ntemplate: greeting\nversion: 2\n---\nHi\n{{ name | shout }}\n",
      ".liquid:6: template greeting, version 2",
    ],
    ["---\ntemplate: other\nversion: 2\n---\nHi\n", "The file is of the prompt other now, not of greeting."],
    ["---\ntemplate: greeting\nversion: 1\n---\nHi\n", "greeting-v1 has another text"],
    ["---\ntemplate: greeting\nversion: v2\n---\nHi\n", ".liquid:3: a version begins with a digit"],
    ["", ".liquid:1: expected a line of ---"],
  ])("keeps the file of what is wrong and says where: %j", async (content, expected) => {
    const { code, stdout, stderr } = await run(["edit", "greeting"], editor(content));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain(expected);
    expect(keptFile(stderr)).toBe(content === "" ? null : content);
    expect((await json("show", "greeting")).versions).toHaveLength(1);
  });

  test("makes nothing when the editor fails, or cannot be started", async () => {
    const failed = await run(["edit", "greeting"], editor("x", 3));
    expect(keptFile(failed.stderr)).toBe("x");
    expect([failed.code, failed.stderr]).toEqual([1, expect.stringContaining("ended with 3")]);
    const missing = await run(["edit", "greeting"], { env: { ...process.env, VISUAL: "/nowhere/vi" } });
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining("(/nowhere/vi) ended with 127"),
    ]);
    expect((await run(["edit", "nothing"], editor("x"))).stderr).toBe('There is no prompt "nothing".\n');
  });
});

describe("prompts diff", () => {
  test("prints a unified diff, of the version in use where one is named", async () => {
    await said("new", "greeting", "--text", "a\nb\nc");
    put("two.liquid", "---\ntemplate: greeting\nversion: 2\nmodel: demo/x\n---\na\nx\nc\n");
    await said("new", "--file", "two.liquid");
    const diff =
      "--- greeting-v1\n+++ greeting-v2\n@@ -1,3 +1,6 @@\n+---\n+model: demo/x\n+---\n a\n-b\n+x\n c\n";
    expect(await said("diff", "greeting", "1", "2")).toBe(diff);
    expect(await said("diff", "greeting", "1")).toBe(diff);
    expect(await said("diff", "greeting-v1", "2")).toBe(diff);
    expect(await said("diff", "greeting", "1", "1")).toBe("");
    expect(await json("diff", "greeting", "1", "2")).toMatchObject({ equal: false, after: "greeting-v2" });
  });

  test("of wholly different texts shows both whole", async () => {
    const lines = (mark: string) => Array.from({ length: 1500 }, (_, index) => `${mark}${index}`).join("\n");
    put("a.txt", lines("a"));
    put("b.txt", lines("b"));
    for (const file of ["a.txt", "b.txt"]) await said("new", "greeting", "--file", file);
    const diff = await said("diff", "greeting", "1", "2");
    expect(diff).toStartWith("--- greeting-v1\n+++ greeting-v2\n@@ -1,1500 +1,1500 @@\n-a0\n-a1\n");
    expect(diff).toContain("\n-a1499\n+b0\n");
    expect(diff).toEndWith("\n+b1499\n");
  });
});

describe("labels, pins and the archive", () => {
  beforeEach(async () => {
    for (const text of ["a", "b"]) await said("new", "greeting", "--text", text);
  });

  test("are changed, each with a sentence or with the prompt as JSON", async () => {
    expect(await said("label", "greeting", "production", "1")).toBe(
      "The label production of greeting points to version 1.\n",
    );
    expect(await json("label", "greeting-v2", "production")).toMatchObject({
      name: "greeting",
      labels: [{ label: "production", version: "2", moved_by: null }],
    });
    expect(await said("revert", "greeting", "production")).toBe(
      "The label production of greeting points to version 1 again.\n",
    );
    expect(await said("label", "greeting", "staging", "production")).toContain("points to version 1.");
    expect(await said("unlabel", "greeting", "staging")).toBe(
      "The label staging of greeting is taken away.\n",
    );
    expect(await said("pin", "greeting-v2")).toContain("gets version 2");
    expect(await json("unpin", "greeting")).toMatchObject({ pinned_version: null });
    expect(await said("archive", "greeting", "2")).toBe("Version 2 of greeting is archived.\n");
    expect(await said("unarchive", "greeting-v2")).toBe("Version 2 of greeting is out of the archive.\n");
  });

  test.each([
    [["label", "greeting", "latest", "1"], "No label is called latest"],
    [["label", "greeting", "production", "9"], 'no version or label "9"'],
    [["label", "nothing", "production", "1"], 'There is no prompt "nothing".'],
    [["unlabel", "greeting", "production"], 'no label "production"'],
    [["revert", "greeting", "production"], 'no label "production"'],
    [["pin", "greeting", "../1"], "no version or label"],
    [["archive", "__proto__"], 'There is no prompt "__proto__".'],
  ])("are not changed by %j", async (argv, expected) => {
    const before = await json("show", "greeting");
    const { code, stdout, stderr } = await prompts(...argv);
    expect([code, stdout, stderr]).toEqual([1, "", expect.stringContaining(expected)]);
    expect(await json("show", "greeting")).toEqual(before);
  });

  test("keep what is in use out of the archive", async () => {
    await said("pin", "greeting", "1");
    const { code, stderr } = await prompts("archive", "greeting");
    expect([code, stderr]).toEqual([
      1,
      'The prompt "greeting" is in use, so it cannot be archived: version 1 is pinned.\n',
    ]);
  });
});

describe("prompts preview", () => {
  test("puts variables in, as texts or as JSON", async () => {
    await said("new", "greeting", "--text", "Hello {{ name }}{% for x in list %}, {{ x }}{% endfor %}!");
    expect(await said("preview", "greeting", "name=a=b", "--variables", '{"list":[1,2]}')).toBe(
      "Hello a=b, 1, 2!\n",
    );
    expect(
      await json("preview", "greeting", "1", "name={{ x }}", "--variables", '{"list":[]}'),
    ).toMatchObject({
      id: "greeting-v1",
      messages: [{ role: null, text: "Hello {{ x }}!" }],
    });
    const missing = await prompts("preview", "greeting-v1", "name=x");
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining("variable list is missing")]);
    const proto = await prompts("preview", "greeting", "__proto__=x");
    expect([proto.code, proto.stderr]).toEqual([1, expect.stringContaining("variable name is missing")]);
  });
});

describe("prompts export and import", () => {
  test("carry prompts to another database", async () => {
    await said("new", "greeting", "--text", "Hello {{ name }}!");
    await said("new", "farewell", "--text", "Bye!");
    expect(await said("export", "out", "greeting")).toBe(
      "greeting/v1.liquid\n1 version written to out, 0 there already.\n",
    );
    expect(await said("export", "out")).toBe(
      "farewell/v1.liquid\n1 version written to out, 1 there already.\n",
    );
    const other = { storageUrl: "sqlite:other.db" };
    const dry = await run(["import", "out", "--dry-run"], other);
    expect(dry.stdout).toContain(
      "2 versions would be added, 0 there already, 0 conflicts. Nothing was changed.\n",
    );
    expect((await run(["list"], other)).stdout).toContain("There is no prompt");
    const { code, stdout } = await run(["import", "out"], other);
    expect([code, stdout.split("\n")[1]?.split(/ {2,}/)]).toEqual([
      0,
      ["farewell/v1.liquid", "farewell-v1", "added"],
    ]);
    expect((await run(["show", "greeting-v1"], other)).stdout).toContain("Hello {{ name }}!");
  });

  test("tell conflicts with exit code 1, and take all else over", async () => {
    await said("new", "greeting", "--text", "a");
    put("in/greeting.liquid", "---\ntemplate: greeting\nversion: 1\n---\nb\n");
    put("in/farewell.liquid", "---\ntemplate: farewell\nversion: 1\n---\nb\n");
    const { code, stdout, stderr } = await prompts("import", "in");
    expect([code, stderr]).toEqual([
      1,
      "Versions never change: one is there with another text. Give what is changed a new version.\n",
    ]);
    expect(stdout).toContain("1 version added, 0 there already, 1 conflict.");
    expect((await json("list")).map(({ name }: { name: string }) => name)).toEqual(["farewell", "greeting"]);
  });

  test("change nothing where one file is bad", async () => {
    put("in/good.liquid", "---\ntemplate: good\nversion: 1\n---\nb\n");
    put("in/bad.liquid", "---\ntemplate: bad\nversion: 1\n---\nb\n{% nothing %}\n");
    symlinkSync("/etc/passwd", join(cwd, "in/link.liquid"));
    const { code, stdout, stderr } = await prompts("import", "in");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^bad\.liquid:6: template bad, version 1, .*\nNothing was changed\.\n$/);
    expect(await json("list")).toEqual([]);
    const told = await prompts("import", "in", "--json");
    expect([told.code, JSON.parse(told.stdout)]).toMatchObject([
      1,
      { files: [], problems: [{ file: "bad.liquid", line: 6 }] },
    ]);
  });

  test("refuse what is no folder", async () => {
    put("file", "x");
    expect(await prompts("import", "nowhere")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ENOENT"),
    });
    expect(await prompts("import", "file")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("ENOTDIR"),
    });
    await said("new", "greeting", "--text", "a");
    expect((await prompts("export", "file")).code).toBe(1);
    expect((await prompts("export", "out", "nothing")).stderr).toBe('There is no prompt "nothing".\n');
    expect(existsSync(join(cwd, "out"))).toBe(false);
    expect(await said("import", ".")).toBe("There is no .liquid file in this folder.\n");
  });
});

test("wrong usage is told, with where to read more", async () => {
  for (const argv of [
    [],
    ["drop"],
    ["__proto__"],
    ["constructor"],
    ["list", "x"],
    ["list", "--dry-run"],
    ["show"],
    ["show", "a", "1", "2"],
    ["show", "a-v1", "2"],
    ["new", "a", "--text", "x", "--file", "y"],
    ["new", "--text", "x"],
    ["diff", "a"],
    ["label", "a", "b"],
    ["label", "a-v1", "b", "2"],
    ["pin", "a"],
    ["unpin", "a", "1"],
    ["preview", "a", "1", "x"],
    ["preview", "a", "--variables", "[1]"],
    ["preview", "a", "--variables", "{"],
    ["export"],
    ["import", "a", "b"],
    ["import", "a", "--all"],
    ["list", "--what"],
  ]) {
    const { code, stdout, stderr } = await prompts(...argv);
    expect([argv, code, stdout]).toEqual([argv, 2, ""]);
    expect(stderr).toContain("amsterdam prompts --help");
  }
  expect(await said("--help")).toContain("amsterdam prompts edit <name>");
});

test("a database in memory is another process's", async () => {
  const { code, stderr } = await run(["list"], { storageUrl: "sqlite::memory:" });
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("stored prompts live in the running gateway alone"),
  ]);
});
