import { z } from "zod";
import { STORAGE_URL_FORMS, storageUrlFault } from "../lib/database-url.ts";
import { COLLECTOR_URL, isCollectorUrl } from "./collector-url.ts";
import { isListenAddress } from "./host.ts";
import { modelSchema, routeSchema } from "./route-schema.ts";

/**
 * The configuration file, whole. This definition is the only one: validation, the TypeScript types, the JSON Schema
 * for editors, the file that `amsterdam init` writes and the table in README.md are all made from it. Key names are
 * those of the file; an AMP Server's `proxy_config.yaml` (`global_timeout`, `global_retry`, `endpoints`) is valid as it
 * is. A message given to a rule is the `expected` of the problem that a reader sees.
 */

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;
export const RESPONSE_TYPES = ["json", "sse", "stream", "html"] as const;
const CAPTURES = ["full", "metadata", "none"] as const;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "off"] as const;
const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;

const seconds = (max: number) => z.number().positive().max(max);
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header name (letters, digits and hyphens)");
const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header value without line breaks or control characters");
const httpUrl = z.url({ protocol: /^https?$/, hostname: /^.+$/, error: "an http or https URL" });

const retry = z
  .strictObject({
    max_attempts: z.int().min(1).max(10).default(3).describe("Tries in total, the first included."),
    base_delay_ms: z.int().min(1).max(60_000).default(100).describe("Upper bound of the first wait."),
    max_delay_ms: z.int().min(1).max(600_000).default(10_000).describe("Upper bound of every wait."),
    backoff_multiplier: z.number().min(1).max(10).default(2).describe("Growth of the bound from try to try."),
  })
  .refine((value) => value.max_delay_ms >= value.base_delay_ms, {
    path: ["max_delay_ms"],
    error: "at least base_delay_ms",
  });

const breaker = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether failing upstreams are left alone for a while."),
  failure_share: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe("Share of failed calls that opens the breaker."),
  window: seconds(3600).default(30).describe("Seconds over which calls are counted."),
  minimum_calls: z
    .int()
    .min(1)
    .max(100_000)
    .default(10)
    .describe("Calls in the window before the share counts."),
  open: seconds(3600).default(15).describe("Seconds an open breaker refuses calls before it tries one."),
});

const timeouts = {
  timeout: seconds(3600)
    .optional()
    .describe("Seconds to the first byte of the response, and of every silence after it."),
  connect_timeout: seconds(600).optional().describe("Seconds to an open connection, TLS included."),
  total_timeout: seconds(86_400).optional().describe("Seconds for the whole exchange, retries included."),
};

const endpoint = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^?#\s]*$/, 'a path that starts with "/"')
    .describe("Exact path, or with wildcards: `*`, `{*rest}`, `{name}`."),
  target_url: z
    .string()
    .describe(
      "http or https URL; `{name}`, `{*rest}` and `*` are filled from the path; without them, the rest of a wildcard path is appended.",
    ),
  fallback_urls: z
    .array(z.string())
    .default([])
    .describe("Tried in order when target_url fails before its first output."),
  method: z
    .string()
    .toUpperCase()
    .pipe(z.enum(METHODS))
    .default("POST")
    .describe("HTTP method, in upper or lower case."),
  response_type: z
    .enum(RESPONSE_TYPES)
    .default("json")
    .describe("json: whole; sse: event by event; stream: byte by byte; html: whole."),
  enabled: z.boolean().default(true).describe("false: requests to it are answered with 404."),
  format: z
    .enum(FORMATS)
    .optional()
    .describe(
      "API format of the target, to which other clients' calls are converted; default: the one that its URL's path is of.",
    ),
  custom_headers: z
    .record(headerName, headerValue)
    .default({})
    .describe("Set on the request to the target; values may read the environment."),
  forward_request_headers: z.array(headerName).optional().describe("Client headers passed to the target."),
  forward_response_headers: z.array(headerName).optional().describe("Target headers passed to the client."),
  ...timeouts,
  retry: retry.optional().describe("In place of global_retry."),
});

