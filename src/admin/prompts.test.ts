import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { z } from "zod";
import { AnswerChecker } from "../../test/support/admin-answers.ts";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import { newVersion } from "../prompts/new-version.ts";
import { Renderer } from "../prompts/render.ts";
import type { TemplateVersion } from "../prompts/template.ts";
import {
  comparePromptVersions,
  createPrompt,
  createPromptVersion,
  listPrompts,
  previewPrompt,
  showPrompt,
  showPromptVersion,
} from "./prompts.ts";
import {
  archivePrompt,
  movePromptLabel,
  pinPrompt,
  removePromptLabel,
  revertPromptLabel,
  showPromptLabel,
  unarchivePrompt,
  unpinPrompt,
} from "./prompts-use.ts";
import type { JsonRoute } from "./route.ts";

const G = "/admin/prompts/greeting";

let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
});
afterEach(() => admin.storage.close());

const checker = new AnswerChecker();
afterAll(() => checker.expectAll((path) => path.startsWith("/admin/prompts")));

function ask<A extends z.ZodType>(route: JsonRoute<A>, url: string, body?: unknown): Promise<z.output<A>> {
  return checker.ask(admin, route, url, body);
}

async function refused(method: string, url: string, body?: unknown) {
  const { status, error } = await admin.ask(method, url, body);
  return [status, error?.code, error?.message];
}

/** A prompt of three versions, one text each. */
async function made(): Promise<void> {
  await ask(createPrompt, "/admin/prompts", { name: "greeting", text: "Hello {{ name }}!" });
  await ask(createPromptVersion, `${G}/versions`, { text: "Hi {{ name }}!\nHow are you?" });
  await ask(createPromptVersion, `${G}/versions`, {
    text: "Hi {{ name }}!\nWhat can I do?",
    version: "3-beta",
  });
}

