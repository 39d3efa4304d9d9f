import { expect, test } from "bun:test";
import { betweenMarkers, table, targets } from "./report.ts";
import { Samples } from "./samples.ts";

function samples(values: Record<string, Record<string, number>>): Samples {
  const all = new Samples();
  for (const [door, metrics] of Object.entries(values)) {
    for (const [metric, value] of Object.entries(metrics)) all.add(door, metric, value);
  }
  return all;
}

const columns = ["nginx", "gateway", "portkey"].map((door) => ({ door, label: door }));

test("a cell has the median and its ratio to nginx's, and rows nobody measured are left out", () => {
  const text = table(
    samples({
      nginx: { request_cpu_us_1k: 20, requests_per_second_1k: 50_000 },
      gateway: { request_cpu_us_1k: 61 },
      portkey: { requests_per_second_1k: 215 },
    }),
    columns,
  );
  expect(text.split("\n")).toEqual([
    "|  | nginx | gateway | portkey |",
    "| --- | ---: | ---: | ---: |",
    "| CPU per request, 1 KB body (µs) | 20.0 | 61.0 (3.05×) |  |",
    "| Requests/s, 1 KB body | 50,000 |  | 215 (0.0043×) |",
  ]);
});

test("targets say which were met, and leave out those without both sides", () => {
  const measured = samples({
    nginx: { request_cpu_us_1k: 20, chunk_cpu_us: 10 },
    gateway: { request_cpu_us_1k: 60, chunk_cpu_us: 17, requests_per_second_1k: 9000 },
  });
  expect(targets(measured)).toEqual([
    "met: CPU per request, against nginx: 3.00×, to be at most 3.5×",
    "MISSED: CPU per SSE chunk, against nginx: 1.70×, to be at most 1.6×",
  ]);
});

test("new results replace what is between the markers and nothing else", () => {
  const page = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n";
  expect(betweenMarkers(page, "new\n")).toBe("a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb\n");
  expect(() => betweenMarkers("no markers", "new")).toThrow("bench:begin");
});
