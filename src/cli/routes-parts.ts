import type { Config } from "../config/schema.ts";
import { RouteDesk } from "../routing/route-desk.ts";
import { CommandError, type StoredIo, usage, withStorage } from "./stored.ts";
import { storedRouting } from "./stored-routing.ts";

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
    const routing = await storedRouting(io, config, storage);
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
