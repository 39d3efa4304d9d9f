import { json } from "./faults.ts";
import { type Behaviour, type Exchange, type RawServer, startRawServer } from "./raw-server.ts";
import { until } from "./until.ts";

export interface FaultUpstream extends RawServer {
  /** Has requests whose path begins with `/<name>` answered so from now on, and returns the base URL for it. */
  script(name: string, behaviour: Behaviour): string;
  /** What has come for a script, in order. */
  received(name: string): Exchange[];
  /** The script's request number `index`, waited for. */
  request(name: string, index?: number): Promise<Exchange>;
}

/** An upstream whose first path segment chooses its behaviour; it keeps every request that it got. */
export function startFaultUpstream(): FaultUpstream {
  const scripts = new Map<string, Behaviour>();
  const seen = new Map<string, Exchange[]>();
  const received = (name: string) => seen.get(name) ?? [];
  const server = startRawServer((exchange) => {
    const name = exchange.target.split(/[/?]/)[1] ?? "";
    seen.set(name, [...received(name), exchange]);
    const behaviour = scripts.get(name) ?? json({ error: { message: `no script ${name}` } }, 404);
    return behaviour(exchange);
  });
  return {
    ...server,
    script(name, behaviour) {
      scripts.set(name, behaviour);
      return `${server.url}/${name}`;
    },
    received,
    request: (name, index = 0) => until(`request ${index} of ${name} arrives`, () => received(name)[index]),
  };
}
