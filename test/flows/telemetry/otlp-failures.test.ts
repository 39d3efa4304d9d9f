import { afterEach, expect, test } from "bun:test";
import { Collector } from "../../support/collector.ts";
import { parseExposition } from "../../support/exposition.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const SERVER = 2;

let collector: Collector | null = null;
let gateway: Gateway | null = null;
afterEach(async () => {
  await gateway?.stop();
  await collector?.stop();
  gateway = collector = null;
});

async function start(otlp: object = {}, records: object = {}): Promise<{ to: Collector; from: Gateway }> {
  collector = new Collector();
  gateway = await startGateway({
    config: {
      records,
      telemetry: { otlp: { endpoint: collector.url, interval: 0.02, metrics: false, ...otlp } },
    },
  });
  return { to: collector, from: gateway };
}

async function ask(from: Gateway, body: object = {}): Promise<void> {
  const response = await fetch(`${from.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${from.key}` },
    body: JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "hello" }], ...body }),
  });
  expect(response.status).toBe(200);
  await response.text();
}

/** A value of the gateway's metrics; 0 where it is not told. */
async function metric(from: Gateway, name: string, label?: string): Promise<number> {
  const text = await fetch(`${from.url}/metrics`).then((response) => response.text());
  const samples = parseExposition(text).get(name)?.samples ?? [];
  const chosen = samples.filter(({ labels }) => label === undefined || Object.values(labels).includes(label));
  return chosen.reduce((sum, { value }) => sum + value, 0);
}

const requests = (to: Collector) => to.spans.filter(({ kind }) => kind === SERVER).length;

test.each([429, 502, 503, 504])(
  "an export answered with %i is sent again, the same, until it is taken",
  async (status) => {
    const { to, from } = await start();
    let refusals = 2;
    to.instead = () =>
      refusals-- > 0 ? new Response("later", { status, headers: { "retry-after": "0" } }) : null;
    await ask(from);
    await until("the export is taken", () => requests(to) === 1);
    expect(to.arrived).toBe(3);
    expect(new Set(to.spans.map(({ spanId }) => spanId)).size).toBe(to.spans.length);
    expect(await metric(from, "amsterdam_otlp_export_failures_total", "traces")).toBe(2);
    expect(await metric(from, "amsterdam_otlp_spans_exported_total")).toBe(2);
  },
);

test("a collector that asks to wait is left alone that long", async () => {
  const { to, from } = await start();
  let times: number[] = [];
  to.instead = () => {
    times = [...times, performance.now()];
    return times.length === 1 ? new Response(null, { status: 503, headers: { "retry-after": "1" } }) : null;
  };
  await ask(from);
  await until("the export is taken", () => requests(to) === 1);
  expect(times[1]! - times[0]!).toBeGreaterThan(990);
});

test.each([400, 401, 404, 413, 500])(
  "an export answered with %i is dropped and counted, and the next one goes on",
  async (status) => {
    const { to, from } = await start();
    let first = true;
    to.instead = () => {
      const answer = first ? new Response("no", { status }) : null;
      first = false;
      return answer;
    };
    await ask(from);
    await until(
      "the drop is counted",
      async () => (await metric(from, "amsterdam_otlp_spans_dropped_total", "refused")) === 2,
    );
    await ask(from);
    await until("the next is taken", () => requests(to) === 1);
    expect(to.arrived).toBe(2);
  },
);

test("what a collector rejects of an export is counted as dropped", async () => {
  const { to, from } = await start();
  to.instead = () => Response.json({ partialSuccess: { rejectedSpans: "1", errorMessage: "too old" } });
  await ask(from);
  await until(
    "it is counted",
    async () => (await metric(from, "amsterdam_otlp_spans_dropped_total", "rejected")) === 1,
  );
  expect(await metric(from, "amsterdam_otlp_spans_exported_total")).toBe(1);
  await until("the log tells why", () => from.output().includes("too old"));
});

test("a redirect is not followed: the headers are for the collector alone", async () => {
  const { to, from } = await start();
  const elsewhere = new Collector();
  to.instead = () => Response.redirect(`${elsewhere.url}/v1/traces`, 307);
  await ask(from);
  await until(
    "the drop is counted",
    async () => (await metric(from, "amsterdam_otlp_spans_dropped_total", "refused")) === 2,
  );
  expect(elsewhere.arrived).toBe(0);
  await elsewhere.stop();
});

