import { join } from "node:path";
import { type Contender, type Door, directDoor } from "./contenders.ts";
import { PAIRS, streamedRequest } from "./conversions.ts";
import { cpuMicroseconds, residentBytes } from "./cpu.ts";
import { chatBody, loadJson } from "./load-json.ts";
import type { StreamLoad, StreamResult } from "./load-sse.ts";
import { CORES, run, start, stop } from "./processes.ts";
import type { Samples } from "./samples.ts";
import { copiedRuntimes, installedRuntimes, type Serving, serve, serveCold } from "./serving.ts";

export interface Plan {
  contenders: Contender[];
  upstreamPort: number;
  samples: Samples;
  seconds: { warmUp: number; json: number; large: number; latency: number };
  say(text: string): void;
}

/** A door of a contender that is running. `pid` is missing for the upstream itself. */
interface Lane {
  origin: string;
  door: Door;
  pid: number | undefined;
  /** Whether it keeps records. */
  records: boolean;
}

const SMALL = 1024;
const LARGE = 200 * 1024;
const STREAMS = 50;
const CHUNKS = 200;
const OPEN_STREAMS = 1000;
const WARM_UP_BURSTS = 10;
/** Work that a proxy puts off (log lines, records) is done by then, so it is counted with the load that caused it. */
const SETTLE_MS = 300;
const MAX_STORING_MS = 120_000;

/**
 * One round: every contender is started anew and all of them stay up, while each measurement goes through the
 * contenders in turn. What the machine does meanwhile so falls on all of them alike. The turn moves on by one from
 * round to round, so that none is always first.
 */
export async function measureRound(plan: Plan, round: number): Promise<void> {
  const serving: Serving[] = [];
  try {
    for (const contender of plan.contenders) {
      serving.push(
        await serve(contender, plan.upstreamPort, { cores: CORES.proxy, runtimes: installedRuntimes() }),
      );
    }
    await Bun.sleep(SETTLE_MS);
    const lanes = serving.flatMap(lanesOf);
    const turn = [...lanes.slice(round % lanes.length), ...lanes.slice(0, round % lanes.length)];
    for (const one of serving) plan.samples.add(firstDoor(one).name, "memory_idle_mb", megabytes(one));
    await measureJson(plan, turn);
    await measureLatency(plan, [directLane(plan), ...turn]);
    await measureStreams(plan, [directLane(plan), ...turn]);
    await measureConversions(plan, lanes);
    await measureOpenStreams(plan, serving);
  } finally {
    for (const one of serving) await stop(one.child);
  }
}

function lanesOf({ origin, doors, child, contender }: Serving): Lane[] {
  return doors.map((door) => ({ origin, door, pid: child.pid, records: contender.records === true }));
}

function directLane(plan: Plan): Lane {
  return {
    origin: `http://127.0.0.1:${plan.upstreamPort}`,
    door: directDoor,
    pid: undefined,
    records: false,
  };
}

function firstDoor(serving: Serving): Door {
  return serving.doors[0]!;
}

function megabytes(serving: Serving): number {
  return residentBytes(serving.child.pid) / 1024 / 1024;
}

async function measureJson({ samples, seconds, say }: Plan, lanes: Lane[]): Promise<void> {
  for (const lane of lanes) {
    say(`warm-up, ${lane.door.name}`);
    await warmUp(lane, seconds.warmUp);
    await allStored(lane);
  }
  for (const [bodyBytes, duration, size] of [
    [SMALL, seconds.json, "1k"],
    [LARGE, seconds.large, "200k"],
  ] as const) {
    for (const lane of lanes) {
      const { origin, door, pid } = lane;
      say(`requests with ${size} bodies, ${door.name}`);
      const before = cpuMicroseconds(pid!);
      const result = await loadJson(origin, door, {
        connections: 32,
        seconds: duration,
        pauseMs: 0,
        bodyBytes,
      });
      await Bun.sleep(SETTLE_MS);
      const cpu = cpuMicroseconds(pid!) - before;
      samples.add(door.name, `request_cpu_us_${size}`, cpu / result.requests);
      samples.add(door.name, `requests_per_second_${size}`, result.requests / result.seconds);
      samples.add(door.name, `core_busy_percent_${size}`, (100 * cpu) / (result.seconds * 1e6));
      if (!lane.records) continue;
      await allStored(lane);
      const later = cpuMicroseconds(pid!) - before - cpu;
      samples.add(door.name, `storing_cpu_us_${size}`, later / result.requests);
    }
  }
}

/** Compilers take their time, on one core above all: load comes in bursts until one is hardly faster than the last. */
async function warmUp({ origin, door }: Lane, seconds: number): Promise<void> {
  let fastest = 0;
  for (let burst = 0; burst < WARM_UP_BURSTS; burst++) {
    const { requests } = await loadJson(origin, door, {
      connections: 32,
      seconds,
      pauseMs: 0,
      bodyBytes: SMALL,
    });
    if (requests < fastest * 1.05) return;
    fastest = requests;
  }
}

/** Under load the gateway puts the storing of records off. It is waited for, so that it is nobody else's load. */
async function allStored({ origin, records }: Lane): Promise<void> {
  if (!records) return;
  const deadline = performance.now() + MAX_STORING_MS;
  for (;;) {
    const metrics = await (await fetch(`${origin}/metrics`)).text();
    if (/^amsterdam_records_waiting_bytes 0$/m.test(metrics)) break;
    if (performance.now() > deadline) throw new Error("the records were not stored in time");
    await Bun.sleep(SETTLE_MS);
  }
  await Bun.sleep(SETTLE_MS);
}

