import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../test/support/until.ts";
import { configSchema, type RecordsConfig } from "../config/schema.ts";
import { testTrace } from "../telemetry/test-trace.ts";
import { CapturePolicy } from "./capture-policy.ts";
import type { DurableSink } from "./durable-sink.ts";
import type { WrittenRecord } from "./record.ts";
import { Recorder } from "./recorder.ts";
import { keepingLogger, MemoryRecords, recordedDecision, recordSink, usedTemplate } from "./testing.ts";
import type { Trace } from "./trace.ts";
import type { Tracking } from "./tracking.ts";

const root = mkdtempSync(join(tmpdir(), "amsterdam-recorder-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ANSWER = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "gpt-4o-2024-08-06",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello!" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 },
};
const REQUEST = { model: "gpt-4o", messages: [{ role: "user", content: "Say hello to ada@example.org" }] };

let folder: string;
let store: MemoryRecords;
let logger: ReturnType<typeof keepingLogger>;
let policy: CapturePolicy;
let sink: DurableSink<WrittenRecord>;
beforeEach(() => {
  folder = join(mkdtempSync(join(root, "data-")), "waiting");
  store = new MemoryRecords();
  logger = keepingLogger();
  policy = new CapturePolicy();
  sink = recordSink(store, { folder, logger });
});
afterEach(() => sink.close(0));

const settings = (given: object = {}): RecordsConfig => configSchema.parse({ records: given }).records;

function recorderOf(config: RecordsConfig = settings()): Recorder {
  return new Recorder({ store, sink, logger, config: () => config, priceOf: () => null });
}

let made = 0;
/** A finished request with its answer. */
function finished(
  changes: Partial<Trace> = {},
  config = settings(),
  answer: object = ANSWER,
  asked: object = REQUEST,
): Trace {
  const trace = testTrace({ requestId: `req-${made++}`, stream: false, tracking: null, ...changes });
  trace.capture = policy.start(config, trace.keyId ?? "", trace.door);
  const body = Buffer.from(JSON.stringify(asked));
  trace.requestBytes = body.length;
  trace.capture?.asked(body);
  if (trace.capture !== null) trace.capture.contentType = "application/json";
  trace.capture?.answered(Buffer.from(JSON.stringify(answer)));
  return trace;
}

async function recorded(traces: readonly Trace[], config = settings()) {
  const recorder = recorderOf(config);
  for (const trace of traces) recorder.observe(trace);
  await recorder.flush();
  return store.order.map((id) => store.kept.get(id)!);
}

const tracked = (tracking: Tracking) => finished({ tracking });
const text = (bytes: Uint8Array | null | undefined) =>
  bytes == null ? bytes : Buffer.from(bytes).toString();

