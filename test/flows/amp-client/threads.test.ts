import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";
import { call, internal, sync, thread } from "./calls.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({
    config: { amp: { max_thread_mb: 1 } },
    env: { ADDITIONAL_API_KEYS: "ams_second_key" },
  });
});
afterAll(() => gateway.stop());

/** Both machines of one user have one key; the other user has another. */
const machine = () => gateway;
const otherUser = () => ({ url: gateway.url, key: "ams_second_key" });

const upload = (value: unknown, caller = machine() as { url: string; key: string }) =>
  internal(caller, "uploadThread", { thread: value, createdOnServer: false });
const download = async (id: string, caller = machine() as { url: string; key: string }) =>
  (await internal(caller, "getThread", { thread: id })).result?.thread.data;

const NOT_FOUND = { ok: false, error: { code: "thread-not-found" } };

describe("a thread", () => {
  test("comes back as it was uploaded, field by field, after another start too", async () => {
    const whole = thread("T-whole", 3, {
      messages: [
        { role: "user", content: [{ type: "text", text: "Łódź 🚋 \u0000 \ud800 1e400" }], deep: [[{}]] },
      ],
      usageLedger: { total: 1.5 },
      constructor: "own",
    });
    expect(await upload(whole)).toEqual({ ok: true, result: {} });
    expect(await download("T-whole")).toEqual(whole);
    gateway = await gateway.restart();
    expect(await download("T-whole")).toEqual(whole);
  });

  test("that is not known is told as the client expects", async () => {
    expect(await internal(gateway, "getThread", { thread: "T-none" })).toMatchObject(NOT_FOUND);
    expect(await internal(gateway, "setThreadMeta", { thread: "T-none", meta: {} })).toMatchObject(NOT_FOUND);
    expect(await internal(gateway, "archiveThread", { thread: "T-none" })).toMatchObject(NOT_FOUND);
    expect(await internal(gateway, "deleteThread", { thread: "T-none" })).toMatchObject(NOT_FOUND);
    expect(await internal(gateway, "getThreadLinkInfo", { thread: "T-none" })).toMatchObject(NOT_FOUND);
  });

  test("keeps what was set apart from it, whatever is uploaded later", async () => {
    await upload(thread("T-meta", 1));
    const meta = { visibility: "private", sharedGroupIDs: [] };
    expect(await internal(gateway, "setThreadMeta", { thread: "T-meta", meta })).toEqual({
      ok: true,
      result: {},
    });
    await internal(gateway, "archiveThread", { thread: "T-meta", archived: true });
    await upload(thread("T-meta", 2, { title: "Later" }));
    expect(await download("T-meta")).toEqual({
      ...thread("T-meta", 2, { title: "Later" }),
      meta,
      archived: true,
    });
  });

  test("is listed with what the client's lists show", async () => {
    await upload(thread("T-list", 4));
    const { result } = await internal(gateway, "listThreads", { limit: 100 });
    expect(result.threads.find((entry: { id: string }) => entry.id === "T-list")).toEqual({
      id: "T-list",
      v: 4,
      created: 1_700_000_000_000,
      title: "A thread",
      userLastInteractedAt: 1_700_000_000_500,
      messageCount: 1,
      summaryStats: { messageCount: 1 },
      env: thread("T-list", 4).env,
      agentMode: "smart",
      archived: false,
    });
    const { result: shown } = await internal(gateway, "listThreads", { includeArchived: false });
    expect(shown.threads.map((entry: { id: string }) => entry.id)).not.toContain("T-meta");
  });

  test("is deleted with its subagents' threads", async () => {
    await upload(thread("T-main", 1));
    await upload(thread("T-sub", 1, { mainThreadID: "T-main" }));
    expect(await internal(gateway, "deleteThread", { thread: "T-main" })).toEqual({ ok: true, result: {} });
    expect(await download("T-sub")).toBeUndefined();
  });

  test("is refused when it is too large, with the setting that bounds it, and the one before stays", async () => {
    await upload(thread("T-large", 1));
    const reply = await upload(thread("T-large", 2, { text: "x".repeat(1_100_000) }));
    expect(reply).toMatchObject({ ok: false, error: { code: "body_too_large" } });
    expect(reply.error.message).toContain("amp.max_thread_mb");
    expect(await download("T-large")).toMatchObject({ v: 1 });
    const huge = await upload(thread("T-large", 2, { text: "x".repeat(5_000_000) }));
    expect(huge).toMatchObject({ ok: false, error: { code: "body_too_large" } });
    expect(huge.error.message).toContain("amp.max_thread_mb");
  });
});