const provider = z.strictObject({
  enabled: z.boolean().optional().describe("Default: whether a key is known, or a base_url was given."),
  base_url: httpUrl.optional().describe("Where the API is; its last segment may be the version (`/v1`)."),
  api_key: z.string().min(1).optional().describe("Default: the provider's own environment variable."),
  api_keys: z.array(z.string().min(1)).min(1).optional().describe("Several keys, taken in turn."),
  formats: z.array(z.enum(FORMATS)).min(1).optional().describe("API formats it speaks."),
  format: z
    .enum(FORMATS)
    .optional()
    .describe("The one of its formats that calls in other formats are converted to."),
  completions: z
    .array(z.string().min(1))
    .optional()
    .describe("Models that it serves at the legacy /completions; the others' completions are made chats."),
  stream_usage: z
    .boolean()
    .optional()
    .describe(
      "Whether streams of Chat and of legacy completions are asked for their usage; clients that did not ask do not see it. Default: at providers that document it.",
    ),
  models: z
    .array(z.string().min(1))
    .optional()
    .describe("Bare model names that go here; a trailing `*` matches any ending."),
  custom_headers: z
    .record(headerName, headerValue)
    .default({})
    .describe("Set on every request to it; values may read the environment."),
  forward_request_headers: z.array(headerName).default([]).describe("Passed on beside the built-in list."),
  forward_response_headers: z.array(headerName).default([]).describe("Passed back beside the built-in list."),
  ...timeouts,
  retry: retry.optional().describe("In place of global_retry."),
  breaker: breaker.optional().describe("In place of the breaker above."),
});

