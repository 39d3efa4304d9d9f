/**
 * First segments after `/v1/` that belong to the gateway's own doors or to providers' APIs that clients call there. A
 * provider of such a name could never be reached under `/v1/<provider>/…`, or would take a published path away.
 */
export const RESERVED_PROVIDER_NAMES: readonly string[] = [
  "assistants",
  "audio",
  "batches",
  "chat",
  "completions",
  "complete",
  "containers",
  "conversations",
  "edits",
  "embeddings",
  "engines",
  "evals",
  "experiments",
  "feedback",
  "files",
  "fine-tunes",
  "fine_tuning",
  "images",
  "messages",
  "models",
  "moderations",
  "organization",
  "organizations",
  "organisations",
  "prompts",
  "projects",
  "realtime",
  "rerank",
  "responses",
  "runs",
  "skills",
  "templates",
  "threads",
  "uploads",
  "usage",
  "vector_stores",
  "videos",
];

/** First segments of paths that an endpoint may not take. */
const RESERVED_FIRST_SEGMENTS: readonly string[] = ["health", "metrics", "admin", "ui", "openapi.json"];

/** Whether the gateway itself answers there: `/health` and below, `/metrics`, `/admin/…`, `/ui/…`, `/v1/feedback`. */
export function isReservedPath(path: string): boolean {
  const [first, second] = path.slice(1).split("/", 2);
  if (first === "v1" && second === "feedback") return true;
  return first !== undefined && RESERVED_FIRST_SEGMENTS.includes(first);
}

/**
 * Headers that the HTTP connection itself decides. Set by hand they break the message's framing or (`host`) send it
 * elsewhere; forwarded from one connection to the other they speak of the wrong one (RFC 9110, 7.6.1).
 */
export const CONNECTION_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
