import type { Server } from "bun";

/** An attribute's value, as a plain one. */
type Value = string | number | boolean | readonly Value[];

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: number;
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Readonly<Record<string, Value>>;
  readonly status: { readonly code?: number; readonly message?: string };
}

export interface CollectedPoint {
  readonly attributes: Readonly<Record<string, Value>>;
  readonly value?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly buckets?: readonly number[];
  readonly bounds?: readonly number[];
  /** Unix milliseconds from which it counts. */
  readonly from: number;
}

export interface CollectedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: "sum" | "gauge" | "histogram";
  readonly points: readonly CollectedPoint[];
}

/** A request that carried an export. */
export interface Export {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly resource: Readonly<Record<string, Value>>;
  readonly schemaUrl: string;
  readonly spans: readonly CollectedSpan[];
  readonly metrics: readonly CollectedMetric[];
}

type Json = Record<string, unknown>;

/**
 * An OpenTelemetry collector that takes OTLP over HTTP as JSON and reads it strictly: a field that the protocol does not
 * have, an id of another length or a number in place of a 64-bit text is answered with 400 and kept as a fault.
 */
export class Collector {
  readonly exports: Export[] = [];
  readonly faults: string[] = [];
  /** Every export that came, taken or not. */
  arrived = 0;
  /** Answers in place of the collector; null lets it take the export. */
  instead: ((path: string) => Response | Promise<Response> | null) | null = null;
  #server: Server<undefined>;

  constructor(port = 0) {
    this.#server = this.#serve(port);
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get spans(): readonly CollectedSpan[] {
    return this.exports.flatMap(({ spans }) => spans);
  }

  /** The metrics of the newest export that had any. */
  get metrics(): ReadonlyMap<string, CollectedMetric> {
    const newest = this.exports.findLast(({ metrics }) => metrics.length > 0);
    return new Map((newest?.metrics ?? []).map((metric) => [metric.name, metric]));
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  #serve(port: number): Server<undefined> {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch: async (request) => {
        this.arrived++;
        const { pathname: path } = new URL(request.url);
        const other = this.instead?.(path);
        if (other) return other;
        const text = await request.text();
        try {
          this.exports.push(readExport(path, request.headers.toJSON(), JSON.parse(text) as Json));
        } catch (error) {
          this.faults.push(`${path}: ${String(error)} in ${text.slice(0, 500)}`);
          return new Response("bad", { status: 400 });
        }
        return Response.json({});
      },
    });
  }
}

function readExport(path: string, headers: Record<string, string>, body: Json): Export {
  if (headers["content-type"] !== "application/json") throw new Error("not sent as JSON");
  const isTraces = path.endsWith("/v1/traces");
  if (!isTraces && !path.endsWith("/v1/metrics")) throw new Error("no path of OTLP");
  const [list, scopes, items] = isTraces
    ? (["resourceSpans", "scopeSpans", "spans"] as const)
    : (["resourceMetrics", "scopeMetrics", "metrics"] as const);
  const [resource, ...others] = listIn(only(body, [list]), list);
  if (resource === undefined || others.length > 0) throw new Error("not of one resource");
  only(resource, ["resource", "schemaUrl", scopes]);
  const [scope, ...further] = listIn(resource, scopes);
  if (scope === undefined || further.length > 0) throw new Error("not of one scope");
  only(scope, ["scope", "schemaUrl", items]);
  only(objectIn(scope, "scope"), ["name", "version"]);
  return {
    path,
    headers,
    resource: attributesIn(only(objectIn(resource, "resource"), ["attributes"])),
    schemaUrl: textIn(scope, "schemaUrl"),
    spans: isTraces ? listIn(scope, items).map(readSpan) : [],
    metrics: isTraces ? [] : listIn(scope, items).map(readMetric),
  };
}

const SPAN_FIELDS =
  "traceId spanId parentSpanId name kind startTimeUnixNano endTimeUnixNano attributes status".split(" ");

function readSpan(span: Json): CollectedSpan {
  only(span, SPAN_FIELDS);
  const status = only(objectIn(span, "status"), ["code", "message"]) as CollectedSpan["status"];
  if (status.code !== undefined && ![1, 2].includes(status.code)) throw new Error("a status that is none");
  const kind = span.kind;
  if (typeof kind !== "number" || kind < 1 || kind > 5) throw new Error("a kind that is none");
  const { start, end } = { start: nanosIn(span, "startTimeUnixNano"), end: nanosIn(span, "endTimeUnixNano") };
  if (end < start) throw new Error("it ends before it begins");
  return {
    traceId: idIn(span, "traceId", 32),
    spanId: idIn(span, "spanId", 16),
    parentSpanId: span.parentSpanId === undefined ? null : idIn(span, "parentSpanId", 16),
    name: textIn(span, "name"),
    kind,
    start,
    end,
    attributes: attributesIn(span),
    status,
  };
}

