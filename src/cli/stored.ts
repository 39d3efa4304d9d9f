import { parseArgs } from "node:util";
import { Refusal } from "../lib/refusal.ts";
import { type Storage, StorageError } from "../storage/interface.ts";

interface Output {
  write(text: string): unknown;
}

/** What a command on stored things needs from around it. */
export interface StoredIo {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Resolves when all that was written has been taken; rejects when nobody reads it any more. */
  readonly flushed?: () => Promise<void>;
  /** Characters of a line, where standard output is a terminal. */
  readonly columns?: number | undefined;
  readonly storageUrl: string;
  readonly openStorage: (url: string, cwd: string) => Promise<Storage>;
}

/** What ends the command with a message: 1 when it could not be done, 2 when it was called wrongly. */
export class CommandError extends Error {
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Runs a command; what it cannot do is told on standard error. Returns the exit code. */
export async function runStored(io: StoredIo, work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    if (!(error instanceof CommandError || error instanceof StorageError || error instanceof Refusal))
      throw error;
    io.stderr.write(`${error.message}\n`);
    return error instanceof CommandError ? error.exitCode : 1;
  }
}

/** Options of a command: texts by their names, and switches. */
type Options<Name extends string, Switch extends string> = Partial<Record<Name, string>> &
  Partial<Record<Switch | "json" | "help", boolean>>;

/** `names` begin options that take a text, `switches` those that take none; `--json` and `--help` are always there. */
export function parseOptions<Name extends string, Switch extends string = never>(
  command: string,
  argv: readonly string[],
  names: readonly Name[],
  switches: readonly Switch[] = [],
): { options: Options<Name, Switch>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
        ...Object.fromEntries(switches.map((name) => [name, { type: "boolean" as const }])),
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return { options: values as Options<Name, Switch>, positionals };
  } catch (error) {
    throw usage(command, error instanceof Error ? error.message : String(error));
  }
}

/** `command` is its name, whose help is pointed to. */
export function usage(command: string, message: string): CommandError {
  return new CommandError(2, `${message}\nSee: amsterdam ${command} --help`);
}

/** `things` are what is looked for, in the plural. */
export async function withStorage<T>(
  io: StoredIo,
  things: string,
  work: (storage: Storage) => Promise<T>,
): Promise<T> {
  if (io.storageUrl.toLowerCase() === "sqlite::memory:") {
    throw new CommandError(
      1,
      `storage.url is sqlite::memory:, so the stored ${things} live in the running gateway alone. Name a file instead.`,
    );
  }
  const storage = await io.openStorage(io.storageUrl, io.cwd);
  try {
    return await work(storage);
  } finally {
    await storage.close();
  }
}
