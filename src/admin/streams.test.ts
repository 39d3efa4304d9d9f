import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import { labelledRecord, requestRecord } from "../../test/support/records.ts";
import { until } from "../../test/support/until.ts";
import { SseSplitter } from "../lib/sse.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import { startHttpServer } from "../server/http-server.ts";
import { StorageError } from "../storage/interface.ts";
import { requestShape } from "./request-shape.ts";

const T = Date.UTC(2026, 10, 22, 12);
let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
});
afterEach(() => admin.storage.close());

/** Serves the API on a socket, since it is the socket that a slow client holds up. */
function serve(setup: AdminSetup) {
  const log = () => {};
  const server = startHttpServer({
    hostname: "127.0.0.1",
    port: 0,
    logger: { debug: log, info: log, warn: log, error: log },
    async handle(request) {
      const { response, error } = await setup.ask("GET", request.url);
      return response ?? new Response(error?.message, { status: error?.status ?? 500 });
    },
  });
  return { url: server.url, stop: () => server.close() };
}

async function* eventsOf(response: Response) {
  const splitter = new SseSplitter();
  for await (const chunk of response.body!) {
    const events: { event: string | null; data: string }[] = [];
    splitter.push(chunk, (event) => void events.push(event));
    yield* events.map(({ event, data }) => ({ event, data: JSON.parse(data) }));
  }
}

describe("the live tail", () => {
  test("tells what ends after it began, as the filter says, and is left when the client goes", async () => {
    const { url, stop } = serve(admin);
    const leaving = new AbortController();
    admin.tail.publish(requestRecord({ id: "before" }));
    const response = await fetch(`${url}/admin/tail?model=a&min_duration_ms=5`, { signal: leaving.signal });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    const events = eventsOf(response);
    admin.tail.publish(requestRecord({ id: "other", model: "b" }));
    admin.tail.publish(requestRecord({ id: "quick", model: "a", durationMs: 4 }));
    admin.tail.publish(requestRecord({ id: "r1", model: "a" }));
    const first = (await events.next()).value!;
    expect([first.event, first.data.id]).toEqual(["request", "r1"]);
    expect(requestShape.parse(first.data)).toEqual(first.data);
    admin.tail.publish(requestRecord({ id: "r2", model: "a" }));
    expect((await events.next()).value?.data.id).toBe("r2");
    expect(admin.tail.watched).toBe(true);
    leaving.abort();
    await until("the listener is gone", () => !admin.tail.watched);
    await stop();
  });

  test("keeps a thousand for a slow client, and says how many it left out", async () => {
    const { response } = await admin.ask("GET", "/admin/tail");
    for (let index = 0; index < 1_500; index++) admin.tail.publish(requestRecord({ id: `r${index}` }));
    const seen: string[] = [];
    for await (const { event, data } of eventsOf(response!)) {
      if (event === "request") seen.push(data.id);
      else {
        expect([event, data]).toEqual(["dropped", { count: 500 }]);
        break;
      }
    }
    expect([seen.length, seen[0], seen.at(-1)]).toEqual([1_000, "r0", "r999"]);
    admin.tail.publish(requestRecord({ id: "nobody hears" }));
    await until("the listener is gone", () => !admin.tail.watched);
  });

  test("ends when the gateway stops, and takes so many listeners and no more", async () => {
    const all = await Promise.all(Array.from({ length: 100 }, () => admin.ask("GET", "/admin/tail")));
    const { status, error } = await admin.ask("GET", "/admin/tail");
    expect([status, error?.code]).toEqual([503, "server_overloaded"]);
    admin.tail.close();
    const texts = await Promise.all(all.map(({ response }) => response!.text()));
    expect(new Set(texts)).toEqual(new Set([": listening\n\n"]));
    expect(admin.tail.watched).toBe(false);
  });
});

describe("the export", () => {
  const many = (count: number, change: Partial<RequestRecord> = {}) =>
    admin.records.write(
      Array.from({ length: count }, (_, index) => ({
        record: labelledRecord(`r${String(index).padStart(5, "0")}`, { startedAt: T + index, ...change }),
        bodies: null,
      })),
    );
  const exported = async (query: string) => {
    const { response } = await admin.ask("GET", `/admin/export?${query}`);
    return { type: response!.headers.get("content-type"), text: await response!.text() };
  };

  test("has every request that is meant once, oldest first, over all pages", async () => {
    await many(1_201);
    const { type, text } = await exported(`format=jsonl&since=${T + 1}`);
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(type).toBe("application/jsonl");
    expect(lines.map(({ request_id }) => request_id)).toEqual(
      Array.from({ length: 1_200 }, (_, index) => `r${String(index + 1).padStart(5, "0")}`),
    );
    expect(requestShape.parse(lines[0])).toEqual(lines[0]);
  });

  test("as a table has a head, and nothing that a spreadsheet would run", async () => {
    await many(1, {
      requestId: '=HYPERLINK("http://evil")',
      tags: ["a,b", 'c"d', "line\nbreak"],
      agentId: "-1+2",
      cost: null,
      templates: ["greeting", null, "farewell-v2"].map((templateId) => usedTemplate({ templateId })),
      decisions: [recordedDecision({ experiment: "greeting-1", variantName: "kind" })],
    });
    const { type, text } = await exported("format=csv");
    expect(type).toBe("text/csv; charset=utf-8");
    const [head = "", ...rest] = text.split("\r\n");
    expect(head.split(",").slice(0, 5)).toEqual(["id", "request_id", "duplicate", "started_at", "key_id"]);
    const row = rest.join("\r\n");
    expect(row).toContain(`,"'=HYPERLINK(""http://evil"")",false,2026-11-22T12:00:00.000Z,`);
    expect(row).toContain(`,'-1+2,`);
    expect(row).toContain(`,"a,b c""d line\nbreak",`);
    expect(head).toEndWith(",templates,variants");
    expect(row).toEndWith(",greeting farewell-v2,greeting-1/kind\r\n");
  });

  test("of nothing is empty, or a head alone", async () => {
    expect((await exported("")).text).toBe("");
    expect((await exported("format=csv&model=none")).text).toMatch(/^id,[a-z_,]+\r\n$/);
  });

  test("reads on only as fast as the client does, and no further once it left", async () => {
    await many(20_000, { cause: "x".repeat(2_000) });
    let pages = 0;
    const list = admin.records.list.bind(admin.records);
    admin.records.list = (filter, page) => {
      pages++;
      return list(filter, page);
    };
    const { url, stop } = serve(admin);
    const leaving = new AbortController();
    const response = await fetch(`${url}/admin/export`, { signal: leaving.signal });
    const reader = response.body!.getReader();
    await reader.read();
    await Bun.sleep(300);
    const asked = pages;
    expect(asked).toBeLessThan(40);
    leaving.abort();
    await reader.closed.catch(() => {});
    await Bun.sleep(300);
    expect(pages).toBeLessThanOrEqual(asked + 1);
    await stop();
  });

  test("breaks off where the storage fails in the middle, so that nobody takes it for whole", async () => {
    await many(1_500);
    const list = admin.records.list.bind(admin.records);
    let pages = 0;
    admin.records.list = (filter, page) =>
      ++pages > 2 ? Promise.reject(new StorageError("gone")) : list(filter, page);
    const { url, stop } = serve(admin);
    const response = await fetch(`${url}/admin/export`);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(admin.logged).toEqual([expect.stringContaining("An export was broken off")]);
    await stop();
  });
});