function readMetric(metric: Json): CollectedMetric {
  only(metric, ["name", "description", "unit", "sum", "gauge", "histogram"]);
  const kinds = (["sum", "gauge", "histogram"] as const).filter((name) => metric[name] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw new Error("not of one kind");
  const data = objectIn(metric, kind);
  const fields = {
    gauge: [],
    histogram: ["aggregationTemporality"],
    sum: ["aggregationTemporality", "isMonotonic"],
  };
  only(data, ["dataPoints", ...fields[kind]]);
  if (kind !== "gauge" && data.aggregationTemporality !== 2) throw new Error("not cumulative");
  const points = listIn(data, "dataPoints").map(kind === "histogram" ? readHistogram : readNumber);
  if (new Set(points.map(({ attributes }) => JSON.stringify(attributes))).size < points.length)
    throw new Error(`two points of ${String(metric.name)} have the same attributes`);
  return { name: textIn(metric, "name"), unit: textIn(metric, "unit"), kind, points };
}

const POINT_FIELDS = ["attributes", "startTimeUnixNano", "timeUnixNano"];

function readNumber(point: Json): CollectedPoint {
  only(point, [...POINT_FIELDS, "asDouble"]);
  if (typeof point.asDouble !== "number") throw new Error("not a number");
  return {
    attributes: attributesIn(point),
    value: point.asDouble,
    from: nanosIn(point, "startTimeUnixNano"),
  };
}

function readHistogram(point: Json): CollectedPoint {
  only(point, [...POINT_FIELDS, "count", "sum", "bucketCounts", "explicitBounds"]);
  const buckets = (point.bucketCounts as unknown[]).map((bucket) => integerOf(bucket));
  const bounds = point.explicitBounds as number[];
  const count = integerOf(point.count);
  if (buckets.length !== bounds.length + 1) throw new Error("buckets and bounds do not fit");
  if (buckets.reduce((sum, bucket) => sum + bucket, 0) !== count) throw new Error("buckets miss some");
  const from = nanosIn(point, "startTimeUnixNano");
  return { attributes: attributesIn(point), count, sum: Number(point.sum), buckets, bounds, from };
}

function attributesIn(of: Json): Record<string, Value> {
  const entries = listIn(of, "attributes").map((attribute): [string, Value] => {
    only(attribute, ["key", "value"]);
    return [textIn(attribute, "key"), plainValue(objectIn(attribute, "value"))];
  });
  if (new Set(entries.map(([key]) => key)).size < entries.length)
    throw new Error("an attribute stands twice");
  return Object.fromEntries(entries);
}

function plainValue(value: Json): Value {
  const [[kind, held] = ["", null], ...others] = Object.entries(value);
  if (others.length > 0) throw new Error("a value of two kinds");
  if (kind === "stringValue" && typeof held === "string") return held;
  if (kind === "boolValue" && typeof held === "boolean") return held;
  if (kind === "doubleValue" && typeof held === "number") return held;
  if (kind === "intValue") return integerOf(held);
  if (kind === "arrayValue") return listIn(only(objectIn(value, kind), ["values"]), "values").map(plainValue);
  throw new Error(`a value of the kind ${kind}`);
}

function only(object: Json, fields: readonly string[]): Json {
  const unknown = Object.keys(object).filter((field) => !fields.includes(field));
  if (unknown.length > 0) throw new Error(`the protocol has no ${unknown.join(", ")} there`);
  return object;
}

function listIn(object: Json, field: string): Json[] {
  const list = object[field];
  if (!Array.isArray(list)) throw new Error(`${field} is no list`);
  return list as Json[];
}

function objectIn(object: Json, field: string): Json {
  const value = object[field];
  if (typeof value !== "object" || value === null) throw new Error(`${field} is no object`);
  return value as Json;
}

function textIn(object: Json, field: string): string {
  const value = object[field];
  if (typeof value !== "string") throw new Error(`${field} is no text`);
  return value;
}

function idIn(object: Json, field: string, digits: number): string {
  const id = textIn(object, field);
  if (!new RegExp(`^[0-9a-f]{${digits}}$`).test(id) || /^0+$/.test(id)) throw new Error(`${field} is no id`);
  return id;
}

/** 64-bit integers are texts in the JSON of Protocol Buffers. */
function integerOf(value: unknown): number {
  if (typeof value !== "string" || !/^\d+$/.test(value))
    throw new Error(`${String(value)} is no 64-bit integer`);
  return Number(value);
}

/** Nanoseconds as milliseconds. */
function nanosIn(object: Json, field: string): number {
  const text = textIn(object, field);
  if (!/^\d{19}$/.test(text)) throw new Error(`${field} is no time of this century in nanoseconds`);
  return Number(BigInt(text) / 1000n) / 1000;
}
