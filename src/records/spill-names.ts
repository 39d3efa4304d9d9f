import { readFile } from "node:fs/promises";

/** Microseconds at which it was made, process id, a random part, kind. Names sort by age. */
const NAME = /^(\d+)-(\d+)-([0-9a-f]+)\.(\w+)$/;
/** Linux tells starts of processes in hundredths of a second, whatever its own clock has. */
const TICKS_PER_SECOND = 100;
/** The clock may have been set between a process's start and its file. */
const CLOCK_TOLERANCE_MS = 10_000;

/** Names of files that one process makes. */
export class SpillNames {
  readonly #ending: string;
  readonly #owner =
    `${process.pid}-${Buffer.from(crypto.getRandomValues(new Uint8Array(6))).toString("hex")}`;
  #last = 0;

  constructor(kind: string) {
    this.#ending = `.${kind}`;
  }

  /** A new one, behind all others. */
  next(): string {
    this.#last = Math.max(Date.now() * 1000, this.#last + 1);
    return `${String(this.#last).padStart(17, "0")}-${this.#owner}${this.#ending}`;
  }

  /** Whether the file is of this kind and its process has ended. */
  async isOrphan(name: string): Promise<boolean> {
    const [, made, pid] = NAME.exec(name) ?? [];
    if (pid === undefined || !name.endsWith(this.#ending) || name.includes(this.#owner)) return false;
    return !(await isRunning(Number(pid), Number(made) / 1000));
  }
}

/** Whether the process of this id that made a file at `madeAt` runs. In a container, the one before had our own id. */
async function isRunning(pid: number, madeAt: number): Promise<boolean> {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  // After a restart of the machine, another program often has the id.
  const startedAt = await startOf(pid);
  return startedAt === null || startedAt <= madeAt + CLOCK_TOLERANCE_MS;
}

/** Unix milliseconds at which a process began; null where the system does not tell. */
async function startOf(pid: number): Promise<number | null> {
  try {
    const [process, system] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "utf8"),
      readFile("/proc/stat", "utf8"),
    ]);
    // Its name stands in parentheses and may hold anything; the start is the 20th field behind it.
    const ticks = Number(process.slice(process.lastIndexOf(")") + 2).split(" ")[19]);
    const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1]);
    const startedAt = (bootSeconds + ticks / TICKS_PER_SECOND) * 1000;
    return Number.isFinite(startedAt) ? startedAt : null;
  } catch {
    return null;
  }
}
