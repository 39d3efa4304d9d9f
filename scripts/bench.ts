/**
 * The benchmark: this gateway beside nginx and Portkey's gateway, as docs/performance.md explains.
 *
 *   npm run bench -- [--rounds N] [--quick] [--only gateway,recording,nginx,portkey] [--json FILE] [--profile]
 *
 * A full run writes its table into docs/performance.md; --quick and --only print it alone.
 */
import { accessSync, constants, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { CONTENDERS, type Contender } from "../bench/contenders.ts";
import { takeTurn } from "../bench/lock.ts";
import { describeMachine } from "../bench/machine.ts";
import { measureRound, measureStart, type Plan } from "../bench/measure.ts";
import { RUN_FOLDER } from "../bench/places.ts";
import { installPortkey, installTools } from "../bench/prerequisites.ts";
import { CORES, run, stopAll } from "../bench/processes.ts";
import { profile } from "../bench/profile.ts";
import { betweenMarkers, type Column, conversionTable, directLine, table, targets } from "../bench/report.ts";
import { Samples } from "../bench/samples.ts";
import { serveUpstream } from "../bench/serving.ts";

const PAGE = join(import.meta.dir, "..", "docs", "performance.md");
const FULL_SECONDS = { warmUp: 2, json: 5, large: 3, latency: 3 };
const QUICK_SECONDS = { warmUp: 1, json: 2, large: 1, latency: 1 };

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string" },
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    json: { type: "string" },
    profile: { type: "boolean", default: false },
  },
});

async function main(): Promise<void> {
  const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds takes a whole number from 1, not "${options.rounds}"`);
  const chosen = chooseContenders();
  const problems = await installTools();
  if (availableParallelism() < 2) problems.push("It needs two cores: one for the proxy, one for the load.");
  if (problems.length > 0) throw new Error(problems.join("\n"));
  takeTurn();
  const contenders = await withoutUnavailable(chosen);
  rmSync(RUN_FOLDER, { recursive: true, force: true });
  const machine = describeMachine(
    ["npm run bench", process.argv.slice(2).join(" ")].filter(Boolean).join(" -- "),
    rounds,
  );
  await run(["taskset", "-acp", CORES.load, String(process.pid)], { cores: CORES.load });
  const upstream = await serveUpstream();
  if (options.profile) {
    const files = await profile(
      CONTENDERS.find(({ name }) => name === "gateway")!,
      upstream.port,
      options.quick ? 5 : 15,
    );
    console.log(files.join("\n"));
    return;
  }
  const samples = new Samples();
  const plan: Plan = {
    contenders,
    upstreamPort: upstream.port,
    samples,
    seconds: options.quick ? QUICK_SECONDS : FULL_SECONDS,
    say,
  };
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    await measureRound(plan, round);
  }
  await measureStart(plan, rounds, mayEmptyFileCache());
  report(samples, contenders, upstream.port, machine);
}

function chooseContenders(): Contender[] {
  if (options.only === undefined) return CONTENDERS;
  const names = options.only.split(",");
  const unknown = names.filter((name) => !CONTENDERS.some((contender) => contender.name === name));
  if (unknown.length > 0)
    throw new Error(
      `--only knows ${CONTENDERS.map(({ name }) => name).join(", ")}, not ${unknown.join(", ")}`,
    );
  return CONTENDERS.filter(({ name }) => names.includes(name));
}

async function withoutUnavailable(contenders: Contender[]): Promise<Contender[]> {
  if (!contenders.some(({ name }) => name === "portkey")) return contenders;
  const reason = await installPortkey();
  if (reason === undefined) return contenders;
  console.error(reason);
  return contenders.filter(({ name }) => name !== "portkey");
}

function mayEmptyFileCache(): boolean {
  try {
    accessSync("/proc/sys/vm/drop_caches", constants.W_OK);
    return true;
  } catch {
    console.error("Cold start-up is left out: it needs root, to empty the file cache.");
    return false;
  }
}

function report(samples: Samples, contenders: Contender[], upstreamPort: number, machine: string): void {
  const columns: Column[] = contenders.flatMap((one) =>
    one.doors(upstreamPort).map(({ name, label }) => ({ door: name, label })),
  );
  const text = [
    machine,
    table(samples, columns),
    directLine(samples),
    conversionTable(samples),
    targets(samples)
      .map((line) => `- ${line}`)
      .join("\n"),
  ];
  const section = text.filter((part) => part !== "").join("\n\n");
  console.log(`\n${section}`);
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, samples }, null, 2)}\n`);
  if (options.quick || options.only !== undefined) return;
  writeFileSync(PAGE, betweenMarkers(readFileSync(PAGE, "utf8"), section));
  console.error(`Written to ${PAGE}.`);
}

function say(text: string): void {
  console.error(`[bench] ${text}`);
}

let stopping = false;
async function end(code: number): Promise<void> {
  stopping = true;
  await stopAll();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void end(130));

try {
  await main();
  await end(0);
} catch (error) {
  // Once a signal has stopped the children, the measurement that ran on them fails; that is no news.
  if (!stopping) {
    console.error((error as Error).message);
    await end(1);
  }
}
