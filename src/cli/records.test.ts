import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labelledRecord, recordId } from "../../test/support/records.ts";
import { requestShape } from "../admin/request-shape.ts";
import { runShape } from "../admin/runs.ts";
import { rowShape } from "../admin/statistics.ts";
import type { RequestRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";
import type { Storage } from "../storage/interface.ts";
import { openStorage } from "../storage/open.ts";
import { runExport } from "./export.ts";
import { runFeedback } from "./feedback.ts";
import { runRequests } from "./requests.ts";
import { runRuns } from "./runs.ts";
import { runStats } from "./stats.ts";
import type { StoredIo } from "./stored.ts";

const T = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;

const root = mkdtempSync(join(tmpdir(), "amsterdam-cli-records-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let cwd: string;
let storage: Storage;
beforeEach(async () => {
  cwd = mkdtempSync(join(root, "case-"));
  storage = await openStorage("sqlite:records.db", cwd);
});
afterEach(() => storage.close());

type Command = (argv: readonly string[], io: StoredIo) => Promise<number>;

const run = (command: Command, ...argv: string[]) => runIn(undefined, command, ...argv);

/** In a terminal of that many characters a line. */
async function runIn(columns: number | undefined, command: Command, ...argv: string[]) {
  let stdout = "";
  let stderr = "";
  const code = await command(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env: {},
    cwd,
    columns,
    storageUrl: "sqlite:records.db",
    openStorage,
  });
  return { code, stdout, stderr };
}

const store = (...changes: (Partial<RequestRecord> & { id: string })[]) =>
  storage.records.write(
    changes.map(({ id, ...change }) => ({ record: labelledRecord(id, change), bodies: null })),
  );

/** The table's cells, row by row. */
const cells = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/));

