/** The Amp client's own calls. */
export type AmpService =
  | "user"
  | "connections"
  | "threads"
  | "threads-sync"
  | "internal"
  | "telemetry"
  | "errors";

interface ServiceEntry {
  readonly service: AmpService;
  readonly method: "GET" | "POST";
  /** The door's name: the path, with a placeholder where it names a thread. */
  readonly name: string;
}

/** What is below a path of threads, beside `sync`: `find`, `<id>` or `<id>.md`; nothing for all of them. */
export const THREADS_PATH = "/api/threads";

const entry = (service: AmpService, method: "GET" | "POST", name: string): [string, ServiceEntry] => [
  name,
  { service, method, name },
];

const SERVICES: ReadonlyMap<string, ServiceEntry> = new Map([
  entry("user", "GET", "/api/user"),
  entry("connections", "GET", "/api/connections"),
  entry("threads", "GET", THREADS_PATH),
  entry("threads", "GET", `${THREADS_PATH}/find`),
  entry("threads-sync", "POST", `${THREADS_PATH}/sync`),
  entry("internal", "POST", "/api/internal"),
  entry("telemetry", "POST", "/api/telemetry"),
  entry("errors", "POST", "/api/errors"),
]);

const ONE_THREAD: ServiceEntry = { service: "threads", method: "GET", name: `${THREADS_PATH}/{id}` };

/** The client's call that a path is, or null when it is none. */
export function ampServiceOf(path: string): ServiceEntry | null {
  const known = SERVICES.get(path);
  if (known !== undefined) return known;
  const isThread = path.startsWith(`${THREADS_PATH}/`) && path.indexOf("/", THREADS_PATH.length + 1) < 0;
  return isThread ? ONE_THREAD : null;
}
