import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import { CursorError, StorageError } from "../storage/interface.ts";
import type { RecordStore } from "../storage/record-store.ts";
import { ROUTES } from "./table.ts";

let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
});
afterEach(() => admin.storage.close());

/** A path of each route, with something in the place of its parameters and what it needs in its query. */
const PATHS = ROUTES.map(({ method, path, id }) => [
  method,
  path.replace(/\{\w+\}/g, "x") + (id === "listFeedback" ? "?target=run&target_id=x" : ""),
]) as [string, string][];

describe("a key without the admin scope", () => {
  test.each([...PATHS, ["GET", "/openapi.json"], ["GET", "/admin/nothing"]])(
    "is refused at %s %s",
    async (method, path) => {
      const { status, error, trace } = await admin.ask(method, path, undefined, []);
      expect([status, error?.code]).toEqual([403, "permission_denied"]);
      expect(error?.message).toContain("amsterdam keys create --admin");
      expect(trace.door).toBe("none");
    },
  );
});

describe("a path", () => {
  test.each([
    ["GET", "/admin/nothing"],
    ["GET", "/admin/"],
    ["GET", "/admin/requests/"],
    ["GET", "/admin/requests/a/b/c"],
    ["GET", "/admin/requests/%zz"],
    ["POST", "/admin/run"],
  ])("that is none is not found: %s %s", async (method, path) => {
    expect((await admin.ask(method, path)).error?.code).toBe("not_found");
  });

  test.each([
    ["POST", "/admin/requests", "GET, HEAD"],
    ["POST", "/admin/runs", "GET, HEAD"],
    ["PUT", "/admin/keys", "GET, HEAD, POST"],
    ["GET", "/admin/keys/x", "DELETE"],
    ["DELETE", "/openapi.json", "GET, HEAD"],
  ])("takes its own methods alone: %s %s", async (method, path, allow) => {
    const { status, error } = await admin.ask(method, path);
    expect([status, error?.headers?.allow]).toEqual([405, allow]);
  });

  test("is counted under its pattern, whatever stands in it", async () => {
    expect((await admin.ask("GET", "/admin/runs/x")).trace.door).toBe("/admin/runs/{id}");
    expect((await admin.ask("PUT", "/admin/runs/x")).trace.door).toBe("/admin/runs/{id}");
  });

  test("answers HEAD as GET, streams without beginning them, and lets nobody keep the answer", async () => {
    const { status, headers } = await admin.ask("HEAD", "/admin/keys");
    expect([status, headers.get("content-type")]).toEqual([200, "application/json"]);
    expect([headers.get("cache-control"), headers.get("x-request-id")]).toEqual(["no-store", "req_1"]);
    const tail = await admin.ask("HEAD", "/admin/tail");
    expect([tail.status, await tail.response!.text(), admin.tail.watched]).toEqual([200, "", false]);
  });
});

