import type { Config } from "../config/schema.ts";
import { SealStash } from "../conversion/seals.ts";
import { LiveRouter } from "../routing/live-router.ts";
import { RouteDesk } from "../routing/route-desk.ts";
import { Upstreams } from "../upstream/upstream.ts";
import { CommandError, type StoredIo, usage, withStorage } from "./stored.ts";

/** What the commands on routes need from around them. */
export interface RoutesIo extends StoredIo {
  /** What comes in on standard input, whole. */
  readonly stdin: () => Promise<string>;
}

export const wrong = (message: string): CommandError => usage("routes", message);

export const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** `shown` is its name in messages. */
export async function readNamed(path: string, shown: string): Promise<string> {
  try {
    return await Bun.file(path).text();
  } catch (error) {
    throw new CommandError(1, `${shown} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

/** Work on the routes of a configuration and of its storage, as a gateway that starts now would have them. */
export function withDesk<T>(io: RoutesIo, config: Config, work: (desk: RouteDesk) => Promise<T>): Promise<T> {
  return withStorage(io, "routes", async (storage) => {
    const nothing = () => undefined;
    const routing = new LiveRouter(config, {
      storage,
      env: { ...io.env },
      cwd: io.cwd,
      // Nothing is sent there.
      demoUrl: "http://127.0.0.1:1",
      upstreams: new Upstreams(),
      stash: new SealStash(),
      logger: {
        debug: nothing,
        info: nothing,
        // Of stored routes that do not act, which are shown as such.
        warn: nothing,
        error: (message, fields) => io.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
      },
    });
    await routing.load();
    return await work(
      new RouteDesk({
        store: storage.routes,
        config: () => config,
        router: () => routing.current,
        upstreams: null,
      }),
    );
  });
}