describe("requests", () => {
  test("are listed as a table, the newest first", async () => {
    await store(
      { id: "r1", startedAt: T, runId: "run-1", durationMs: 12_345 },
      {
        id: "r2",
        startedAt: T + 1000,
        runId: "run-2",
        model: null,
        usage: null,
        cost: null,
        status: 503,
        error: "breaker_open",
        category: "overloaded",
      },
    );
    const { code, stdout } = await run(runRequests);
    expect(code).toBe(0);
    expect(cells(stdout)).toEqual([
      ["ID", "BEGAN (UTC)", "STATUS", "MODEL", "IN", "OUT", "COST", "TOOK", "RUN"],
      [
        recordId(T + 1000, "r2"),
        "2026-11-22 12:00:01",
        "503 breaker_open",
        "demo/echo",
        "-",
        "-",
        "-",
        "10 ms",
        "run-2",
      ],
      [recordId(T, "r1"), "2026-11-22 12:00:00", "200", "demo/echo", "10", "5", "$0.250", "12.3 s", "run-1"],
    ]);
  });

  test("are narrowed by every option that the management API has", async () => {
    await store(
      { id: "r1", startedAt: T, model: "a", tags: ["x=1"] },
      {
        id: "r2",
        startedAt: T + HOUR,
        model: "b",
        status: 429,
        agentId: "ada",
        templates: [usedTemplate({ templateId: "greeting-v1", version: "2", source: "pin" })],
        decisions: [recordedDecision({ experiment: "ex", variantName: "b" })],
      },
    );
    const ids = async (...argv: string[]) =>
      JSON.parse((await run(runRequests, "list", ...argv, "--json")).stdout).map(
        ({ request_id }: { request_id: string }) => request_id,
      );
    expect(await ids("--model", "a")).toEqual(["r1"]);
    expect(await ids("--status", "4xx")).toEqual(["r2"]);
    expect(await ids("--variant", "ex/b")).toEqual(["r2"]);
    expect(await ids("--version", "greeting-v2")).toEqual(["r2"]);
    expect(await ids("--version", "greeting-v1")).toEqual([]);
    expect(await ids("--variant", "ex/a")).toEqual([]);
    expect(await ids("--agent-id", "ada", "--min-cost", "0.1")).toEqual(["r2"]);
    expect(await ids("--since", "2026-11-22T12:30Z")).toEqual(["r2"]);
    expect(await ids("--until", "2026-11-22T12:30Z", "--tag", "x=1")).toEqual(["r1"]);
    expect(await ids("--order", "oldest", "--limit", "1")).toEqual(["r1"]);
    expect(await ids("--model", "none")).toEqual([]);
  });

  test("say when there are more, and where none is", async () => {
    expect((await run(runRequests)).stdout).toBe("No such request is recorded in sqlite:records.db.\n");
    await store({ id: "r1" }, { id: "r2" });
    expect((await run(runRequests, "--limit", "1")).stdout).toContain("There are more: --limit");
    expect((await run(runRequests, "--limit", "2")).stdout).not.toContain("--limit");
  });

  test("are listed beyond one page", async () => {
    await store(...Array.from({ length: 2_100 }, (_, i) => ({ id: `r${i}`, startedAt: T + i })));
    expect(JSON.parse((await run(runRequests, "--limit", "2050", "--json")).stdout)).toHaveLength(2_050);
  });

  test("are shown one by one, with attempts and feedback, and as JSON", async () => {
    await store({
      id: "r1",
      requestId: "shown",
      tags: ["a", "b"],
      losses: ["top_k"],
      templates: [
        usedTemplate({ path: "system", version: "2", revision: "6f3a", source: "label", label: "staging" }),
        usedTemplate({ templateId: null, drift: true, problem: "No such variable:\u001b name." }),
      ],
      decisions: [recordedDecision({ variantName: "kind", probability: 1 / 3, unit: "run\u001b" })],
      attempts: [
        {
          target: "x/y",
          startedAt: 0,
          endedAt: 40,
          status: 503,
          error: "upstream_error",
          message: "busy\u001b[2J",
          reason: "error",
        },
        {
          target: "x/z",
          startedAt: 41,
          endedAt: 49,
          status: 200,
          error: null,
          message: null,
          reason: "content_filter",
        },
        { target: "demo/echo", startedAt: 50, endedAt: 60, status: 200, error: null, message: null },
      ],
    });
    await storage.feedback.add([
      {
        id: "fb",
        target: "request",
        targetId: "shown",
        name: "good",
        value: true,
        comment: "well done",
        source: null,
        keyId: null,
        receivedAt: T,
      },
    ]);
    const { stdout } = await run(runRequests, "show", "shown");
    expect(cells(stdout)).toEqual(
      expect.arrayContaining([
        ["request_id", "shown"],
        ["tags", "a, b"],
        ["losses", "top_k"],
        ["input_tokens", "10"],
        ["cost_usd", "0.25"],
        ["attempt at x/y: 503, upstream_error (error), 40 ms"],
        ["", "busy�[2J"],
        ["attempt at x/z: 200, content_filter, 8 ms"],
        ["attempt at demo/echo: 200, 10 ms"],
        ["template greeting at system: version 2 (6f3a), by its label staging"],
        [
          "template without a name at messages[0]: the client's own text, the client's text differs from its template",
        ],
        ["", "No such variable:� name."],
        ["experiment greeting-1: kind, by 33.3 % in epoch 1, for run�"],
        ["feedback good: true"],
        ["", "well done"],
      ]),
    );
    const { feedback, ...request } = JSON.parse(
      (await run(runRequests, "show", recordId(T, "r1"), "--json")).stdout,
    );
    expect(requestShape.parse(request)).toEqual(request);
    expect(feedback).toMatchObject([{ name: "good" }]);
    expect(await run(runRequests, "show", "none")).toMatchObject({
      code: 1,
      stderr: "No request in sqlite:records.db has the id none.\n",
    });
  });
});

describe("runs", () => {
  test("are listed with their sums, the newest first, as far as the limit goes", async () => {
    await store(
      { id: "r1", runId: "long", startedAt: T, durationMs: 60_000 },
      { id: "r2", runId: "single", startedAt: T + 1000, cost: null, category: "timeout" },
      { id: "r3", runId: "long", startedAt: T + 2000 },
    );
    expect(cells((await run(runRuns)).stdout)).toEqual([
      ["RUN", "BEGAN (UTC)", "TOOK", "REQUESTS", "FAILED", "IN", "OUT", "COST"],
      ["long", "2026-11-22 12:00:00", "1 min 0 s", "2", "0", "20", "10", "$0.500"],
      ["single", "2026-11-22 12:00:01", "10 ms", "1", "1", "10", "5", "$0.00 (+1 ?)"],
    ]);
    const { stdout } = await run(runRuns, "list", "--limit", "1", "--category", "timeout", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ run_id: "single", failures: 1 }]);
    expect((await run(runRuns, "--limit", "1")).stdout).toContain("There are more");
    expect((await run(runRuns, "--model", "none")).stdout).toContain("No such run is recorded");
  });
});

