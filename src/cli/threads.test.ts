import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStorage } from "../storage/open.ts";
import type { StoredThread } from "../storage/thread-store.ts";
import { runKeys } from "./keys.ts";
import { runThreads } from "./threads.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-threads-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(root, "case-"));
});

async function run(command: typeof runThreads, argv: string[], storageUrl = "sqlite:threads.db") {
  let stdout = "";
  let stderr = "";
  const code = await command(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd,
    storageUrl,
    openStorage,
  });
  return { code, stdout, stderr };
}

const threads = (...argv: string[]) => run(runThreads, argv);

async function store(...changes: Partial<StoredThread>[]): Promise<void> {
  const storage = await openStorage("sqlite:threads.db", cwd);
  for (const change of changes) {
    const thread: StoredThread = {
      id: "T-1",
      keyId: "env_amp",
      version: 3,
      title: "A title",
      messageCount: 2,
      mainId: null,
      createdAt: Date.UTC(2026, 0, 1),
      updatedAt: Date.UTC(2026, 0, 2, 3, 4),
      archived: false,
      meta: null,
      listing: "{}",
      data: JSON.stringify({ id: "T-1", v: 3, messages: [] }),
      ...change,
    };
    await storage.threads.put(thread, { keyId: thread.keyId });
  }
  await storage.close();
}

describe("threads list", () => {
  test("shows a table, the latest first, with the names of keys", async () => {
    const { id, name } = JSON.parse((await run(runKeys, ["create", "--name", "ada", "--json"])).stdout);
    await store(
      { id: "T-old", keyId: id },
      { id: "T-new", updatedAt: Date.UTC(2026, 5, 1), title: null },
      { id: "T-gone", keyId: "key_gone", archived: true, updatedAt: Date.UTC(2026, 5, 2) },
      { id: "T-two", keyId: "env_additional_2", updatedAt: 0 },
    );
    const { code, stdout } = await threads("list");
    expect(code).toBe(0);
    expect(stdout.split("\n").map((line) => line.split(/ {2,}/))).toEqual([
      ["ID", "TITLE", "MESSAGES", "UPDATED", "KEY"],
      ["T-gone", "A title (archived)", "2", "2026-06-02 00:00 UTC", "key_gone"],
      ["T-new", "(untitled)", "2", "2026-06-01 00:00 UTC", "AMP_API_KEY"],
      ["T-old", "A title", "2", "2026-01-02 03:04 UTC", name],
      ["T-two", "A title", "2", "1970-01-01 00:00 UTC", "ADDITIONAL_API_KEYS #2"],
      [""],
    ]);
  });

  test("gives JSON for scripts, and at most as many as wished", async () => {
    await store({ id: "T-1" }, { id: "T-2", updatedAt: 1 });
    expect(JSON.parse((await threads("list", "--json", "--limit", "1")).stdout)).toEqual([
      {
        id: "T-1",
        title: "A title",
        messages: 2,
        version: 3,
        archived: false,
        main_id: null,
        key_id: "env_amp",
        key_name: "AMP_API_KEY",
        created_at: "2026-01-01T00:00:00.000Z",
        updated_at: "2026-01-02T03:04:00.000Z",
      },
    ]);
    expect((await threads("list", "--limit", "1")).stdout).toContain("--limit");
    expect((await threads("list")).stdout).not.toContain("--limit");
  });

  test("says that there is none", async () => {
    expect((await threads("list")).stdout).toBe("There is no thread in sqlite:threads.db.\n");
    expect((await threads("list", "--json")).stdout).toBe("[]\n");
  });

  test("does not let a title steer the terminal", async () => {
    await store({ title: `\u001b[2J\u202e${"x".repeat(100)}\nsecond` });
    const { stdout } = await threads("list");
    expect(stdout).not.toMatch(/[^\P{C}\n]/u);
    expect(stdout).toContain("…");
  });
});

describe("threads show", () => {
  const messages = [
    { role: "user", content: [{ type: "text", text: "hi\nthere\u001b[2J" }] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "tool_use", name: "Bash", input: { cmd: "ls" } },
      ],
    },
    { role: "user", content: [{ type: "tool_result", run: { status: "done" } }] },
    { role: "assistant", content: "plain" },
    { role: "assistant", content: [{ type: "image" }, null] },
    null,
  ];

  test("shows what was said, for the beginning of an id", async () => {
    await store({ id: "T-abc", data: JSON.stringify({ messages }) }, { id: "T-b" });
    const { code, stdout } = await threads("show", "T-a");
    expect(code).toBe(0);
    expect(stdout).toBe(`A title

  T-abc, version 3
  key AMP_API_KEY, begun 2026-01-01 00:00 UTC, stored 2026-01-02 03:04 UTC

user:
  hi
  there�[2J

assistant:
  (thinks) hm
  (calls Bash) {"cmd":"ls"}

user:
  (result) {"status":"done"}

assistant:
  plain

assistant:
  (image)
  (unknown)

message:
`);
  });

  test("gives the whole thread as JSON", async () => {
    await store({ meta: '{"a":1}', data: JSON.stringify({ id: "T-1", messages }) });
    expect(JSON.parse((await threads("show", "T-1", "--json")).stdout)).toEqual({
      id: "T-1",
      messages,
      archived: false,
      meta: { a: 1 },
      key_id: "env_amp",
    });
  });

  test("asks for more of an id that several begin with, and takes a whole one at its word", async () => {
    await store({ id: "T-a" }, { id: "T-ab" });
    const several = await threads("show", "T-");
    expect([several.code, several.stdout]).toEqual([1, ""]);
    expect(several.stderr).toContain("T-ab");
    expect((await threads("show", "T-a")).stdout).toContain("T-a,");
    const none = await threads("show", "x");
    expect([none.code, none.stderr]).toEqual([
      1,
      "No thread in sqlite:threads.db has an id that begins with x.\n",
    ]);
  });

  test("shows the latest where several keys have one of the same id", async () => {
    await store({ title: "old" }, { keyId: "key_2", title: "new", updatedAt: Date.UTC(2027, 0) });
    expect((await threads("show", "T-1")).stdout).toStartWith("new\n");
  });
});

describe("threads delete", () => {
  test("deletes the one named, with those that worked for it", async () => {
    await store({ id: "T-a" }, { id: "T-sub", mainId: "T-a" }, { id: "T-b" });
    expect((await threads("delete", "T-a")).stdout).toBe(
      "Thread T-a is deleted, with those of other keys and those that worked for it: 2 in all.\n",
    );
    expect((await threads("delete", "T-a")).code).toBe(1);
    expect((await threads("delete", "T-b")).stdout).toBe("Thread T-b is deleted.\n");
    expect((await threads("list", "--json")).stdout).toBe("[]\n");
  });
});

test("wrong usage is told, with where to read more", async () => {
  for (const argv of [
    [],
    ["list", "x"],
    ["show"],
    ["show", "a", "b"],
    ["delete"],
    ["drop", "x"],
    ["list", "--limit", "0"],
    ["list", "--what"],
    ["show", "x", "--limit", "2"],
  ]) {
    const { code, stdout, stderr } = await threads(...argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("amsterdam threads --help");
  }
  expect((await threads("--help")).stdout).toContain("threads show <id>");
});

test("a database in memory is another process's", async () => {
  const { code, stderr } = await run(runThreads, ["list"], "sqlite::memory:");
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("stored threads live in the running gateway alone"),
  ]);
});
