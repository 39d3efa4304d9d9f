import { chatChunk, chatProvider, chatText } from "./chat.ts";
import { RawClient, rawRequest, requestText } from "./client.ts";
import { startFaultUpstream } from "./fault-upstream.ts";
import * as faults from "./faults.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { CAN_READ_PROC, openConnections, residentBytes } from "./process-facts.ts";
import type { Behaviour } from "./raw-server.ts";
import { until } from "./until.ts";

export interface SoakOptions {
  /** Streams that run at the same time. */
  readonly streams: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Milliseconds between a stream's events, on average. */
  readonly gap: number;
  /** Whether to read the memory before and after, which takes a rest each time. */
  readonly measureMemory: boolean;
}

export interface SoakReport {
  /** How many requests ended in which way: a status, how a stream ended, or what the client did. */
  readonly endings: Record<string, number>;
  /** Log lines of the gateway that tell an error of its own. */
  readonly gatewayErrors: Record<string, unknown>[];
  readonly isAlive: boolean;
  /** Requests to the upstream, and connections of clients, that nobody has ended. */
  readonly upstreamsLeft: number;
  readonly clientsLeft: number;
  /** Bytes of memory; null where it was not read. */
  readonly memory: SoakMemory | null;
  /** Requests whose record was lost. */
  readonly recordsLost: number;
  readonly exitCode: number;
}

interface SoakMemory {
  /** At rest after the warm-up, and after the end. */
  start: number;
  end: number;
  /** At the most in each tenth of the time. */
  readonly tenths: number[];
}

const DONE = "data: [DONE]\n\n";

function pick<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
  let point = Math.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, choice] of choices) {
    point -= weight;
    if (point < 0) return choice;
  }
  return choices.at(-1)![1];
}

/** A behaviour chosen anew for each request: mostly whole streams, and every way in which one can fail. */
function anyBehaviour(gap: number): Behaviour {
  const event = faults.sseEvents(chatChunk("some words of an answer "))[0]!;
  const rest = () => Bun.sleep(Math.random() * 2 * gap);
  const events = (count: number) => Array.from({ length: count }, () => [event, rest]).flat();
  const some = () => 1 + Math.floor(Math.random() * 40);
  return (exchange) =>
    pick<() => Behaviour>([
      [50, () => faults.stream([...events(some()), DONE])],
      [10, () => faults.stream([rest, ...events(some())], { finish: "reset" })],
      [10, () => faults.stream(events(some()), { finish: "close" })],
      [5, () => faults.stream(events(some()), { finish: "hang" })],
      [5, () => faults.stream([event.repeat(2000), DONE])],
      [4, () => faults.hang()],
      [4, () => faults.dropBeforeHead("reset")],
      [4, () => faults.json({ error: { message: "no" } }, 500)],
      [4, () => faults.json({ error: { message: "slow down" } }, 429, { "retry-after-ms": "20" })],
      [4, () => faults.raw("no HTTP at all\r\n\r\n")],
    ])()(exchange);
}

type ClientManner = "reads" | "reads slowly" | "leaves early" | "leaves" | "resets";

/** One request by a client of some manner; returns how it ended. */
async function oneRequest(gateway: Gateway, gap: number): Promise<string> {
  const manner = pick<ClientManner>([
    [60, "reads"],
    [15, "reads slowly"],
    [5, "leaves early"],
    [10, "leaves"],
    [10, "resets"],
  ]);
  const client = await RawClient.connect(gateway.url);
  await client.send(chatText(gateway, "soak", { stream: true }));
  if (manner === "leaves early") {
    client.reset();
    return "left early";
  }
  if (manner === "leaves" || manner === "resets") {
    await Bun.sleep(Math.random() * 20 * gap);
    if (manner === "leaves") client.close();
    else client.reset();
    return "left";
  }
  const reading = client.response().then(endingOf, () => "cut");
  if (manner === "reads slowly") await readSlowly(client, gap);
  const ending = await reading;
  client.close();
  return ending;
}