describe("the record of a request", () => {
  test("says what it was, what it took, and what was said", async () => {
    const [written] = await recorded([finished({ model: null, requestedModel: "gpt-4o" })]);
    expect(written?.record).toMatchObject({
      model: "gpt-4o-2024-08-06",
      requestedModel: "gpt-4o",
      finish: "stop",
      usage: { input: 10, output: 3 },
      usageSource: "provider",
      cost: null,
      durationMs: 1000.5,
      firstByteMs: 123.5,
    });
    expect(text(written?.bodies?.request)).toBe(JSON.stringify(REQUEST));
    expect(text(written?.bodies?.response)).toBe(JSON.stringify(ANSWER));
    expect(written?.bodies?.cut).toBeFalse();
  });

  test("is a small thing, whatever its client and the provider sent", async () => {
    const long = "x".repeat(1_000_000);
    const [written] = await recorded([
      finished(
        {
          path: `/${long}`,
          requestedModel: long,
          model: null,
          cause: long,
          losses: Array.from({ length: 50 }, () => long),
        },
        settings({ bodies: "metadata" }),
        { ...ANSWER, model: long, service_tier: long },
      ),
    ]);
    expect(JSON.stringify(written?.record).length).toBeLessThan(60_000);
  });

  test("has an id that sorts by its beginning, whenever it ended", async () => {
    const traces = [3_000, 1_000, 2_000].map((startedAt) => finished({ startedAt }));
    const records = (await recorded(traces)).map(({ record }) => record);
    const byId = records.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    expect(byId.map(({ startedAt }) => startedAt)).toEqual([1_000, 2_000, 3_000]);
  });

  test("has the client's own id and what else it said of itself", async () => {
    const [written] = await recorded([
      tracked({
        request_id: "mine",
        agent_id: "agent",
        thread_id: "thread",
        tags: { team: "a", day: "1" },
      }),
    ]);
    expect(written?.record).toMatchObject({
      requestId: "mine",
      agentId: "agent",
      threadId: "thread",
      tags: ["team=a", "day=1"],
    });
  });

  test("has what became of its templates, and what experiments decided", async () => {
    const templates = [usedTemplate(), usedTemplate({ path: "system", templateId: null, drift: true })];
    const decisions = [recordedDecision()];
    const [written] = await recorded([finished({ templates, decisions })]);
    expect(written?.record).toMatchObject({ templates, decisions });
  });

  test("is made without what cannot be read", async () => {
    const trace = finished();
    trace.capture!.converted = () => {
      throw new TypeError("a defect");
    };
    const [written] = await recorded([trace]);
    expect(written?.record).toMatchObject({ requestId: trace.requestId, usage: null, usageSource: null });
    expect(logger.lines).toHaveLength(1);
  });

  test("is priced by what it used; a count of tokens costs nothing", async () => {
    const asked: unknown[] = [];
    const priceOf = (...of: unknown[]) => {
      asked.push(of);
      return { usd: 1.5, source: "configuration", date: null };
    };
    const recorder = new Recorder({ store, sink, logger, config: () => settings(), priceOf });
    recorder.observe(finished());
    recorder.observe(
      finished({ operation: "count-tokens", clientFormat: "anthropic-messages" }, settings(), {
        input_tokens: 7,
      }),
    );
    await recorder.flush();
    const costs = store.order
      .map((id) => store.kept.get(id)!.record)
      .map(({ cost, usage }) => [cost?.usd, usage]);
    expect(costs).toEqual([
      [1.5, { input: 10, output: 3 }],
      [undefined, { input: 7 }],
    ]);
    expect(asked).toEqual([["openai", "gpt-4o", { input: 10, output: 3 }, 1_795_000_000_123, null]]);
  });
});

describe("the run of a request", () => {
  const runsOf = async (traces: readonly Trace[]) =>
    (await recorded(traces)).map(({ record }) => [record.requestId, record.runId]);

  test("is the one that it names, or its own", async () => {
    expect(await runsOf([tracked({ request_id: "a", run_id: "r" }), tracked({ request_id: "b" })])).toEqual([
      ["a", "r"],
      ["b", "b"],
    ]);
  });

  test("is that of its parent, through any number of requests", async () => {
    expect(
      await runsOf([
        tracked({ request_id: "a", run_id: "r" }),
        tracked({ request_id: "b", request_parent_id: "a" }),
        tracked({ request_id: "c", request_parent_id: "b" }),
      ]),
    ).toEqual([
      ["a", "r"],
      ["b", "r"],
      ["c", "r"],
    ]);
  });

  test("is that of a parent that another process recorded", async () => {
    await recorded([tracked({ request_id: "a", run_id: "r" })]);
    expect((await runsOf([tracked({ request_id: "b", request_parent_id: "a" })])).at(-1)).toEqual(["b", "r"]);
  });

  test("is its parent's own where nobody knows the parent yet", async () => {
    expect(
      await runsOf([tracked({ request_id: "b", request_parent_id: "a" }), tracked({ request_id: "a" })]),
    ).toEqual([
      ["b", "a"],
      ["a", "a"],
    ]);
  });

  test("is looked up for no longer than records may wait", async () => {
    store.before = () => new Promise(() => {});
    const recorder = recorderOf();
    recorder.observe(tracked({ request_id: "b", request_parent_id: "a" }));
    const start = performance.now();
    await recorder.flush();
    expect(performance.now() - start).toBeLessThan(500);
  });
});