describe("runs show", () => {
  test("draws the tree, with totals and the critical path", async () => {
    const runId = "run-1";
    await store(
      { id: "r1", requestId: "plan", runId, startedAt: T, durationMs: 10, agentId: "chief" },
      { id: "r2", requestId: "quick", runId, parentId: "plan", startedAt: T + 12, durationMs: 8, cost: null },
      {
        id: "r3",
        requestId: "deep",
        runId,
        parentId: "quick",
        startedAt: T + 21,
        durationMs: 1,
        status: 502,
        error: "upstream_error",
        category: "upstream-failed",
      },
      { id: "r4", requestId: "slow", runId, parentId: "plan", startedAt: T + 12, durationMs: 5_050 },
      { id: "r5", requestId: "lost", runId, parentId: "gone", startedAt: T + 20, durationMs: 1 },
    );
    const { code, stdout } = await run(runRuns, "show", runId);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.trimEnd()),
    ).toEqual([
      "Run run-1: 5 requests, 1 failed, in 5.1 s, $1.00 and 1 without a price",
      "Critical path: 2 requests, 5.1 s in them and 2 ms between them",
      "",
      "  REQUEST                                 TOOK  IN  OUT           COST",
      "* plan demo/echo chief                   10 ms  40   20  $0.750 (+1 ?)  1 failed",
      "  ├ quick demo/echo                       8 ms  20   10  $0.250 (+1 ?)  1 failed",
      "  │ └ deep demo/echo 502 upstream_error   1 ms  10    5         $0.250  1 failed",
      "* └ slow demo/echo                       5.0 s  10    5         $0.250",
      "  gone (not recorded)                        -  10    5         $0.250",
      "  └ lost demo/echo                        1 ms  10    5         $0.250",
    ]);
    const json = JSON.parse((await run(runRuns, "show", runId, "--json")).stdout);
    expect(runShape.parse(json)).toEqual(json);
  });

  test("draws a very deep run on lines of a sensible length", async () => {
    await store(
      ...Array.from({ length: 500 }, (_, i) => ({
        id: `r${String(i).padStart(3, "0")}`,
        requestId: `q${i}`,
        runId: "deep",
        parentId: i === 0 ? null : `q${i - 1}`,
        startedAt: T + i,
      })),
    );
    const lines = (await run(runRuns, "show", "deep")).stdout.split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
    expect(lines.at(-2)).toContain("… 499 q499");
  });

  test("of one that is not there fails", async () => {
    expect(await run(runRuns, "show", "none")).toMatchObject({
      code: 1,
      stderr: "No run in sqlite:records.db has the id none.\n",
    });
  });
});

describe("stats", () => {
  test("count for each variant that requests had", async () => {
    const startedAt = Date.now() - 1000;
    const decisions = [recordedDecision({ experiment: "ex", variantName: "b" })];
    await store(
      { id: "r1", startedAt, decisions },
      { id: "r2", startedAt, decisions },
      { id: "r3", startedAt },
    );
    const { stdout } = await run(runStats, "--by", "variant", "--json");
    expect(JSON.parse(stdout)).toMatchObject([
      { group: { variant: "ex/b" }, requests: 2 },
      { group: { variant: null }, requests: 1 },
    ]);
  });

  test("count for each version that went out, whichever was named", async () => {
    const startedAt = Date.now() - 1000;
    const sent = (templateId: string, version: string | null) => usedTemplate({ templateId, version });
    await store(
      { id: "r1", startedAt, templates: [sent("greeting-v1", "2"), sent("farewell", "1")] },
      { id: "r2", startedAt, templates: [sent("greeting", "2"), sent("greeting-v2", "2")] },
      { id: "r3", startedAt, templates: [sent("greeting", null)] },
    );
    const by = async (...more: string[]) =>
      JSON.parse((await run(runStats, "--by", "version", "--json", ...more)).stdout);
    expect(await by()).toMatchObject([
      { group: { version: "greeting-v2" }, requests: 2 },
      { group: { version: "farewell-v1" }, requests: 1 },
      { group: { version: null }, requests: 1 },
    ]);
    expect(await by("--version", "farewell-v1", "--order", "cost")).toMatchObject([
      { group: { version: "farewell-v1" }, requests: 1 },
      { group: { version: "greeting-v2" }, requests: 1 },
    ]);
  });

  test("count by groups, over the last day unless told otherwise", async () => {
    const now = Date.now();
    await store(
      { id: "r1", startedAt: now - 1000, model: "a", category: "timeout", cost: null },
      { id: "r2", startedAt: now - 1000, model: "a" },
      { id: "r3", startedAt: now - 30 * HOUR, model: "b" },
    );
    const { stdout } = await run(runStats, "--by", "model");
    const [time, empty, ...table] = stdout.trimEnd().split("\n");
    expect([time, empty]).toEqual([expect.stringMatching(/UTC to .* UTC$/), ""]);
    expect(table.map((line) => line.split(/ {2,}/))).toEqual([
      [
        "MODEL",
        "REQUESTS",
        "FAILED",
        "IN",
        "CACHED",
        "OUT",
        "COST",
        "P50",
        "P90",
        "P99",
        "FIRST TOKEN",
        "TOKENS/S",
      ],
      [
        "a",
        "2",
        "50.0 %",
        "20",
        "0",
        "10",
        "$0.250 (+1 ?)",
        "10 ms",
        "10 ms",
        "10 ms",
        "8 ms",
        expect.stringMatching(/^2[45]\d\d\.\d$/),
      ],
    ]);
    const rows = JSON.parse((await run(runStats, "--since", "7d", "--json")).stdout);
    expect(rows).toMatchObject([{ requests: 3, unpriced: 1 }]);
    for (const row of rows) expect(rowShape.parse(row)).toEqual(row);
    expect((await run(runStats, "--model", "none")).stdout).toContain("No such request is recorded");
  });
});