describe("a wrong parameter is named, with what was expected", () => {
  test.each([
    ["/admin/requests?limit=0", "limit", "from 1 to 1000"],
    ["/admin/requests?limit=1001", "limit", "from 1 to 1000"],
    ["/admin/requests?limit=1.5", "limit", "whole number"],
    ["/admin/requests?limit=ten", "limit", "number"],
    ["/admin/requests?order=best", "order", "one of newest, oldest, dearest, slowest"],
    ["/admin/requests?since=yesterday", "since", "24h, 30m, 7d"],
    ["/admin/requests?since=2026-02-30", "since", "2026-11-01"],
    ["/admin/requests?status=3xx", "status", "2xx, 4xx or 5xx"],
    ["/admin/requests?status=99", "status", "2xx, 4xx or 5xx"],
    ["/admin/requests?min_cost=-1", "min_cost", "not below 0"],
    ["/admin/requests?min_cost=Infinity", "min_cost", "number"],
    ["/admin/requests?operation=think", "operation", "one of generate, count-tokens"],
    ["/admin/requests?modle=x", "modle", "There is no `modle`; known: since, until"],
    ["/admin/requests?__proto__=x", "__proto__", "There is no `__proto__`"],
    ["/admin/requests?toString=x", "toString", "There is no `toString`"],
    ["/admin/requests?model=a&model=b", "model", "given twice"],
    ["/admin/requests?model=", "model", "has no value"],
    [`/admin/requests?model=${"x".repeat(501)}`, "model", "at most 500 characters"],
    ["/admin/requests?x%1b=1", "x\u001b", "There is no `x�`"],
    ["/admin/requests?cursor=nonsense", "cursor", "none that was given"],
    [`/admin/requests/${"x".repeat(501)}`, "id", "500"],
    ["/admin/statistics?by=model,colour", "by", "expected some of model, provider"],
    ["/admin/statistics?by=model,key,door,tag", "by", "at most 3"],
    ["/admin/statistics?interval=5s", "interval", "5m, 1h or 1d"],
    ["/admin/statistics?interval=0m", "interval", "from 1m on"],
    ["/admin/statistics?interval=1m&since=30d", "interval", "at most 2000"],
    ["/admin/statistics?since=1h&until=2h", "since", "before `until`"],
    ["/admin/statistics?order=size", "order", "one of requests, failures, tokens, cost"],
    ["/admin/statistics/feedback?by=name", "by", "expected some of model"],
    ["/admin/statistics/feedback?order=cost", "order", "There is no `order`"],
    ["/admin/feedback?target=tag&target_id=x", "target", "one of request, run, thread"],
    ["/admin/feedback?cursor=x", "cursor", "none that was given"],
    ["/admin/feedback?since=-1", "since", "24h"],
    ["/admin/runs?limit=501", "limit", "from 1 to 500"],
    ["/admin/runs?text=x", "text", "There is no `text`"],
    ["/admin/threads?cursor=x", "cursor", "none that was given"],
    ["/admin/requests?min_cost=%20", "min_cost", "has no value"],
    ["/admin/tail?text=x", "text", "There is no `text`"],
    ["/admin/export?format=xml", "format", "one of jsonl, csv"],
    ["/admin/export?limit=5", "limit", "There is no `limit`"],
    ["/admin/config?x=1", "x", "known: none"],
  ])("%s", async (url, param, expected) => {
    const { status, error } = await admin.ask("GET", url);
    expect([status, error?.code, error?.param]).toEqual([400, "invalid_request", param]);
    expect(error?.message).toContain(expected);
  });

  test("and all of them at once", async () => {
    const { error } = await admin.ask("GET", "/admin/requests?limit=0&order=x&y=1&z=");
    for (const name of ["limit", "order", "y", "z"]) expect(error?.message).toContain(`\`${name}\``);
  });

  test("in a body too, which is to be JSON of a sensible size", async () => {
    expect((await admin.ask("POST", "/admin/keys", "{")).error?.code).toBe("malformed_body");
    expect((await admin.ask("POST", "/admin/keys", { name: "x".repeat(70_000) })).error?.code).toBe(
      "body_too_large",
    );
  });
});

describe("a storage that cannot be asked", () => {
  /** A store of which every call does that. */
  const broken = (does: () => Promise<never>) =>
    new Proxy({} as RecordStore, { get: (_, name) => (name === "then" ? undefined : does) });
  const fails = () => Promise.reject(new StorageError("Cannot use /srv/secret.db."));

  test.each([
    "/admin/requests",
    "/admin/requests/x",
    "/admin/requests/x/bodies",
    "/admin/runs",
    "/admin/runs/x",
    "/admin/threads",
    "/admin/statistics/feedback",
    "/admin/threads/x",
    "/admin/statistics",
    "/admin/export",
    "/admin/export?format=csv",
  ])("is told as 503 at %s", async (url) => {
    const setup = await openAdmin({ records: broken(fails) });
    const { status, error } = await setup.ask("GET", url);
    expect([status, error?.code, error?.retryAfter]).toEqual([503, "storage_unavailable", 5]);
    expect(error?.message).not.toContain("secret");
    await setup.storage.close();
  });

  test("is told as 503 for keys and feedback too", async () => {
    await admin.storage.close();
    for (const [method, url] of [
      ["GET", "/admin/keys"],
      ["POST", "/admin/keys"],
      ["DELETE", "/admin/keys/x"],
      ["GET", "/admin/feedback?target=run&target_id=x"],
    ] as const)
      expect((await admin.ask(method, url)).error?.code).toBe("storage_unavailable");
    expect((await admin.ask("GET", "/admin/providers")).status).toBe(200);
  });

  test("is given up after a while", async () => {
    const setup = await openAdmin({ records: broken(() => new Promise(() => {})) });
    const start = performance.now();
    expect((await setup.ask("GET", "/admin/requests")).error?.code).toBe("storage_unavailable");
    expect(performance.now() - start).toBeLessThan(15_000);
    await setup.storage.close();
  }, 20_000);

  test("is told apart from a mistake of ours and from a wrong cursor", async () => {
    const mistaken = await openAdmin({ records: broken(() => Promise.reject(new TypeError("ours"))) });
    await expect(mistaken.ask("GET", "/admin/requests")).rejects.toThrow("ours");
    const lost = await openAdmin({ records: broken(() => Promise.reject(new CursorError("x"))) });
    expect((await lost.ask("GET", "/admin/threads/x?cursor=y")).error?.param).toBe("cursor");
    await Promise.all([mistaken.storage.close(), lost.storage.close()]);
  });
});