describe("threads by their paths", () => {
  const read = (path: string, caller: { url: string; key: string } = machine()) =>
    call(caller, `/api/threads${path}`);

  test("are read whole, as text, and found by their titles", async () => {
    const whole = thread("T-path", 2, { title: "Zebra crossing" });
    await upload(whole);
    expect(await (await read("/T-path")).json()).toEqual(whole);
    const text = await read("/T-path.md?truncate_tool_results=1");
    expect(text.headers.get("content-type")).toContain("text/markdown");
    expect(await text.text()).toContain("# Zebra crossing");
    const entry = { id: "T-path", title: "Zebra crossing", messageCount: 1, updatedAt: expect.any(String) };
    expect(await (await read("/find?q=CROSSING+zebra")).json()).toMatchObject({
      threads: [entry],
      hasMore: false,
    });
    expect(await (await read("/find?q=zebra&offset=1")).json()).toEqual({ threads: [], hasMore: false });
    expect(await (await read("/find?limit=1")).json()).toMatchObject({ hasMore: true });
    expect(await (await read("")).json()).toContainEqual(
      expect.objectContaining({ id: "T-path", meta: { visibility: "private", sharedGroupIDs: [] } }),
    );
  });

  test("are told as missing to others, and where the path is no thread's", async () => {
    expect((await read("/T-path", otherUser())).status).toBe(404);
    expect((await read("/T-none.md")).status).toBe(404);
    for (const path of ["/T-%00", "/..%2fx", "/.md", "/find?limit=x", `/${"T".repeat(500)}`])
      expect((await read(path)).status).toBe(400);
    expect((await call({ url: gateway.url, key: "wrong" }, "/api/threads/T-path")).status).toBe(401);
  });
});

describe("two machines", () => {
  test("of one user hold the same after they synced, by versions", async () => {
    const mine = thread("T-sync", 5);
    const asked = { threadVersions: [{ id: "T-sync", v: 5 }], threadMetas: [{ id: "T-sync" }] };
    expect(await sync(machine(), asked)).toEqual({ threadActions: [{ id: "T-sync", action: "upload" }] });
    await upload(mine);
    expect(await sync(machine(), asked)).toEqual({ threadActions: [] });

    // The other machine knows it by its id alone, and then goes on with it.
    const first = await sync(machine(), { threadVersions: [{ id: "T-sync", v: -1 }] });
    expect(first.threadActions).toEqual([{ id: "T-sync", action: "download", thread: mine }]);
    const later = thread("T-sync", 9, { title: "Gone on" });
    expect((await sync(machine(), { threadVersions: [{ id: "T-sync", v: 9 }] })).threadActions).toEqual([
      { id: "T-sync", action: "upload" },
    ]);
    await upload(later);

    expect((await sync(machine(), asked)).threadActions).toEqual([
      { id: "T-sync", action: "download", thread: later },
    ]);
    expect(await upload(mine)).toMatchObject({ ok: false, error: { code: "version-conflict" } });
    expect(await download("T-sync")).toEqual(later);
  });

  test("see what was set on the other", async () => {
    await upload(thread("T-seen", 1));
    const meta = { visibility: "public_unlisted" };
    await internal(gateway, "setThreadMeta", { thread: "T-seen", meta });
    const metas = (known: unknown) =>
      sync(machine(), { threadVersions: [], threadMetas: [{ id: "T-seen", meta: known }] });
    expect(await metas(undefined)).toEqual({ threadActions: [{ id: "T-seen", action: "meta", meta }] });
    expect(await metas({ visibility: "private" })).toEqual({
      threadActions: [{ id: "T-seen", action: "meta", meta }],
    });
    expect(await metas(meta)).toEqual({ threadActions: [] });
  });

  test("of two users do not see each other's threads, unless all are shared", async () => {
    await upload(thread("T-own", 1));
    expect(await internal(otherUser(), "getThread", { thread: "T-own" })).toMatchObject(NOT_FOUND);
    expect((await internal(otherUser(), "listThreads")).result.threads).toEqual([]);
    expect(await internal(otherUser(), "deleteThread", { thread: "T-own" })).toMatchObject(NOT_FOUND);
    await upload(thread("T-own", 7, { title: "Another's" }), otherUser());
    expect(await download("T-own")).toMatchObject({ v: 1, title: "A thread" });

    gateway.writeConfig({ amp: { threads: "shared" } });
    await until("threads are shared", async () => (await download("T-sync", otherUser())) !== undefined);
    expect(await download("T-own")).toMatchObject({ v: 7 });
    expect((await internal(otherUser(), "listThreads")).result.threads.length).toBeGreaterThan(3);
  });
});

describe("threads/sync", () => {
  test("takes what else clients write: ids alone, nothing, and null", async () => {
    expect(await sync(machine(), {})).toEqual({ threadActions: [] });
    expect(await sync(machine(), { threadVersions: ["T-unheard"], threadMetas: [null] })).toEqual({
      threadActions: [{ id: "T-unheard", action: "upload" }],
    });
    expect(await sync(machine(), { threadVersions: ["T-sync", { id: "T-nowhere", v: -1 }] })).toEqual({
      threadActions: [],
    });
  });

  test("refuses a body that is too long to be one", async () => {
    const response = await call(machine(), "/api/threads/sync", {
      threadVersions: [],
      more: "x".repeat(5_000_000),
    });
    expect(response.status).toBe(413);
  });

  test("tells which field is wrong", async () => {
    const bodies: [unknown, string][] = [
      [[], "object"],
      ["{", "JSON"],
      [{ threadVersions: {} }, "threadVersions"],
      [{ threadVersions: [7] }, "threadVersions[0]"],
      [{ threadVersions: [{ id: "T-1" }] }, "threadVersions[0].v"],
      [{ threadVersions: [{ id: "../x", v: 1 }] }, "threadVersions[0].id"],
      [{ threadMetas: ["T-1"] }, "threadMetas[0]"],
      [{ threadMetas: [{ id: "__proto__ x" }] }, "threadMetas[0].id"],
      [{ threadVersions: Array(5001).fill("T-1") }, "5000"],
    ];
    for (const [body, named] of bodies) {
      const reply = await sync(machine(), body);
      expect(reply.error.message).toContain(named);
    }
  });
});