/** The first lane is the upstream itself; what the others take more than it, in the same round, is what they add. */
async function measureLatency({ samples, seconds, say }: Plan, lanes: Lane[]): Promise<void> {
  for (const [connections, pauseMs] of [
    [1, 0],
    [10, 10],
  ] as const) {
    let direct = { p50: 0, p99: 0 };
    for (const lane of lanes) {
      const { origin, door, pid } = lane;
      say(`latency at ${connections} connections, ${door.name}`);
      const result = await loadJson(origin, door, {
        connections,
        seconds: seconds.latency,
        pauseMs,
        bodyBytes: SMALL,
      });
      if (pid === undefined) direct = result;
      for (const share of ["p50", "p99"] as const) {
        samples.add(door.name, `latency_us_${connections}_${share}`, result[share]);
        if (pid !== undefined)
          samples.add(door.name, `added_us_${connections}_${share}`, result[share] - direct[share]);
      }
      await allStored(lane);
    }
  }
}

async function measureStreams({ samples, say }: Plan, lanes: Lane[]): Promise<void> {
  for (const { origin, door, pid } of lanes) {
    say(`streams, ${door.name}`);
    const load = streamLoad(origin, door, { streams: STREAMS, hold: false, betweenStartsMs: 10 });
    // Once to warm up, since streams take other paths through a proxy than whole answers.
    await run(streamClient(load), { cores: CORES.load });
    await Bun.sleep(SETTLE_MS);
    const before = pid === undefined ? 0 : cpuMicroseconds(pid);
    const result = JSON.parse(await run(streamClient(load), { cores: CORES.load })) as StreamResult;
    if (result.events !== STREAMS * CHUNKS) {
      throw new Error(`${door.name} delivered ${result.events} of ${STREAMS * CHUNKS} events`);
    }
    await Bun.sleep(SETTLE_MS);
    samples.add(door.name, "first_chunk_us_p50", result.firstEventP50 * 1000);
    if (pid !== undefined)
      samples.add(door.name, "chunk_cpu_us", (cpuMicroseconds(pid) - before) / result.events);
  }
}

/** Streams of every pair of formats through the gateway. The cost is divided by the events that the provider sent. */
async function measureConversions({ samples, say }: Plan, lanes: Lane[]): Promise<void> {
  const lane = lanes.find(({ door }) => door.name === "gateway");
  if (lane?.pid === undefined) return;
  for (const pair of PAIRS) {
    say(`streams, ${pair.client} to ${pair.target}`);
    const { path, body } = streamedRequest(pair, CHUNKS);
    const shape = { streams: STREAMS, hold: false, betweenStartsMs: 10 };
    const load = { url: lane.origin + path, headers: lane.door.headers, body, ...shape };
    await run(streamClient(load), { cores: CORES.load });
    await Bun.sleep(SETTLE_MS);
    const before = cpuMicroseconds(lane.pid);
    const result = JSON.parse(await run(streamClient(load), { cores: CORES.load })) as StreamResult;
    // Each format frames the same texts with a few events of its own.
    if (result.events < STREAMS * CHUNKS) {
      throw new Error(
        `${pair.client} to ${pair.target} delivered ${result.events} of ${STREAMS * CHUNKS} events`,
      );
    }
    await Bun.sleep(SETTLE_MS);
    samples.add(lane.door.name, pair.metric, (cpuMicroseconds(lane.pid) - before) / (STREAMS * CHUNKS));
  }
}

/** Memory while many streams are open, each with an event a second. */
async function measureOpenStreams({ samples, say }: Plan, serving: Serving[]): Promise<void> {
  for (const one of serving) {
    say(`${OPEN_STREAMS} open streams, ${one.contender.name}`);
    const load = streamLoad(one.origin, firstDoor(one), {
      streams: OPEN_STREAMS,
      hold: true,
      betweenStartsMs: 2,
    });
    const client = start(streamClient(load), { cores: CORES.load, stdin: "pipe" });
    if (!(client.stdout instanceof ReadableStream))
      throw new Error("the stream client has no output to read");
    const { value } = await client.stdout.getReader().read();
    if (value === undefined) throw new Error(`${one.contender.name} did not open ${OPEN_STREAMS} streams`);
    await Bun.sleep(SETTLE_MS);
    samples.add(firstDoor(one).name, "memory_streams_mb", megabytes(one));
    await stop(client);
  }
}

function streamLoad(
  origin: string,
  door: Door,
  shape: Omit<StreamLoad, "url" | "headers" | "body">,
): StreamLoad {
  const model = `${door.modelPrefix}${shape.hold ? "slow" : "m"}`;
  const body = chatBody(door, SMALL, { model, stream: true, max_tokens: CHUNKS });
  return { url: origin + door.path, headers: door.headers, body, ...shape };
}

function streamClient(load: StreamLoad): string[] {
  return [process.execPath, join(import.meta.dir, "load-sse.ts"), JSON.stringify(load)];
}

/**
 * Start-up, on all cores as in real life: once with nothing in memory where this process may empty the file cache,
 * then with everything in memory.
 */
export async function measureStart(plan: Plan, rounds: number, cold: boolean): Promise<void> {
  const { contenders, upstreamPort, samples, say } = plan;
  const copies = cold ? await copiedRuntimes() : undefined;
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      say(`start-up, ${contender.name}`);
      const starts = [];
      if (copies !== undefined)
        starts.push(["start_cold_ms", () => serveCold(contender, upstreamPort, copies)] as const);
      const options = { cores: CORES.all, runtimes: copies ?? installedRuntimes() };
      starts.push(["start_warm_ms", () => serve(contender, upstreamPort, options)] as const);
      for (const [metric, begin] of starts) {
        const serving = await begin();
        samples.add(firstDoor(serving).name, metric, serving.startMs);
        await stop(serving.child);
      }
    }
  }
}
