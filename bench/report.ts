import { PAIRS, pairMetric } from "./conversions.ts";
import type { Samples } from "./samples.ts";
import { FORMATS, type Format } from "./stream-shapes.ts";

export interface Column {
  door: string;
  label: string;
}

interface Row {
  metric: string;
  label: string;
}

const ROWS: Row[] = [
  { metric: "request_cpu_us_1k", label: "CPU per request, 1 KB body (µs)" },
  { metric: "request_cpu_us_200k", label: "CPU per request, 200 KB body (µs)" },
  { metric: "storing_cpu_us_1k", label: "CPU per request after the load, to store what waited, 1 KB (µs)" },
  { metric: "requests_per_second_1k", label: "Requests/s, 1 KB body" },
  { metric: "requests_per_second_200k", label: "Requests/s, 200 KB body" },
  { metric: "core_busy_percent_1k", label: "Its core busy meanwhile, 1 KB (%)" },
  { metric: "added_us_1_p50", label: "Added latency, 1 connection, p50 (µs)" },
  { metric: "added_us_1_p99", label: "Added latency, 1 connection, p99 (µs)" },
  { metric: "added_us_10_p50", label: "Added latency, 10 connections, p50 (µs)" },
  { metric: "added_us_10_p99", label: "Added latency, 10 connections, p99 (µs)" },
  { metric: "chunk_cpu_us", label: "CPU per SSE chunk (µs)" },
  { metric: "first_chunk_us_p50", label: "Time to first chunk, p50 (µs)" },
  { metric: "memory_idle_mb", label: "Memory after start (MB)" },
  { metric: "memory_streams_mb", label: "Memory with 1,000 open streams (MB)" },
  { metric: "start_cold_ms", label: "Start-up, cold (ms)" },
  { metric: "start_warm_ms", label: "Start-up, warm (ms)" },
];

/** A share of 100 says more than a ratio does. */
const WITHOUT_RATIO = new Set(["core_busy_percent_1k", "storing_cpu_us_1k"]);

interface Target {
  label: string;
  metric: string;
  of: string;
  to: string;
  limit: number;
  bound: "at most" | "at least";
}

const TARGETS: Target[] = [
  {
    label: "CPU per request, against nginx",
    metric: "request_cpu_us_1k",
    of: "gateway",
    to: "nginx",
    limit: 3.5,
    bound: "at most",
  },
  {
    label: "CPU per request that is recorded with its bodies, against one that is not",
    metric: "request_cpu_us_1k",
    of: "recording",
    to: "gateway",
    limit: 1.15,
    bound: "at most",
  },
  {
    label: "requests/s, against Portkey",
    metric: "requests_per_second_1k",
    of: "gateway",
    to: "portkey",
    limit: 8,
    bound: "at least",
  },
  {
    label: "CPU per SSE chunk, against nginx",
    metric: "chunk_cpu_us",
    of: "gateway",
    to: "nginx",
    limit: 1.6,
    bound: "at most",
  },
];

/** The medians as a Markdown table: a column a door, each number with its ratio to nginx's where nginx took part. */
export function table(samples: Samples, columns: Column[]): string {
  const lines = [row(["", ...columns.map(({ label }) => label)]), row(["---", ...columns.map(() => "---:")])];
  for (const { metric, label } of ROWS) {
    const reference = WITHOUT_RATIO.has(metric) ? undefined : samples.median("nginx", metric);
    const cells = columns.map(({ door }) =>
      cell(samples.median(door, metric), door === "nginx" ? undefined : reference),
    );
    if (cells.some((text) => text !== "")) lines.push(row([label, ...cells]));
  }
  return lines.join("\n");
}

function row(cells: string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cell(value: number | undefined, reference: number | undefined): string {
  if (value === undefined) return "";
  if (reference === undefined || reference <= 0) return number(value);
  return `${number(value)} (${number(value / reference)}×)`;
}

/** Two or three digits that matter, and a comma between thousands. */
function number(value: number): string {
  if (Math.abs(value) < 1) return value.toLocaleString("en", { maximumSignificantDigits: 2 });
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** What the project asks of itself, each with the figure reached; left out where a side did not take part. */
export function targets(samples: Samples): string[] {
  const lines = TARGETS.flatMap(({ label, metric, of, to, limit, bound }) => {
    const value = samples.median(of, metric);
    const reference = samples.median(to, metric);
    if (value === undefined || reference === undefined) return [];
    const ratio = value / reference;
    const met = bound === "at most" ? ratio <= limit : ratio >= limit;
    return [`${met ? "met" : "MISSED"}: ${label}: ${number(ratio)}×, to be ${bound} ${limit}×`];
  });
  return [...lines, ...dearestConversion(samples)];
}

/** CPU per converted chunk: a row a client's format, a column a target's, with the ratio to nginx's plain proxying. */
export function conversionTable(samples: Samples): string {
  const reference = samples.median("nginx", "chunk_cpu_us");
  const cells = (client: Format) =>
    FORMATS.map((target) => cell(samples.median("gateway", pairMetric(client, target)), reference));
  if (cells("openai-chat").every((text) => text === "")) return "";
  return [
    "CPU per SSE chunk (µs) from each client's format (rows) to each target's (columns):",
    "",
    row(["", ...FORMATS]),
    row(["---", ...FORMATS.map(() => "---:")]),
    ...FORMATS.map((client) => row([client, ...cells(client)])),
  ].join("\n");
}

/** The dearest conversion, against its bound. */
function dearestConversion(samples: Samples): string[] {
  const reference = samples.median("nginx", "chunk_cpu_us");
  const values = PAIRS.flatMap((pair) => {
    const value = pair.client === pair.target ? undefined : samples.median("gateway", pair.metric);
    return value === undefined ? [] : [{ ...pair, value }];
  });
  const dearest = values.toSorted((a, b) => b.value - a.value)[0];
  if (dearest === undefined || reference === undefined) return [];
  const ratio = dearest.value / reference;
  const name = `CPU per converted SSE chunk, against nginx's plain proxying (dearest: ${dearest.client} to ${dearest.target})`;
  return [
    `${ratio <= MAX_CONVERTED ? "met" : "MISSED"}: ${name}: ${number(ratio)}×, to be at most ${MAX_CONVERTED}×`,
  ];
}

const MAX_CONVERTED = 4;

/** What everything takes without a proxy, to read the added times against. */
export function directLine(samples: Samples): string {
  const [one, ten, chunk] = ["latency_us_1_p50", "latency_us_10_p50", "first_chunk_us_p50"].map((metric) =>
    samples.median("direct", metric),
  );
  if (one === undefined || ten === undefined || chunk === undefined) return "";
  return `Without a proxy, medians: ${number(one)} µs a request at 1 connection, ${number(ten)} µs at 10, ${number(chunk)} µs to the first chunk.`;
}

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** The page with new text between its two markers, everything else as it was. */
export function betweenMarkers(page: string, text: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page lacks ${BEGIN} and, after it, ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${text.trim()}\n\n${page.slice(end)}`;
}
