import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";
import { configSchema } from "../config/schema.ts";
import { testTrace } from "../telemetry/test-trace.ts";
import { CapturePolicy } from "./capture-policy.ts";
import { Deferral } from "./deferral.ts";
import { DurableSink } from "./durable-sink.ts";
import { Recorder } from "./recorder.ts";
import { type DeferredRequest, finishedOf, STORABLE_REQUESTS } from "./storable-requests.ts";
import { keepingLogger, MemoryRecords, recordSink } from "./testing.ts";
import type { Trace } from "./trace.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-deferral-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SECRET = "ada@example.org";
const REQUEST = { model: "gpt-4o", messages: [{ role: "user", content: `Say hello to ${SECRET} 🚋` }] };
const ANSWER = {
  model: "gpt-4o-2024-08-06",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello! 🚋" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
};

let folder: string;
let store: MemoryRecords;
beforeEach(() => {
  folder = mkdtempSync(join(root, "data-"));
  store = new MemoryRecords();
});

/** The parts of a gateway that record; what was put off is recorded while `recording` is open. */
function gateway(settings: object = {}) {
  const logger = keepingLogger();
  const config = configSchema.parse({ records: settings }).records;
  const policy = new CapturePolicy();
  const records = recordSink(store, { folder, logger });
  const recorder = new Recorder({ store, sink: records, logger, config: () => config, priceOf: () => null });
  const gate = { heavy: true, open: Promise.resolve() };
  const requests = new DurableSink<DeferredRequest>({
    kind: STORABLE_REQUESTS,
    write: async (batch) => {
      await gate.open;
      await recorder.record(batch.map(finishedOf));
    },
    folder,
    space: () => Infinity,
    memory: () => Infinity,
    logger,
  });
  const pace = { note() {}, isHeavy: () => gate.heavy };
  const deferral = new Deferral({ recorder, sink: requests, pace, config: () => config });
  const finished = (changes: Partial<Trace> = {}, answer: object = ANSWER): Trace => {
    const trace = testTrace({ stream: false, tracking: null, ...changes });
    const capture = policy.start(config, trace.keyId ?? "", trace.door);
    const body = Buffer.from(JSON.stringify(REQUEST));
    trace.requestBytes = body.length;
    capture?.asked(body);
    if (capture !== null) capture.contentType = "application/json; charset=utf-8";
    capture?.answered(Buffer.from(JSON.stringify(answer)));
    trace.capture = capture;
    return trace;
  };
  const close = async () => {
    await deferral.flush();
    await requests.close(5_000);
    await recorder.flush();
    await records.close(1_000);
  };
  return { deferral, requests, recorder, gate, policy, finished, close };
}

const files = () => (existsSync(folder) ? readdirSync(folder) : []);
const stored = () => store.order.map((id) => store.kept.get(id)!);