const conversion = z.strictObject({
  strict: z
    .boolean()
    .default(false)
    .describe("Whether a request that loses anything on its way into another format is refused."),
  rules: z
    .array(
      z.strictObject({
        door: z
          .string()
          .regex(/^\//, 'a path that starts with "/"')
          .optional()
          .describe("Path that was called, wildcards allowed."),
        from: z.enum(FORMATS).optional().describe("Format of the call."),
        models: z.array(z.string().min(1)).optional().describe("Models; `*` at either end matches anything."),
        providers: z.array(z.string().min(1)).optional().describe("Providers."),
        to: z.enum(FORMATS).describe("Format that it is converted to, where the target speaks it."),
      }),
    )
    .default([
      { door: "/api/provider/openai/*", from: "openai-responses", models: ["o3*"], to: "openai-chat" },
    ])
    .describe(
      "Conversions that are made although the target speaks the client's format; the first that fits counts.",
    ),
});

const shortText = z.string().min(1).max(200);

const prompts = z.strictObject({
  own_text_keys: z
    .array(shortText)
    .default([])
    .describe(
      "Gateway keys, by name or id, whose requests keep their own texts: no version takes their place.",
    ),
});

const dollars = z.number().min(0).max(1_000_000);

const longPrompt = dollars.optional().describe("Of such prompts. Default: as of the others.");

const tokenPrice = {
  input: dollars.describe("Dollars a million tokens of the prompt."),
  output: dollars.describe("Dollars a million tokens of the answer, thinking included."),
  cached_input: dollars
    .optional()
    .describe("Of the prompt: read from the provider's cache. Default: as input."),
  cache_write: dollars
    .optional()
    .describe("Of the prompt: written to the provider's cache. Default: as input."),
  cache_write_1h: dollars
    .optional()
    .describe("Of those written to the cache: to be kept for an hour. Default: as cache_write."),
  audio_input: dollars.optional().describe("Of the prompt: sound. Default: as input."),
  audio_output: dollars.optional().describe("Of the answer: sound. Default: as output."),
  image_output: dollars.optional().describe("Of the answer: images. Default: as output."),
  above: z
    .array(
      z.strictObject({
        tokens: z
          .int()
          .min(1)
          .describe("Prompts longer than this have these prices for all of their tokens."),
        input: longPrompt,
        output: longPrompt,
        cached_input: longPrompt,
        cache_write: longPrompt,
        cache_write_1h: longPrompt,
        audio_input: longPrompt,
        audio_output: longPrompt,
        image_output: longPrompt,
      }),
    )
    .default([])
    .describe("Prices of long prompts, in rising order."),
};

const price = z.strictObject({
  ...tokenPrice,
  service_tiers: z
    .record(z.string(), z.strictObject(tokenPrice))
    .default({})
    .describe(
      "Prices of answers that came in another service tier than the usual one, by its name, as `flex`.",
    ),
});

const server = z.strictObject({
  host: z
    .string()
    .refine(isListenAddress, "an IP address or a host name")
    .default("127.0.0.1")
    .describe("Address to listen on. HOST in the environment wins."),
  port: z
    .int()
    .min(0)
    .max(65_535)
    .default(3000)
    .describe("Port to listen on; 0 takes a free one. PORT in the environment wins."),
  max_body_mb: z
    .number()
    .positive()
    .max(4096)
    .default(100)
    .describe("Largest request body, after decompression."),
  max_concurrent_requests: z
    .int()
    .min(1)
    .default(10_000)
    .describe("Requests served at once; more are refused with 503."),
  body_timeout: seconds(3600)
    .default(60)
    .describe(
      "Seconds a client may be silent while it sends its body; a body of up to 256 KB is to be sent whole in them.",
    ),
  stall_timeout: seconds(3600).default(300).describe("Seconds a client may leave a response unread."),
  sse_keep_alive: z
    .number()
    .min(0)
    .max(3600)
    .default(15)
    .describe("Seconds of silence before an SSE comment is sent; 0 sends none."),
  drain_timeout: z
    .number()
    .min(0)
    .max(3600)
    .default(30)
    .describe("Seconds that running requests may finish in at shutdown."),
});

const logging = z.strictObject({
  level: z
    .enum(LOG_LEVELS)
    .default("info")
    .describe("Least level that is logged. LOG_LEVEL or RUST_LOG in the environment wins."),
  format: z
    .enum(["auto", "json", "pretty"])
    .default("auto")
    .describe("auto: pretty on a terminal, JSON elsewhere."),
  console: z
    .boolean()
    .default(true)
    .describe("Whether lines go to standard output; without it, only a failing log file is told there."),
  requests: z.boolean().default(true).describe("One line a request."),
  file: z
    .strictObject({
      path: z
        .string()
        .min(1)
        .meta({
          description: "Where the log is written; its folder is made.",
          examples: ["logs/amsterdam.log"],
        }),
      max_size_mb: z
        .number()
        .positive()
        .max(10_240)
        .default(100)
        .describe("Size at which a new file is begun."),
      max_age_days: z.number().positive().max(3650).default(14).describe("Older files are deleted."),
      max_files: z.int().min(1).max(1000).default(10).describe("Files kept beside the current one."),
    })
    .optional()
    .describe("Logs to a file too; files are begun anew by size and deleted by age."),
});

const amp = z.strictObject({
  user: z
    .strictObject({
      id: shortText.optional().describe("Default: made from the key's id, the same at every start."),
      username: shortText.optional().describe("Default: the name of the client's key."),
      email: z.email("an e-mail address").max(200).optional().describe("Default: made from the username."),
      first_name: shortText.optional().describe("Given name."),
      last_name: shortText.optional().describe("Family name."),
      display_name: shortText.optional().describe("Default: the two names, or the username."),
      profile_picture_url: httpUrl.optional().describe("A picture."),
      site_admin: z
        .boolean()
        .default(false)
        .describe("Whether the client takes its user for an administrator."),
    })
    .prefault({})
    .describe("Whom the client takes itself to be signed in as."),
  features: z.array(shortText).default([]).describe("Names of features that the client switches on."),
  connections: z
    .array(
      z.strictObject({
        id: shortText.describe("Id."),
        name: shortText.describe("Name that is shown."),
        type: shortText.describe("Kind, such as github."),
        status: z.enum(["connected", "disconnected"]).default("connected").describe("What the client shows."),
        connected_at: z.iso
          .datetime({ offset: true, error: "a moment such as 2026-01-31T18:00:00Z" })
          .optional()
          .describe("Since when."),
        username: shortText.optional().describe("The user's name there."),
      }),
    )
    .default([])
    .meta({
      description: "Accounts elsewhere that the client shows as connected.",
      examples: [[{ id: "github", name: "GitHub", type: "github", username: "ada" }]],
    }),
  tab_model: shortText
    .optional()
    .describe(
      "Model that completes what is typed (/api/tab/llm-proxy): a route, provider/model or bare name. Default: the one that the client names.",
    ),
  threads: z
    .enum(["own", "shared"])
    .default("own")
    .describe("own: each key sees the threads that came with it; shared: every key sees all."),
  max_thread_mb: z.number().positive().max(1024).default(16).describe("Largest thread that is kept."),
  reports: z
    .strictObject({
      max_size_mb: z
        .number()
        .min(0)
        .max(10_240)
        .default(50)
        .describe("Space that they take in all; 0 keeps none."),
      max_age_days: z.number().positive().max(3650).default(14).describe("Older ones are deleted."),
    })
    .prefault({})
    .describe("Telemetry and errors that clients send; the oldest are deleted first."),
});

const storage = z.strictObject({
  url: z
    .string()
    .superRefine((url, context) => {
      const fault = storageUrlFault(url);
      if (fault !== null) context.addIssue({ code: "custom", message: fault });
    })
    .meta({ pattern: "^(sqlite:.|postgres(ql)?://)" })
    .default("sqlite:data/amsterdam.db")
    .describe(
      `Where records of requests, keys, feedback, threads and responses are kept: ${STORAGE_URL_FORMS}. DATABASE_URL in the environment wins.`,
    ),
});

const responses = z.strictObject({
  retention_days: z
    .number()
    .positive()
    .max(3650)
    .default(30)
    .describe("Days that a stored response can be continued and fetched."),
  memory_mb: z
    .number()
    .min(0)
    .max(65_536)
    .default(64)
    .describe("Memory for the newest responses, and as much for those that wait to be stored."),
  max_background: z
    .int()
    .min(0)
    .max(100_000)
    .default(100)
    .describe("Responses made in the background at once; more are refused with 503."),
});

const bodies = z.enum(CAPTURES);

const records = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether requests are recorded."),
  bodies: bodies
    .default("full")
    .describe(
      "full: requests and answers are kept as they were said; metadata: everything but them; none: such requests leave no record.",
    ),
  capture: z
    .array(
      z.strictObject({
        keys: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .describe("Ids of gateway keys; default: every key."),
        doors: z
          .array(z.string().min(1))
          .min(1)
          .optional()
          .describe("Doors as records name them; a trailing `*` matches any ending. Default: every door."),
        bodies: bodies.describe("In place of records.bodies."),
      }),
    )
    .default([])
    .meta({
      description: "Other settings for some keys and doors; the first that fits counts.",
      examples: [[{ keys: ["key_3f9c"], bodies: "metadata" }]],
    }),
  redact: z
    .array(z.string().min(1).max(1000))
    .max(50)
    .default([])
    .meta({
      description:
        "Regular expressions; what they match in a body is replaced by [redacted] before it is stored.",
      examples: [["[\\w.]+@[\\w.]+", "\\d{3}-\\d{2}-\\d{4}"]],
    }),
  retention_days: z
    .number()
    .positive()
    .max(36_500)
    .default(365)
    .describe("Days that records are kept, without their bodies."),
  bodies_retention_days: z.number().positive().max(36_500).default(30).describe("Days that bodies are kept."),
  max_bodies_mb: z
    .number()
    .positive()
    .max(100_000_000)
    .default(10_240)
    .describe("Space that stored bodies take in all, compressed; the oldest are deleted first."),
  max_body_kb: z
    .int()
    .min(0)
    .max(65_536)
    .default(1024)
    .describe("How much of each body is kept; what is longer is cut off."),
  memory_mb: z
    .number()
    .positive()
    .max(65_536)
    .default(128)
    .describe("Memory for what waits to be recorded; beyond it bodies are left out, the oldest first."),
  max_spill_mb: z
    .number()
    .min(0)
    .max(10_000_000)
    .default(2048)
    .describe(
      "Space for the files in which records and feedback wait while the database is slow or gone, or the traffic heavy.",
    ),
});