describe("a version", () => {
  test("is made with its prompt, or beside others, and shown with its texts", async () => {
    expect(
      await ask(createPrompt, "/admin/prompts", { name: "greeting", text: "Hello {{ name }}!" }),
    ).toEqual({
      made: true,
      version: {
        id: "greeting-v1",
        version: "1",
        revision: expect.stringMatching(/^[0-9a-f]{16}$/),
        conflict: false,
        source: "api",
        variables: ["name"],
        model: null,
        created_at: expect.stringMatching(/Z$/),
        archived_at: null,
        messages: [{ role: null, text: "Hello {{ name }}!" }],
        parameters: {},
      },
    });
    const wish = {
      version: "1.2321beta5+x",
      messages: [
        { role: "system", text: "Be kind." },
        { role: "user", text: "{{ question }}" },
      ],
      model: "demo/small",
      parameters: { temperature: 0.5, stop: ["x"] },
    };
    const { version } = await ask(createPromptVersion, `${G}/versions`, wish);
    expect(version).toMatchObject({ ...wish, id: "greeting-v1.2321beta5+x" });
    const shown = await ask(showPromptVersion, `${G}/versions/${encodeURIComponent(wish.version)}`);
    expect(shown).toEqual(version);
    expect(admin.followed).toBe(2);
    expect(admin.logged).toEqual([
      'A prompt was made {"prompt":"greeting","version":"1","by":"key_admin"}',
      'A version of a prompt was made {"prompt":"greeting","version":"1.2321beta5+x","by":"key_admin"}',
    ]);
  });

  test("is made from another one, with what is said beside it", async () => {
    await ask(createPrompt, "/admin/prompts", {
      name: "greeting",
      text: "Hello!",
      model: "demo/small",
      parameters: { temperature: 0.5 },
    });
    await ask(movePromptLabel, `${G}/labels/production`, { version: "1" });
    const { version } = await ask(createPromptVersion, `${G}/versions`, { from: "production", text: "Hi!" });
    expect(version).toMatchObject({
      version: "2",
      messages: [{ text: "Hi!" }],
      model: "demo/small",
      parameters: { temperature: 0.5 },
    });
    const bare = await ask(createPromptVersion, `${G}/versions`, { from: "1", model: null, parameters: {} });
    expect(bare.version).toMatchObject({ messages: [{ text: "Hello!" }], model: null, parameters: {} });
    expect(await refused("POST", `${G}/versions`, { from: "9" })).toEqual([
      404,
      "not_found",
      'The prompt "greeting" has no version or label "9".',
    ]);
  });

  test("that is there with the same text is answered, with another is a conflict", async () => {
    await made();
    const before = admin.followed;
    const again = await ask(createPromptVersion, `${G}/versions`, {
      version: "1",
      text: "Hello {{ name }}!",
    });
    expect([again.made, again.version.version, admin.followed]).toEqual([false, "1", before]);
    expect(await refused("POST", `${G}/versions`, { version: "1", text: "x" })).toEqual([
      409,
      "conflict",
      "greeting-v1 has another text, and versions never change; 4 is free.",
    ]);
    expect(await refused("POST", "/admin/prompts", { name: "greeting", text: "x" })).toEqual([
      409,
      "conflict",
      'There is a prompt "greeting" already.',
    ]);
  });

  test("whose text is no Liquid is refused with its place", async () => {
    const [status, code, message] = await refused("POST", `${G}/versions`, { text: "a\n{% if %}" });
    expect([status, code]).toEqual([400, "invalid_request"]);
    expect(message).toStartWith("Template greeting, version 1, message 1, line 2, column 6: ");
    expect(await admin.storage.prompts.templates()).toEqual([]);
  });

  test.each<[unknown, string]>([
    [{}, "`body.text`: expected either text or messages"],
    [{ text: "a", messages: [{ role: "user", text: "b" }] }, "`body.text`: expected either text or messages"],
    [{ text: 1 }, "`body.text`"],
    [{ messages: [] }, "`body.messages`"],
    [{ messages: [{ role: "tool", text: "a" }] }, "`body.messages.0.role`"],
    [{ messages: [{ role: "user", text: "a", name: "x" }] }, "There is no `body.messages.0.name`."],
    [{ text: "a", colour: "red" }, "There is no `body.colour`; known: from, version"],
    [{ text: "a", __proto__x: 1 }, "There is no `body.__proto__x`"],
    ['{"text":"a","__proto__":{"x":1}}', "There is no `body.__proto__`"],
    [{ text: "a", version: "../1" }, "A version begins with a digit."],
    [{ text: "a", parameters: [1] }, "`body.parameters`"],
    [{ text: "a", parameters: { stream: true } }, "A version cannot suggest the parameter stream."],
    [{ text: "x".repeat(1_000_000) }, "at most 262144 characters"],
    ['{"text":"\\ud800"}', "half a character"],
    [[], "`body`"],
    [`{"text":"a","parameters":${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}}`, "nested at most 100 deep"],
  ])("of %j is refused", async (body, expected) => {
    const [status, code, message] = await refused("POST", `${G}/versions`, body);
    expect([status, code]).toEqual([400, "invalid_request"]);
    expect(message).toContain(expected);
    expect(await admin.storage.prompts.templates()).toEqual([]);
  });

  test("keeps parameters with prototype names as they are", async () => {
    const body = '{"text":"a","parameters":{"__proto__":{"x":1},"constructor":2}}';
    const { error, json } = await admin.ask("POST", `${G}/versions`, body);
    expect(error).toBeNull();
    expect(JSON.stringify(json)).toContain('"parameters":{"__proto__":{"x":1},"constructor":2}');
  });

  test("may have a text of 256 K characters, and a body of no more than 2 MB", async () => {
    const text = "ü".repeat(262_144);
    const { version } = await ask(createPromptVersion, `${G}/versions`, { text });
    expect(version.messages[0]?.text).toBe(text);
    const [status, code] = await refused("POST", `${G}/versions`, { text: "x".repeat(2_200_000) });
    expect([status, code]).toEqual([413, "body_too_large"]);
  });

  test.each(["..%2F..%2Fetc", "__proto__", "a%2Fb", "%00", "x".repeat(129)])(
    "of a prompt called %s is not made, and none is found",
    async (name) => {
      expect((await refused("POST", `/admin/prompts/${name}/versions`, { text: "a" }))[0]).toBe(400);
      expect((await refused("GET", `/admin/prompts/${name}`))[0]).toBe(404);
      expect((await refused("GET", `/admin/prompts/${name}/versions/1`))[0]).toBe(404);
    },
  );
});