describe("feedback", () => {
  const item = { comment: null, source: "judge", keyId: null, receivedAt: Date.now() };
  beforeEach(async () => {
    const startedAt = Date.now() - 1000;
    await store(
      { id: "q1", startedAt, runId: "r", model: "a" },
      { id: "q2", startedAt, runId: "r", model: "b" },
    );
    const receivedAt = Date.now();
    await storage.feedback.add([
      { ...item, receivedAt, id: "1", target: "run", targetId: "r", name: "good", value: true },
      {
        ...item,
        receivedAt,
        id: "2",
        target: "request",
        targetId: "q1",
        name: "score",
        value: 2.5,
        comment: "a\u001b",
      },
    ]);
  });

  test("is listed, the newest first", async () => {
    expect(cells((await run(runFeedback)).stdout).map((row) => row.slice(1))).toEqual([
      ["ON", "NAME", "VALUE", "SOURCE", "COMMENT"],
      ["request q1", "score", "2.5", "judge", "a�"],
      ["run r", "good", "true", "judge", "-"],
    ]);
    const { stdout } = await run(runFeedback, "list", "--target", "run", "--json");
    expect(JSON.parse(stdout)).toMatchObject([{ name: "good", target_id: "r" }]);
    expect((await run(runFeedback, "--limit", "1")).stdout).toContain("There is more");
    expect((await run(runFeedback, "--name", "none")).stdout).toContain("There is no such feedback");
  });

  test("is counted by groups of the requests that it is about", async () => {
    const { stdout } = await run(runFeedback, "stats", "--by", "model");
    expect(cells(stdout).slice(2)).toEqual([
      ["MODEL", "NAME", "COUNT", "TRUE", "FALSE", "MEAN", "CORRECTIONS"],
      ["a", "good", "1", "1", "0", "-", "0"],
      ["a", "score", "1", "0", "0", "2.5", "0"],
      ["b", "good", "1", "1", "0", "-", "0"],
    ]);
    const json = await run(runFeedback, "stats", "--model", "b", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject([{ group: {}, name: "good", positive_rate: 1 }]);
    expect((await run(runFeedback, "stats", "--model", "none")).stdout).toContain("has such feedback");
  });
});

describe("a terminal of 80 characters", () => {
  test("has no longer lines, and is told what there was no room for", async () => {
    const id = "x".repeat(200);
    const odd = {
      agentId: id,
      model: id,
      provider: id,
      tags: [id],
      status: 502,
      error: "upstream_error",
    } as const;
    const startedAt = Date.now() - 1000;
    const usage = { input: 123_456_789, output: 98_765_432 };
    await store(
      { ...odd, id: "r1", runId: "r", startedAt, category: "upstream-failed", usage, cost: null },
      { id: "r2", runId: "r", parentId: "日本語🚋".repeat(20), startedAt },
    );
    await storage.feedback.add([
      {
        id: "1",
        target: "run",
        targetId: "r",
        name: id,
        value: id,
        comment: id,
        source: id,
        keyId: null,
        receivedAt: Date.now(),
      },
    ]);
    const commands: [Command, string[]][] = [
      [runRequests, []],
      [runRuns, []],
      [runRuns, ["show", "r"]],
      [runStats, ["--by", "provider,model,agent", "--interval", "1h"]],
      [runFeedback, []],
      [runFeedback, ["stats", "--by", "model,agent"]],
    ];
    for (const [command, argv] of commands) {
      const { stdout } = await runIn(80, command, ...argv);
      const lines = stdout
        .split("\n")
        .filter((line) => !line.startsWith("Feedback on the run") && line !== `  ${id}`);
      for (const line of lines) expect([line, Bun.stringWidth(line) <= 80]).toEqual([line, true]);
    }
    expect((await runIn(80, runRequests)).stdout).toContain("No room for IN, OUT, RUN.");
    expect((await run(runRequests)).stdout).not.toContain("No room");
  });
});

describe("export", () => {
  test("writes every request that is meant, oldest first, as lines or a table", async () => {
    await store(
      ...Array.from({ length: 1_100 }, (_, i) => ({
        id: `r${String(i).padStart(4, "0")}`,
        startedAt: T + i,
      })),
    );
    const { code, stdout } = await run(runExport, "--since", String(T + 1));
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect([code, lines.length, lines[0].request_id, lines.at(-1).request_id]).toEqual([
      0,
      1_099,
      "r0001",
      "r1099",
    ]);
    const table = (await run(runExport, "--format", "csv")).stdout.trimEnd().split("\r\n");
    expect([table.length, table[0]?.startsWith("id,request_id,"), table[1]?.includes(",r0000,")]).toEqual([
      1_101,
      true,
      true,
    ]);
  });
});

describe("called wrongly", () => {
  const wrong: [Command, string[], string][] = [
    [runRequests, ["delete"], "Unknown: requests delete."],
    [runRequests, ["show"], "takes one id"],
    [runRequests, ["show", "a", "b"], "takes one id"],
    [runRequests, ["show", "a", "--model", "b"], "Unknown"],
    [runRequests, ["--since", "yesterday"], "--since: expected 24h, 30m"],
    [runRequests, ["--limit", "0"], "--limit: expected a whole number from 1 to 100000"],
    [runRequests, ["--min-cost", "much"], "--min-cost: "],
    [runRequests, ["--colour", "red"], "--colour"],
    [runRuns, ["draw"], "Unknown: runs draw"],
    [runRuns, ["list", "a"], "Unknown: runs list a"],
    [runRuns, ["show"], "takes one id"],
    [runRuns, ["show", "a", "--limit", "3"], "Unknown"],
    [runRuns, ["--text", "x"], "--text"],
    [runRuns, ["--limit", "0"], "--limit: expected a whole number from 1 to 10000"],
    [runFeedback, ["send"], "Unknown: feedback send"],
    [runFeedback, ["list", "--by", "model"], "feedback list has no option --by"],
    [runFeedback, ["stats", "--target", "run"], "feedback stats has no option --target"],
    [runFeedback, ["--target", "tag"], "--target: expected one of request, run, thread"],
    [runFeedback, ["stats", "--by", "name"], "--by: expected some of model"],
    [runStats, ["--order", "size"], "--order: expected one of requests"],
    [runStats, ["today"], "Too much: today"],
    [runStats, ["--by", "colour"], "--by: expected some of model"],
    [runStats, ["--since", "1h", "--until", "2h"], "since must be before until"],
    [runStats, ["--interval", "1m", "--since", "90d"], "interval is too short"],
    [runExport, ["--format", "xml"], "--format: "],
    [runExport, ["all"], "Too much: all"],
  ];
  test.each(wrong)("%p %j exits with 2 and says why", async (command, argv, expected) => {
    const { code, stdout, stderr } = await run(command, ...argv);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(expected);
    expect(stderr).toMatch(/See: amsterdam (requests|runs|feedback|stats|export) --help/);
  });

  test("each command has its help", async () => {
    for (const command of [runRequests, runRuns, runFeedback, runStats, runExport]) {
      const { code, stdout } = await run(command, "--help");
      expect([code, stdout.includes("Usage:")]).toEqual([0, true]);
    }
  });
});