describe("under heavy traffic", () => {
  test("requests wait in files, and their records are what they would have been", async () => {
    const { deferral, gate, finished, policy, close } = gateway();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = promise;
    const changes = {
      requestId: "req-1",
      tracking: { run_id: "run-1", tags: { env: "Łódź" }, thread_id: "t" },
      losses: ["logprobs"],
    };
    deferral.observe(finished(changes));
    await deferral.flush();
    expect(files().map((name) => name.split(".").at(-1))).toEqual(["requests"]);
    expect(policy.budget.used).toBe(0);
    expect(store.kept.size).toBe(0);
    resolve();
    await until("it is recorded", () => store.kept.size === 1);
    gate.heavy = false;
    deferral.observe(finished(changes));
    await until("the other is recorded", () => store.kept.size === 2);
    const [later, atOnce] = stored();
    expect({ ...later!.record, id: "" }).toEqual({ ...atOnce!.record, id: "" });
    expect(later!.record).toMatchObject({ runId: "run-1", usage: { input: 10, output: 3 }, finish: "stop" });
    const text = (bytes: Uint8Array | null) => Buffer.from(bytes ?? []).toString();
    expect(text(later!.bodies!.request)).toBe(JSON.stringify(REQUEST));
    expect(text(later!.bodies!.response)).toBe(JSON.stringify(ANSWER));
    await close();
    expect(files()).toEqual([]);
  });

  test("what a process that is gone has left is recorded by the next one, each once", async () => {
    const first = gateway();
    first.gate.open = new Promise(() => {});
    for (let n = 0; n < 700; n++) first.deferral.observe(first.finished({ requestId: `req-${n}` }));
    await first.deferral.flush();
    const second = gateway();
    const { promise, resolve } = Promise.withResolvers<void>();
    second.gate.open = promise;
    await first.requests.close(0);
    await second.requests.resume();
    resolve();
    await until("all are recorded", () => store.kept.size === 700);
    await second.close();
    expect(new Set(stored().map(({ record }) => record.requestId)).size).toBe(700);
  });

  test("a request that is recorded twice is stored once", async () => {
    const { recorder, finished } = gateway();
    const trace = { ...finished(), capture: null };
    const bytes = Buffer.from(JSON.stringify(ANSWER));
    const deferred = { id: "01JD00000000000000000000A1", trace, request: bytes, response: bytes };
    await recorder.record([finishedOf(deferred)]);
    await recorder.record([finishedOf(deferred)]);
    expect([...store.kept.keys()]).toEqual([deferred.id]);
  });

  test("those that belong to a run by their parent get it, though the parent waits", async () => {
    const { deferral, finished, close } = gateway();
    deferral.observe(finished({ requestId: "parent", tracking: { run_id: "run-9" } }));
    deferral.observe(finished({ requestId: "child", tracking: { request_parent_id: "parent" } }));
    await close();
    expect(stored().map(({ record }) => [record.requestId, record.runId])).toContainAllValues([
      ["parent", "run-9"],
      ["child", "run-9"],
    ]);
  });

  test.each([
    ["patterns are to be taken out of bodies", { redact: ["\\S+@\\S+"] }],
    ["bodies are not to be kept", { bodies: "metadata" }],
    ["the files may take no space", { max_spill_mb: 0 }],
    ["no bytes of bodies are to be kept", { max_body_kb: 0 }],
  ])("no body is in a file where %s", async (_, settings) => {
    const { deferral, finished, close, gate } = gateway(settings);
    gate.open = new Promise(() => {});
    deferral.observe(finished());
    await deferral.flush();
    for (const name of files()) expect(readFileSync(join(folder, name), "utf8")).not.toContain(SECRET);
    expect(files().filter((name) => name.endsWith(".requests"))).toEqual([]);
    gate.open = Promise.resolve();
    await close();
    expect(store.kept.size).toBe(1);
  });

  test("a disk that hangs gets no more than so much; the other requests are recorded at once", async () => {
    const { deferral, requests, finished, close } = gateway();
    const { promise: hangs, resolve } = Promise.withResolvers<void>();
    const defer = requests.defer.bind(requests);
    requests.defer = async (frames) => {
      await hangs;
      await defer(frames);
    };
    const long = { ...ANSWER, padding: "x".repeat(900_000) };
    for (let n = 0; n < 40; n++) {
      deferral.observe(finished({ requestId: `req-${n}` }, long));
      if (n % 8 === 0) await Bun.sleep(50);
    }
    await until("others are recorded", () => store.kept.size >= 10);
    expect(deferral.waiting).toBeWithin(2, 25);
    resolve();
    await close();
    expect(store.kept.size).toBe(40);
    expect(deferral.waiting).toBe(0);
  });

  test("an answer that its bytes alone do not tell is recorded at once", async () => {
    const { deferral, finished, close, gate } = gateway();
    gate.open = new Promise(() => {});
    const packed = finished();
    packed.capture!.contentEncoding = "gzip";
    const streamed = finished();
    streamed.capture!.add(Buffer.from("x"), 1, false);
    const converted = finished();
    converted.capture!.converted = () => null;
    const hidden = finished();
    hidden.capture!.hidden = Buffer.from("{}");
    const html = finished();
    html.capture!.contentType = "text/html";
    const all = [packed, streamed, converted, hidden, html];
    for (const trace of all) deferral.observe(trace);
    await until("all are recorded", () => store.kept.size === all.length);
    gate.open = Promise.resolve();
    await close();
  });
});