describe("prompts", () => {
  test("are listed by name, page by page, archived ones when that is asked for", async () => {
    for (const name of ["c", "a", "b", "d"]) await ask(createPrompt, "/admin/prompts", { name, text: name });
    await ask(archivePrompt, "/admin/prompts/b/archive", {});
    await ask(movePromptLabel, "/admin/prompts/a/labels/staging", { version: "1" });
    const first = await ask(listPrompts, "/admin/prompts?limit=2");
    expect([first.prompts.map(({ name }) => name), first.cursor]).toEqual([["a", "c"], "c"]);
    expect(first.prompts[0]).toEqual({
      name: "a",
      created_at: expect.any(String),
      archived_at: null,
      pinned_version: null,
      labels: [{ label: "staging", version: "1", moved_at: expect.any(String), moved_by: "key_admin" }],
    });
    const second = await ask(listPrompts, "/admin/prompts?limit=2&cursor=c");
    expect([second.prompts.map(({ name }) => name), second.cursor]).toEqual([["d"], null]);
    const names = async (query: string) =>
      (await ask(listPrompts, `/admin/prompts?${query}`)).prompts.map(({ name }) => name);
    expect([await names("archived=yes"), await names("archived=all")]).toEqual([["b"], ["a", "b", "c", "d"]]);
  });

  test.each([
    ["limit=0", "`limit`"],
    ["limit=1001", "`limit`"],
    ["archived=maybe", "`archived`: expected one of no, yes, all"],
    ["cursor=..%2F", "`cursor` is none that was given"],
    ["name=x", "There is no `name`"],
  ])("are not listed by %s", async (query, expected) => {
    const [status, , message] = await refused("GET", `/admin/prompts?${query}`);
    expect([status, message]).toEqual([400, expect.stringContaining(expected)]);
  });

  test("are shown with versions, conflicts, labels and where these pointed", async () => {
    await made();
    const draft = { template: "greeting", version: "2", model: null, parameters: {} };
    const seen = { ...draft, messages: [{ role: null, text: "another" }] };
    const conflict = newVersion(new Renderer(1), seen, "traffic", Date.now()) as TemplateVersion;
    await admin.storage.prompts.capture([conflict], { most: 10, mostTemplates: 10 });
    await ask(movePromptLabel, `${G}/labels/production`, { version: "1" });
    await ask(movePromptLabel, `${G}/labels/production`, { version: "2" });
    const shown = await ask(showPrompt, G);
    expect(shown).toMatchObject({
      name: "greeting",
      archived_at: null,
      pinned_version: null,
      experiments: [],
    });
    expect(
      shown.versions.map(({ id, conflict, source, messages }) => [id, conflict, source, messages]),
    ).toEqual([
      ["greeting-v1", false, "api", 1],
      ["greeting-v2", false, "api", 1],
      ["greeting-v3-beta", false, "api", 1],
      ["greeting-v2", true, "traffic", 1],
    ]);
    expect(shown.labels).toMatchObject([
      {
        label: "production",
        version: "2",
        history: [{ version: "1" }, { version: "2", moved_by: "key_admin" }],
      },
    ]);
    const url = `${G}/versions/2@${conflict.revision}`;
    expect(await ask(showPromptVersion, url)).toMatchObject({
      conflict: true,
      messages: [{ role: null, text: "another" }],
    });
    const adopted = await ask(createPromptVersion, `${G}/versions`, { from: `2@${conflict.revision}` });
    expect(adopted.version).toMatchObject({ version: "4", conflict: false, revision: conflict.revision });
  });

  test("are compared version by version", async () => {
    await made();
    expect(await ask(comparePromptVersions, `${G}/compare?before=2&after=3-beta`)).toEqual({
      before: "greeting-v2",
      after: "greeting-v3-beta",
      equal: false,
      messages: [
        {
          role_before: null,
          role_after: null,
          lines: [
            { kind: "same", text: "Hi {{ name }}!\n" },
            { kind: "removed", text: "How are you?" },
            { kind: "added", text: "What can I do?" },
          ],
        },
      ],
      model: null,
      parameters: [],
    });
    const messages = [
      { role: "system", text: "a" },
      { role: "user", text: "b" },
    ];
    await ask(createPromptVersion, `${G}/versions`, { messages, parameters: { top_p: 1 } });
    const { messages: compared, parameters } = await ask(
      comparePromptVersions,
      `${G}/compare?before=1&after=4`,
    );
    expect(compared.map(({ lines: _, ...roles }) => roles)).toEqual([
      { role_before: null, role_after: "system" },
      { role_after: "user" },
    ]);
    expect(parameters).toEqual([{ name: "top_p", after: 1 }]);
    expect((await refused("GET", `${G}/compare?before=1`))[0]).toBe(400);
    expect((await refused("GET", `${G}/compare?before=1&after=9`))[0]).toBe(404);
  });

  test("are previewed with variables", async () => {
    await made();
    const preview = (body: object) => ask(previewPrompt, `${G}/preview`, body);
    expect(await preview({ version: "1", variables: { name: "{{ Tinco }}" } })).toMatchObject({
      id: "greeting-v1",
      messages: [{ role: null, text: "Hello {{ Tinco }}!" }],
    });
    await ask(pinPrompt, `${G}/pin`, { version: "2" });
    expect((await preview({ variables: { name: "T" } })).id).toBe("greeting-v2");
    expect(await refused("POST", `${G}/preview`, { version: "1" })).toEqual([
      400,
      "invalid_request",
      "Template greeting, version 1, message 1, line 1, column 10: variable name is missing.",
    ]);
    for (const variables of [[1], "x", null])
      expect((await refused("POST", `${G}/preview`, { variables }))[0]).toBe(400);
  });
});