test("while the collector is gone requests are answered, spans wait up to the limit, the rest are counted, and all that waits arrives once it is back", async () => {
  const { to, from } = await start({ queue: 20 });
  const { port } = to;
  await to.stop();
  const drops = () => metric(from, "amsterdam_otlp_spans_dropped_total", "queue_full");
  let asked = 0;
  await until("so many wait that more are dropped", async () => {
    await ask(from);
    asked++;
    return (await metric(from, "amsterdam_otlp_queue")) === 20 && (await drops()) > 0;
  });
  await until(
    "every record is made",
    async () => (await metric(from, "amsterdam_records_stored_total")) === asked,
  );
  collector = new Collector(port);
  const back = collector;
  const dropped = await drops();
  // Two spans a request: what was in flight, what waits, and what was dropped are all of them.
  await until("what waited has arrived", () => back.spans.length === 2 * asked - dropped, 30_000);
  expect(back.faults).toEqual([]);
  const again = "Telemetry is being exported again.";
  await until("the log tells that it goes on", () => from.output().includes(again));
});

test("a collector that hangs holds up no request, nor the end of the gateway", async () => {
  const { to, from } = await start({ timeout: 60 });
  to.instead = () => new Promise<Response>(() => {});
  await ask(from);
  await until("an export hangs", () => to.arrived === 1);
  const before = performance.now();
  for (let index = 0; index < 20; index++) await ask(from);
  expect(performance.now() - before).toBeLessThan(5000);
  const stopped = performance.now();
  from.signal("SIGTERM");
  expect(await from.exited).toBe(0);
  expect(performance.now() - stopped).toBeLessThan(9000);
  expect(from.output()).toContain("The gateway stops before all telemetry was exported.");
});

test("a collector that trickles an endless answer is given up after the timeout", async () => {
  const { to, from } = await start({ timeout: 0.3 });
  to.instead = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await Bun.sleep(20);
          controller.enqueue(new Uint8Array(10));
        },
      }),
    );
  await ask(from);
  await until(
    "it failed",
    async () => (await metric(from, "amsterdam_otlp_export_failures_total", "traces")) > 0,
  );
  await ask(from);
});

test("what waits at the end is exported before the gateway ends", async () => {
  const { to, from } = await start({ interval: 3600, metrics: true, metrics_interval: 3600 });
  for (let index = 0; index < 5; index++) await ask(from);
  expect(to.arrived).toBe(0);
  from.signal("SIGTERM");
  expect(await from.exited).toBe(0);
  expect(requests(to)).toBe(5);
  expect(to.metrics.get("amsterdam.requests")?.points.map(({ value }) => value)).toEqual([5]);
  expect(to.faults).toEqual([]);
});

test("a reload takes another collector, or none, and what waits goes where it was to go", async () => {
  const { to, from } = await start({ interval: 3600 });
  await ask(from);
  const other = new Collector();
  const telemetry = { otlp: { endpoint: other.url, interval: 0.02, metrics: false } };
  from.writeConfig({ telemetry });
  await until("what waited has gone to the one before", () => requests(to) === 1);
  await ask(from);
  await until("the next goes to the other", () => requests(other) === 1);
  from.writeConfig({});
  await until(
    "nothing is exported any more",
    async () =>
      !(await fetch(`${from.url}/metrics`).then((response) => response.text())).includes("amsterdam_otlp"),
  );
  await ask(from);
  expect([requests(to), requests(other)]).toEqual([1, 1]);
  await other.stop();
});

test("messages are exported where the configuration says so, as stored bodies are: redacted", async () => {
  const { to, from } = await start({ messages: true }, { redact: ["\\d{3}-\\d{2}-\\d{4}"] });
  await ask(from, {
    messages: [
      { role: "system", content: "Be kind." },
      { role: "user", content: "my number is 123-45-6789" },
    ],
  });
  const span = await until("it is exported", () => to.spans.find(({ kind }) => kind === SERVER));
  const input = JSON.parse(String(span.attributes["gen_ai.input.messages"]));
  expect(input).toEqual([
    { role: "system", parts: [{ type: "text", content: "Be kind." }] },
    { role: "user", parts: [{ type: "text", content: "my number is [redacted]" }] },
  ]);
  const [answer] = JSON.parse(String(span.attributes["gen_ai.output.messages"]));
  expect(answer).toMatchObject({ role: "assistant", finish_reason: "stop", parts: [{ type: "text" }] });
  expect(JSON.stringify(to.exports)).not.toContain("123-45-6789");
});

test("of metadata-only records no message is exported, and of a share of the traces the others are not", async () => {
  const { to, from } = await start({ messages: true, sample_share: 0.5 }, { bodies: "metadata" });
  for (let index = 0; index < 200; index++) await ask(from);
  await until(
    "all are told",
    async () => (await metric(from, "amsterdam_otlp_queue")) === 0 && requests(to) > 50,
  );
  expect(requests(to)).toBeLessThan(150);
  expect(JSON.stringify(to.exports)).not.toContain("hello");
});

test("without an endpoint nothing is sent and nothing told of it", async () => {
  gateway = await startGateway();
  await ask(gateway);
  const text = await fetch(`${gateway.url}/metrics`).then((response) => response.text());
  expect(text).not.toContain("amsterdam_otlp");
});
