import { z } from "zod";
import { COLLECTOR_URL, isCollectorUrl } from "./collector-url.ts";
import { headerName, headerValue, seconds, shortText } from "./schema-parts.ts";

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

export const telemetrySchema = z.strictObject({
  otlp: otlp.prefault({}).describe("Traces and metrics for OpenTelemetry."),
});
