import { z } from "zod";
import { ampSchema } from "./amp-schema.ts";
import { isListenAddress } from "./host.ts";
import { priceSchema } from "./price-schema.ts";
import { recordsSchema, responsesSchema, storageSchema } from "./record-schema.ts";
import { modelSchema, routeSchema } from "./route-schema.ts";
import { headerName, headerValue, httpUrl, seconds, shortText } from "./schema-parts.ts";
import { telemetrySchema } from "./telemetry-schema.ts";

/**
 * The configuration file, whole. This definition is the only one: validation, the TypeScript types, the JSON Schema
 * for editors, the file that `amsterdam init` writes and the table in README.md are all made from it. Key names are
 * those of the file; an AMP Server's `proxy_config.yaml` (`global_timeout`, `global_retry`, `endpoints`) is valid as it
 * is. A message given to a rule is the `expected` of the problem that a reader sees.
 */

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] as const;
export const RESPONSE_TYPES = ["json", "sse", "stream", "html"] as const;
export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "off"] as const;
const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;

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

const prompts = z.strictObject({
  own_text_keys: z
    .array(shortText)
    .default([])
    .describe(
      "Gateway keys, by name or id, whose requests keep their own texts: no version takes their place.",
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
  amp: ampSchema.prefault({}).describe("What the Amp client is told, and what is kept of it."),
  conversion: conversion.prefault({}).describe("How calls go to targets that speak another API format."),
  prompts: prompts.prefault({}).describe("Prompts that the gateway keeps."),
  prices: z
    .record(z.string().regex(/^[^/]+\/.+$/, "a model written as provider/model"), priceSchema)
    .default({})
    .meta({
      description: "Prices of models, in place of those of the price library.",
      examples: [{ "local/llama-3.1-8b": { input: 0.05, output: 0.08 } }],
    }),
  logging: logging.prefault({}).describe("What is written to the log."),
  storage: storageSchema.prefault({}).describe("The database."),
  responses: responsesSchema
    .prefault({})
    .describe("The state of the Responses API, where the gateway and not the provider keeps it."),
  records: recordsSchema.prefault({}).describe("What is kept of requests, and for how long."),
  telemetry: telemetrySchema.prefault({}).describe("What is told to other systems."),
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
