import { type FSWatcher, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ConfigResult } from "./load.ts";
import { makeProblem, type Problem } from "./problems.ts";
import type { Config } from "./schema.ts";

/** Milliseconds of quiet after a change before the file is read: editors write in several steps. */
const QUIET = 100;
/** Milliseconds between looks at the file's status, for file systems that report no changes (network, some mounts). */
const POLL = 1000;

export interface WatchOptions {
  /** Absolute path of the file that was loaded. */
  readonly file: string;
  /** The configuration in force now. */
  readonly current: Config;
  /** Finds, reads and checks the configuration again; one from another file than `file` is refused. */
  readonly load: () => ConfigResult;
  /** A valid configuration that differs from the one in force, or that ends a time of refusals. */
  readonly onChange: (config: Config, warnings: readonly Problem[]) => void;
  /** The file is invalid, unreadable or gone; the configuration in force stays. */
  readonly onRefused: (problems: readonly Problem[]) => void;
  /** Ends the watching. */
  readonly signal: AbortSignal;
}

export interface ConfigWatcher {
  /** Reads the file now, changed or not, as SIGHUP asks; also finds variables that changed in the environment. */
  reload(): void;
}

/**
 * Watches a configuration file: written in place, replaced by rename (editors), or reached through a symbolic link that
 * is exchanged (Kubernetes). A file with the same content is not read as a change. A file that disappears is said once,
 * and read again when it is back.
 */
export function watchConfig(options: WatchOptions): ConfigWatcher {
  const watcher = new FileWatcher(options);
  void watcher.start();
  return { reload: () => watcher.apply() };
}

class FileWatcher {
  readonly #options: WatchOptions;
  #config: Config;
  #refused = false;
  /** Of the last look: status first, since it is cheap, then content. Undefined: not looked yet; null: no file. */
  #status: string | null | undefined;
  #content: Buffer | null | undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#config = options.current;
  }

  async start(): Promise<void> {
    const { signal } = this.#options;
    if (signal.aborted) return;
    const poll = setInterval(() => void this.#look(), POLL);
    poll.unref();
    const events = this.#watchFolder();
    signal.addEventListener("abort", () => {
      clearInterval(poll);
      clearTimeout(this.#timer);
      events?.close();
    });
    await this.#look();
  }

  /** The folder, not the file: a watch on the file stays with the old one when another is renamed into its place. */
  #watchFolder(): FSWatcher | undefined {
    const name = basename(this.#options.file);
    try {
      const events = watch(dirname(this.#options.file), { persistent: false }, (_, changed) => {
        if (changed === null || changed === name || changed.startsWith("..")) this.#lookSoon();
      });
      events.on("error", () => events.close());
      return events;
    } catch {
      // No folder, or no watches left on this system: looking every second is enough.
      return undefined;
    }
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), QUIET);
  }

  /** One look at a time; a change during a look is looked at afterwards. */
  async #look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      do {
        this.#lookAgain = false;
        await this.#compare();
      } while (this.#lookAgain);
    } finally {
      this.#looking = false;
    }
  }

  /** The first look applies too: the file may have changed since it was loaded. */
  async #compare(): Promise<void> {
    let status = await statusOf(this.#options.file);
    if (status === this.#status) return;
    if (status === null) {
      // Some editors delete and write anew: only a file that stays away is gone.
      await Bun.sleep(QUIET);
      status = await statusOf(this.#options.file);
    }
    const content = status === null ? null : await readFile(this.#options.file).catch(() => null);
    const same = content !== null && this.#content != null && content.equals(this.#content);
    this.#status = status;
    this.#content = content;
    if (!same && !this.#options.signal.aborted) this.apply();
  }

  apply(): void {
    const result = this.#options.load();
    // When the file is gone, a search may find another one, or none and be content with the defaults.
    if (result.ok && result.file !== this.#options.file) {
      const gone = { message: "the file is gone; the configuration that was read from it stays" };
      this.#refuse([makeProblem({ file: this.#options.file }, gone)]);
    } else if (!result.ok) {
      this.#refuse(result.problems);
    } else {
      const changed = this.#refused || !isDeepStrictEqual(result.config, this.#config);
      this.#refused = false;
      this.#config = result.config;
      if (changed) this.#options.onChange(result.config, result.warnings);
    }
  }

  #refuse(problems: readonly Problem[]): void {
    this.#refused = true;
    this.#options.onRefused(problems);
  }
}

/** Changes whenever the file does; null when there is none, or none that can be looked at. */
async function statusOf(file: string): Promise<string | null> {
  const stats = await stat(file).catch(() => null);
  return stats && `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}`;
}
