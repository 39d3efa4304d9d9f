import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Subprocess } from "bun";
import type { Contender, Door } from "./contenders.ts";
import { findTool, RUN_FOLDER, SCRATCH } from "./places.ts";
import { CORES, freePort, run, start } from "./processes.ts";

export interface Runtimes {
  bun: string;
  node: string;
  nginx: string;
}

export interface Serving {
  contender: Contender;
  child: Subprocess;
  origin: string;
  doors: Door[];
  /** Milliseconds from the start of the process to its first successful health answer. */
  startMs: number;
}

const HEALTH_LIMIT_MS = 30_000;

export function installedRuntimes(): Runtimes {
  return { bun: process.execPath, node: findTool("node") ?? "node", nginx: findTool("nginx") ?? "nginx" };
}

/** Starts a contender and waits until it answers its health page. */
export async function serve(
  contender: Contender,
  upstreamPort: number,
  options: { cores: string; runtimes: Runtimes; runtimeArgs?: string[] },
): Promise<Serving> {
  const folder = join(RUN_FOLDER, contender.name);
  mkdirSync(folder, { recursive: true });
  const port = freePort();
  const launch = contender.prepare({
    folder,
    port,
    upstreamPort,
    runtimeArgs: options.runtimeArgs ?? [],
    ...options.runtimes,
  });
  const outputFile = join(folder, "output.txt");
  const startedAt = performance.now();
  const child = start(launch.command, { cores: options.cores, cwd: folder, env: launch.env, outputFile });
  const origin = `http://127.0.0.1:${port}`;
  await healthy(
    `${origin}${contender.healthPath}`,
    child,
    `${contender.label} (its output is in ${outputFile})`,
  );
  return {
    contender,
    child,
    origin,
    doors: contender.doors(upstreamPort),
    startMs: performance.now() - startedAt,
  };
}

async function healthy(url: string, child: Subprocess, name: string): Promise<void> {
  const deadline = performance.now() + HEALTH_LIMIT_MS;
  while (performance.now() < deadline) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it served`);
    if (await answersOk(url)) return;
    await Bun.sleep(1);
  }
  throw new Error(`${name} did not answer ${url} within ${HEALTH_LIMIT_MS / 1000} s`);
}

/** A refused connection is the expected answer of a process that is still starting. */
async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { keepalive: false });
    await response.bytes();
    return response.ok;
  } catch {
    return false;
  }
}

/** Starts the mock upstream on its core. */
export async function serveUpstream(): Promise<{ child: Subprocess; port: number }> {
  const child = start([process.execPath, join(import.meta.dir, "mock-upstream.ts")], {
    cores: CORES.upstream,
  });
  if (!(child.stdout instanceof ReadableStream))
    throw new Error("the mock upstream has no output to read its port from");
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream()))
    return { child, port: Number(text) };
  throw new Error("the mock upstream ended before it served");
}

/** A start with nothing of it in memory: needs root, since it empties the machine's file cache. */
export async function serveCold(
  contender: Contender,
  upstreamPort: number,
  copies: Runtimes,
): Promise<Serving> {
  await run(["sh", "-c", "sync && echo 3 > /proc/sys/vm/drop_caches"], { cores: CORES.all });
  return serve(contender, upstreamPort, { cores: CORES.all, runtimes: copies });
}

/**
 * Copies of the runtimes: the benchmark itself runs on Bun (and under Node), and the kernel keeps the files of running
 * programs in memory, whatever is asked of it.
 */
export async function copiedRuntimes(): Promise<Runtimes> {
  const folder = join(SCRATCH, "runtimes");
  mkdirSync(folder, { recursive: true });
  const { bun, node, nginx } = installedRuntimes();
  await run(["cp", "--dereference", bun, join(folder, "bun")], { cores: CORES.all });
  if (findTool("node")) await run(["cp", "--dereference", node, join(folder, "node")], { cores: CORES.all });
  return { bun: join(folder, "bun"), node: join(folder, "node"), nginx };
}
