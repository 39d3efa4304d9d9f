import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MAIN = join(import.meta.dirname, "../../../node_modules/@sourcegraph/amp/dist/main.js");
/** Far more than a turn takes: one that is not over by then hangs. */
const PATIENCE_MS = 50_000;

/** A machine of a user: a home and a project folder of its own. */
export interface Machine {
  readonly home: string;
  readonly project: string;
  remove(): void;
}

export function makeMachine(): Machine {
  const home = mkdtempSync(join(tmpdir(), "amsterdam-amp-"));
  const project = join(home, "project");
  mkdirSync(project);
  writeFileSync(join(project, "note.txt"), "A note.\n");
  return { home, project, remove: () => rmSync(home, { recursive: true, force: true }) };
}

export interface Run {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs the real Amp CLI without a terminal and waits for its end. Rejects when it hangs. */
export async function runAmp(
  machine: Machine,
  gateway: { readonly url: string; readonly key: string },
  args: readonly string[],
): Promise<Run> {
  const started = performance.now();
  const child = Bun.spawn([Bun.which("node") ?? process.execPath, MAIN, ...args], {
    cwd: machine.project,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: machine.home,
      AMP_URL: gateway.url,
      AMP_API_KEY: gateway.key,
      AMP_SKIP_UPDATE_CHECK: "1",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const tooLate = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  clearTimeout(tooLate);
  if (child.signalCode !== null) throw new Error(`The Amp CLI did not end:\n${stdout}\n${stderr}`);
  return { exitCode, stdout, stderr, ms: performance.now() - started };
}

/** The lines of `--stream-json`. */
export function streamedLines(run: Run): Record<string, unknown>[] {
  return run.stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