const otlp = z.strictObject({
  endpoint: z
    .string()
    .refine(isCollectorUrl, COLLECTOR_URL)
    .optional()
    .meta({
      description:
        "Base URL of an OpenTelemetry collector that takes OTLP over HTTP as JSON; /v1/traces and /v1/metrics are appended. Without it nothing is exported. OTEL_EXPORTER_OTLP_ENDPOINT in the environment wins.",
      examples: ["http://127.0.0.1:4318"],
    }),
  headers: z
    .record(headerName, headerValue)
    .default({})
    .describe(
      "Sent with each export, such as a key; values may read the environment. Those of OTEL_EXPORTER_OTLP_HEADERS are added, and win.",
    ),
  traces: z
    .boolean()
    .default(true)
    .describe("Whether recorded requests are exported as spans, with one below for each attempt."),
  metrics: z.boolean().default(true).describe("Whether the metrics of /metrics are exported too."),
  messages: z
    .boolean()
    .default(false)
    .describe("Whether spans hold what was said, redacted as stored bodies are, where bodies are stored."),
  sample_share: z.number().min(0).max(1).default(1).describe("Share of the traces that is exported."),
  interval: seconds(3600).default(5).describe("Seconds in which finished requests are gathered."),
  metrics_interval: seconds(86_400).default(60).describe("Seconds between two exports of the metrics."),
  timeout: seconds(600).default(10).describe("Seconds that the collector may take for an export."),
  queue: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe("Requests that may wait to be exported; more are dropped and counted."),
  service_name: shortText
    .default("amsterdam")
    .describe("service.name of the resource. OTEL_SERVICE_NAME in the environment wins."),
  resource_attributes: z
    .record(shortText, z.string().max(1000))
    .default({})
    .meta({
      description:
        "Further attributes of the resource. Those of OTEL_RESOURCE_ATTRIBUTES are added, and win.",
      examples: [{ "deployment.environment.name": "production" }],
    }),
});