async function readSlowly(client: RawClient, gap: number): Promise<void> {
  for (let n = 0; n < 5 && !client.closed; n++) {
    client.pause();
    await Bun.sleep(5 * gap);
    client.resume();
    await Bun.sleep(gap);
  }
}

function endingOf({ status, text }: { status: number; text: string }): string {
  if (status !== 200) return `status ${status}`;
  if (text.endsWith(DONE)) return "whole";
  return /"error":\{.*\}\}\n\n$/.test(text) ? "error event" : "silent end";
}

/** Keeps `streams` requests going for a time, then lets the last ones end. */
async function load(
  gateway: Gateway,
  options: SoakOptions,
  seconds: number,
  note: (ending: string) => void,
): Promise<void> {
  const deadline = performance.now() + seconds * 1000;
  const worker = async () => {
    while (performance.now() < deadline) note(await oneRequest(gateway, options.gap));
  };
  await Promise.all(Array.from({ length: options.streams }, worker));
}

/** Runs many streams through every kind of fault against a gateway process, and says what became of it. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const upstream = startFaultUpstream();
  const base_url = upstream.script("soak", anyBehaviour(options.gap));
  const gateway = await startGateway({
    config: {
      global_timeout: 2,
      global_retry: { max_attempts: 2, base_delay_ms: 10 },
      breaker: { enabled: false },
      server: { stall_timeout: 10 },
      providers: { soak: chatProvider(base_url) },
    },
  });
  const endings: Record<string, number> = {};
  const memory = options.measureMemory && CAN_READ_PROC ? { start: 0, end: 0, tenths: [] as number[] } : null;
  const clientsLeft = () => (CAN_READ_PROC ? openConnections(gateway.port) : 0);
  const settled = () => settle(() => upstream.busy() === 0 && clientsLeft() === 0);

  await load(gateway, options, options.warmUpSeconds, () => undefined);
  await settled();
  if (memory) memory.start = await restingMemory(gateway);
  const began = performance.now();
  const watch = setInterval(() => {
    const tenth = Math.min(9, Math.floor((performance.now() - began) / (options.seconds * 100)));
    if (memory) memory.tenths[tenth] = Math.max(memory.tenths[tenth] ?? 0, residentBytes(gateway.pid));
  }, 250);
  await load(gateway, options, options.seconds, (ending) => {
    endings[ending] = (endings[ending] ?? 0) + 1;
  });
  clearInterval(watch);
  await settled();
  if (memory) memory.end = await restingMemory(gateway);

  // Before the gateway is asked for its health, which is a connection too.
  const left = { upstreamsLeft: upstream.busy(), clientsLeft: clientsLeft() };
  const report = {
    endings,
    memory,
    ...left,
    isAlive: await isHealthy(gateway),
    recordsLost: await recordsLost(gateway),
    gatewayErrors: gateway.logs().filter((line) => line.error === "gateway_error"),
  };
  const exitCode = await gateway.stop();
  upstream.stop();
  return { ...report, exitCode };
}

/** Asks on a connection of its own, which is closed again and so not counted. */
async function isHealthy(gateway: Gateway): Promise<boolean> {
  return (await rawRequest(gateway.url, requestText("GET", "/health", {}))).status === 200;
}

async function recordsLost(gateway: Gateway): Promise<number> {
  const { text } = await rawRequest(gateway.url, requestText("GET", "/metrics", {}));
  return Number(/^amsterdam_records_lost_total (\d+)$/m.exec(text)?.[1]);
}

/** Waits until everything has come to an end, but not for ever: what has not is in the report. */
async function settle(isSettled: () => boolean): Promise<void> {
  await until("all is settled", isSettled, 30_000).catch(() => undefined);
}

/** Rest before memory is believed: the collector runs, and gives pages back, some ten seconds after the last work. */
const REST_SECONDS = 20;

/** The least memory that the process holds while it rests. */
async function restingMemory(gateway: Gateway): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let second = 0; second < REST_SECONDS; second++) {
    await isHealthy(gateway);
    least = Math.min(least, residentBytes(gateway.pid));
    await Bun.sleep(1000);
  }
  return least;
}