describe("what is served", () => {
  beforeEach(made);

  test("is pointed to by labels, which move back and forth and are taken away", async () => {
    const url = `${G}/labels/production`;
    const pointed = ({ labels }: { labels: { label: string; version: string }[] }) =>
      labels.map(({ label, version }) => [label, version]);
    expect(pointed(await ask(movePromptLabel, url, { version: "1" }))).toEqual([["production", "1"]]);
    expect(pointed(await ask(movePromptLabel, url, { version: "2" }))).toEqual([["production", "2"]]);
    expect(pointed(await ask(revertPromptLabel, `${url}/revert`))).toEqual([["production", "1"]]);
    expect(pointed(await ask(removePromptLabel, url))).toEqual([]);
    const { label, history } = await ask(showPromptLabel, url);
    expect([label, history.map(({ version }) => version)]).toEqual(["production", ["1", "2", "1", null]]);
    expect(await refused("DELETE", url)).toEqual([
      404,
      "not_found",
      'The prompt "greeting" has no label "production".',
    ]);
    expect((await refused("POST", `${G}/labels/staging/revert`))[0]).toBe(404);
    expect(admin.followed).toBe(3 + 4);
  });

  test.each([
    ["latest", { version: "1" }, 400],
    ["1", { version: "1" }, 400],
    ["..%2Fx", { version: "1" }, 400],
    ["__proto__", { version: "1" }, 400],
    ["x".repeat(65), { version: "1" }, 400],
    ["staging", { version: "9" }, 404],
    ["staging", {}, 400],
    ["staging", { version: null }, 400],
  ])("is not pointed to by the label %s with %j", async (label, body, status) => {
    const before = admin.followed;
    expect((await refused("PUT", `${G}/labels/${label}`, body))[0]).toBe(status);
    expect([(await ask(showPrompt, G)).labels, admin.followed]).toEqual([[], before]);
  });

  test("is pinned and unpinned", async () => {
    expect((await ask(pinPrompt, `${G}/pin`, { version: "1" })).pinned_version).toBe("1");
    expect((await ask(unpinPrompt, `${G}/pin`)).pinned_version).toBeNull();
    expect((await refused("PUT", `${G}/pin`, { version: "9" }))[0]).toBe(404);
    expect((await refused("DELETE", "/admin/prompts/nothing/pin"))[0]).toBe(404);
  });

  test("is not archived, all else is, and comes back", async () => {
    await ask(movePromptLabel, `${G}/labels/production`, { version: "1" });
    expect(await refused("POST", `${G}/archive`, {})).toEqual([
      409,
      "conflict",
      'The prompt "greeting" is in use, so it cannot be archived: the label production points to version 1.',
    ]);
    await ask(archivePrompt, `${G}/archive`, { version: "2" });
    expect((await ask(showPrompt, G)).versions.map(({ archived_at }) => archived_at !== null)).toEqual([
      false,
      true,
      false,
    ]);
    expect((await refused("PUT", `${G}/pin`, { version: "2" }))[0]).toBe(409);
    await ask(unarchivePrompt, `${G}/unarchive`, { version: "2" });
    await ask(removePromptLabel, `${G}/labels/production`);
    expect((await ask(archivePrompt, `${G}/archive`)).archived_at).toMatch(/Z$/);
    expect((await refused("POST", `${G}/versions`, { text: "x" }))[0]).toBe(409);
    expect((await ask(unarchivePrompt, `${G}/unarchive`)).archived_at).toBeNull();
    expect((await refused("POST", "/admin/prompts/nothing/archive"))[0]).toBe(404);
  });
});

test("a storage that cannot be asked is told as 503 everywhere", async () => {
  await admin.storage.close();
  for (const [method, url, body] of [
    ["GET", "/admin/prompts"],
    ["GET", G],
    ["POST", "/admin/prompts", { name: "x", text: "x" }],
    ["PUT", `${G}/labels/production`, { version: "1" }],
    ["POST", `${G}/preview`, {}],
  ] as const)
    expect((await refused(method, url, body)).slice(0, 2)).toEqual([503, "storage_unavailable"]);
});