const telemetry = z.strictObject({
  otlp: otlp.prefault({}).describe("Traces and metrics for OpenTelemetry."),
});

export const configSchema = z.strictObject({
  server: server.prefault({}).describe("How the gateway listens, and its limits."),
  global_timeout: z
    .number()
    .min(1)
    .max(3600)
    .default(300)
    .describe("Seconds to the first byte, and of every silence, where nothing nearer says so."),
  global_connect_timeout: seconds(600).default(10).describe("Seconds to an open connection, TLS included."),
  global_total_timeout: seconds(86_400)
    .default(3600)
    .describe("Seconds for the whole exchange, retries included."),
  global_retry: retry.prefault({}).describe("How failed calls are tried again, before the first output."),
  retry_budget: z
    .strictObject({
      share: z
        .number()
        .min(0)
        .max(1)
        .default(0.2)
        .describe("Retries allowed for each first try, over the last 10 seconds."),
      minimum: z.int().min(0).max(100_000).default(10).describe("Retries always allowed in 10 seconds."),
    })
    .prefault({})
    .describe("Keeps retries from multiplying an outage."),
  breaker: breaker.prefault({}).describe("For each upstream: closed, open, half-open."),
  providers: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]*$/, "a name of a-z, 0-9, - and _"), provider)
    .default({})
    .meta({
      description: "Built-in providers by their names, or your own with base_url and formats.",
      examples: [
        { local: { base_url: "http://127.0.0.1:8000/v1", formats: ["openai-chat"], models: ["llama-*"] } },
      ],
    }),
  routes: z
    .record(z.string().min(1), routeSchema)
    .default({})
    .meta({
      description: "Model names of your own, each with its targets.",
      examples: [{ fast: { targets: ["cerebras/llama-3.3-70b", "openai/gpt-4.1-mini"] } }],
    }),
  router: z
    .strictObject({
      file: z
        .string()
        .min(1)
        .optional()
        .describe("What `amsterdam router train` wrote. Default: the model that comes with the gateway."),
    })
    .prefault({})
    .describe("The learned router, by which routes of the strategy quality choose."),
  aliases: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .meta({
      description:
        "Models' names that stand for another model or a route; `*` at either end matches anything, and the longer pattern goes first.",
      examples: [{ "claude-3-5-haiku*": "fast", "gpt-4o": "openai/gpt-4.1" }],
    }),
  models: z
    .record(z.string().regex(/^[^/]+\/.+$/, "a model written as provider/model"), modelSchema)
    .default({})
    .meta({
      description:
        "What models take, in place of what is known of them: routes pass over those that cannot serve a request.",
      examples: [{ "local/llama-3.1-8b": { context_window: 32_768, tools: false } }],
    }),
  endpoints: z
    .array(endpoint)
    .default([])
    .meta({
      description: "Paths of your own, each with its target; an AMP Server's endpoints.",
      examples: [[{ path: "/models/*", target_url: "https://api.openai.com/v1/models", method: "GET" }]],
    }),
  amp: amp.prefault({}).describe("What the Amp client is told, and what is kept of it."),
  conversion: conversion.prefault({}).describe("How calls go to targets that speak another API format."),
  prompts: prompts.prefault({}).describe("Prompts that the gateway keeps."),
  prices: z
    .record(z.string().regex(/^[^/]+\/.+$/, "a model written as provider/model"), price)
    .default({})
    .meta({
      description: "Prices of models, in place of those of the price library.",
      examples: [{ "local/llama-3.1-8b": { input: 0.05, output: 0.08 } }],
    }),
  logging: logging.prefault({}).describe("What is written to the log."),
  storage: storage.prefault({}).describe("The database."),
  responses: responses
    .prefault({})
    .describe("The state of the Responses API, where the gateway and not the provider keeps it."),
  records: records.prefault({}).describe("What is kept of requests, and for how long."),
  telemetry: telemetry.prefault({}).describe("What is told to other systems."),
});

/** A valid configuration with every default filled in. Frozen once loaded. */
export type Config = z.infer<typeof configSchema>;
export type EndpointConfig = Config["endpoints"][number];
export type ProviderConfig = Config["providers"][string];
export type RetryConfig = Config["global_retry"];
export type BreakerConfig = Config["breaker"];
export type PriceConfig = Config["prices"][string];
export type LoggingConfig = Config["logging"];
export type RecordsConfig = Config["records"];
export type TelemetryConfig = Config["telemetry"];
export type AmpConfig = Config["amp"];
