import type { Config } from "../config/schema.ts";
import { SealStash } from "../conversion/seals.ts";
import { LiveRouter } from "../routing/live-router.ts";
import type { Storage } from "../storage/interface.ts";
import { Upstreams } from "../upstream/upstream.ts";
import type { StoredIo } from "./stored.ts";

/** The routes of a configuration and of its storage, as a gateway that starts now, in this environment, would have them. */
export async function storedRouting(io: StoredIo, config: Config, storage: Storage): Promise<LiveRouter> {
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
  return routing;
}