describe("what is captured", () => {
  test.each([
    [{ enabled: false }, 0, undefined],
    [{ bodies: "none" }, 0, undefined],
    [{ bodies: "metadata" }, 1, null],
    [{ bodies: "full" }, 1, JSON.stringify(REQUEST)],
    [{ capture: [{ keys: ["key_1"], bodies: "metadata" }] }, 1, null],
    [{ capture: [{ keys: ["key_2"], bodies: "metadata" }] }, 1, JSON.stringify(REQUEST)],
    [
      { bodies: "metadata", capture: [{ doors: ["/v1/*"], keys: ["key_1"], bodies: "full" }] },
      1,
      JSON.stringify(REQUEST),
    ],
    [{ capture: [{ doors: ["/v1/chat"], bodies: "none" }, { bodies: "metadata" }] }, 1, null],
  ])("with %j: %i record, request %j", async (given, count, request) => {
    const config = settings(given);
    const written = await recorded([finished({}, config)], config);
    expect(written).toHaveLength(count);
    if (request === null) expect(written[0]?.bodies).toBeNull();
    else expect(text(written[0]?.bodies?.request)).toBe(request as string);
    for (const { record } of written) expect(record.usage).toEqual({ input: 10, output: 3 });
  });

  test("patterns are taken out of bodies, and bodies are cut", async () => {
    const config = settings({ redact: ["[\\w.]+@[\\w.]+", "Hello"], max_body_kb: 1 });
    const long = { ...ANSWER, padding: "y".repeat(5_000) };
    const [written] = await recorded([finished({}, config, long)], config);
    expect(text(written?.bodies?.request)).toBe(
      JSON.stringify(REQUEST).replace("ada@example.org", "[redacted]"),
    );
    expect(text(written?.bodies?.response)).toContain('"content":"[redacted]!"');
    expect([written?.bodies?.response?.length, written?.bodies?.cut]).toEqual([1024, true]);
    expect(written?.record.usage).toEqual({ input: 10, output: 3 });
  });

  test("gives its memory back", async () => {
    await recorded(Array.from({ length: 1_000 }, () => finished()));
    expect(policy.budget.used).toBe(0);
  });
});

describe("usage that the provider did not tell", () => {
  const silent = { ...ANSWER, usage: undefined };
  const asked = {
    model: "m",
    messages: [{ role: "user", content: "The quick brown fox jumps over the lazy dog." }],
  };

  test("is estimated with a tokenizer and marked so", async () => {
    // The first estimate waits for the tokenizer to be loaded, and may come too late for its record.
    await until("the tokenizer is there", async () => {
      const [written] = (await recorded([finished({}, settings(), silent, asked)])).slice(-1);
      expect(written?.record.usageSource).toBe("estimated");
      return written?.record.usage?.input === 16 && written.record.usage.output === 2;
    });
  });

  test("is reckoned roughly where there is no time", async () => {
    const config = settings();
    const long = {
      model: "m",
      messages: [{ role: "user", content: "Some words of a text. ".repeat(40_000) }],
    };
    const [written] = await recorded([finished({}, config, silent, long)], config);
    expect(written?.record.usageSource).toBe("estimated");
    expect(written?.record.usage?.input).toBeGreaterThan(100_000);
  });
});

describe("records outlive the process", () => {
  test("within 100 ms of a request's end, whatever the storage does", async () => {
    store.before = () => new Promise(() => {});
    const recorder = recorderOf();
    recorder.observe(finished());
    const ended = performance.now();
    await until(
      "it is in a file",
      () => existsSync(folder) && readdirSync(folder).length > 0 && sink.waitingBytes > 0,
    );
    // The bound holds on an idle machine; the tests' machine is none.
    expect(performance.now() - ended).toBeLessThan(300);
  });

  test("also where an answer that ended before takes long to be read", async () => {
    const config = settings({ max_body_kb: 65_536 });
    const long = finished({ requestId: "long", stream: true }, config);
    long.capture!.contentType = "text/event-stream";
    long.capture!.chunks.length = 0;
    const event = `data: ${JSON.stringify({ ...ANSWER, choices: [{ index: 0, delta: { content: "a" } }] })}\n\n`;
    for (let i = 0; i < 200; i++) long.capture!.add(Buffer.from(event.repeat(1_000)), i + 1, false);
    const records = await recorded([long, finished({ requestId: "short" })], config);
    expect(records.map(({ record }) => record.requestId)).toEqual(["short", "long"]);
    expect(records[1]?.record).toMatchObject({ stream: true, usage: { input: 10, output: 3 } });
  });

  test("stored in batches", async () => {
    await recorded(Array.from({ length: 1_000 }, () => finished()));
    expect(store.kept.size).toBe(1_000);
    expect(store.batches.length).toBeLessThan(10);
  });
});
