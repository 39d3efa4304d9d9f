import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema, type LoggingConfig } from "../config/schema.ts";
import { createLogger } from "./logger.ts";
import { testTrace } from "./test-trace.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-logger-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const settings = (changes: object = {}): LoggingConfig => configSchema.parse({ logging: changes }).logging;

/** A screen that remembers what was shown. */
function screen() {
  const shown = {
    text: "",
    lines: () => shown.text.split("\n").slice(0, -1),
    write(chunk: Uint8Array, done: (error?: Error | null) => void) {
      shown.text += Buffer.from(chunk).toString();
      setImmediate(done);
      return true;
    },
    on: () => shown,
  };
  return shown;
}

describe("the logger", () => {
  test("writes what reaches the level, as JSON where nobody looks", async () => {
    const stdout = screen();
    const log = createLogger(settings({ level: "warn" }), { stdout, isTty: false });
    log.debug("no");
    log.info("no");
    log.warn("yes", { a: 1 });
    log.error("yes");
    log.setLevel("debug");
    log.debug("yes");
    log.setLevel("off");
    log.error("no");
    await log.flush();
    expect(stdout.lines().map((line) => JSON.parse(line))).toMatchObject([
      { level: "warn", msg: "yes", a: 1 },
      { level: "error", msg: "yes" },
      { level: "debug", msg: "yes" },
    ]);
    expect(stdout.text).not.toContain('"no"');
  });

  test.each<[string, boolean, RegExp]>([
    ["auto", true, /^\d\d:\d\d:\d\d\.\d{3} INFO {2}Ready\. port=1\n$/],
    ["auto", false, /^\{"time":/],
    ["pretty", false, /^\d\d:\d\d/],
    ["json", true, /^\{"time":/],
  ])("format %s with a terminal: %p", async (format, isTty, expected) => {
    const stdout = screen();
    const log = createLogger(settings({ format }), { stdout, isTty, colour: false });
    log.info("Ready.", { port: 1 });
    await log.close();
    expect(stdout.text).toMatch(expected);
  });

  test("a terminal and the file both get every line, each in its own format", async () => {
    const stdout = screen();
    const path = join(folder, "logs", "a.log");
    const log = createLogger(settings({ file: { path } }), { stdout, isTty: true, colour: false });
    log.info("Ready.", { authorization: "Bearer verysecret" });
    log.requestLine(testTrace({}));
    await log.close();
    expect(stdout.text).toMatch(
      /INFO {2}Ready\. authorization=\[redacted\]\n.*INFO {2}POST \/v1\/chat\/completions 200/,
    );
    const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["Ready.", "request"]);
    expect(stdout.text + lines.join()).not.toContain("verysecret");
  });

  test("request lines can be switched off, and obey the level", async () => {
    const stdout = screen();
    const silent = createLogger(settings({ requests: false }), { stdout, isTty: false });
    silent.requestLine(testTrace({}));
    await silent.close();
    const warnings = createLogger(settings({ level: "warn" }), { stdout, isTty: false });
    warnings.requestLine(testTrace({}));
    warnings.requestLine(
      testTrace({ status: 502, error: "upstream_error", errorCategory: "upstream-failed" }),
    );
    await warnings.close();
    expect(stdout.lines().map((line) => JSON.parse(line).status)).toEqual([502]);
  });

  test("a file that cannot be written is told once, keeps its lines, and gets them when it can be", async () => {
    const stdout = screen();
    writeFileSync(join(folder, "sub"), "a file where the folder should be");
    const path = join(folder, "sub", "a.log");
    const log = createLogger(settings({ file: { path } }), { stdout, isTty: false });
    for (let index = 0; index < 3; index++) {
      log.info("kept", { index });
      await log.flush();
    }
    expect(log.status().fileError).toMatch(/EEXIST|ENOTDIR/);
    rmSync(join(folder, "sub"));
    await log.flush();
    await log.close();
    const kept = readFileSync(path, "utf8").split("\n").slice(0, -1);
    expect(kept.map((line) => JSON.parse(line).index)).toEqual([0, 1, 2]);
    const told = stdout
      .lines()
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg.includes("log file"));
    expect(told.map(({ level }) => level)).toEqual(["warn", "info"]);
    expect(log.status()).toEqual({ dropped: 0, losing: false, fileError: null });
  });

  test("a full device behind the file neither throws nor stops the screen", async () => {
    const stdout = screen();
    const log = createLogger(settings({ file: { path: "/dev/full" } }), { stdout, isTty: false });
    for (let index = 0; index < 100; index++) log.info("shown", { index });
    await log.close();
    expect(stdout.lines().filter((line) => line.includes('"shown"'))).toHaveLength(100);
    expect(log.status().dropped).toBe(100);
    expect(log.status().fileError).toContain("ENOSPC");
  });
});

/** Runs a program that logs in a process of its own, under a shell's redirections and limits. */
function run(program: string, shell: (command: string) => string) {
  const path = join(folder, "program.ts");
  const logger = JSON.stringify(join(import.meta.dir, "logger.ts"));
  const file = JSON.stringify({
    path: join(folder, "logs", "a.log"),
    max_size_mb: 100,
    max_age_days: 1,
    max_files: 3,
  });
  writeFileSync(
    path,
    `import { createLogger } from ${logger};
     const file = ${file};
     const settings = { level: "info", format: "json", console: true, requests: true };
     const open = (changes = {}) => createLogger({ ...settings, ...changes }, { stdout: process.stdout, isTty: false });
     ${program}`,
  );
  return Bun.spawn(["sh", "-c", shell(`'${process.execPath}' '${path}'`)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
}

const fileLines = () =>
  readFileSync(join(folder, "logs", "a.log"), "utf8")
    .split("\n")
    .slice(0, -1);

describe("a process that logs", () => {
  test("goes on when standard output is full", async () => {
    const child = run(
      `const log = open({ file });
       for (let index = 0; index < 50; index++) { log.info("line", { index }); await Bun.sleep(5); }
       await log.close();
       console.error("survived", log.status().dropped);`,
      (command) => `${command} > /dev/full`,
    );
    expect(await child.stderr.text()).toStartWith("survived 50");
    expect(await child.exited).toBe(0);
    expect(fileLines()).toHaveLength(50);
  });

  test("goes on when the reader of its output has gone", async () => {
    const child = run(
      `const log = open({ file });
       for (let index = 0; index < 50; index++) { log.info("line", { index }); await Bun.sleep(5); }
       await log.close();`,
      (command) => `(${command}; echo $? > '${folder}/code') | true`,
    );
    await child.exited;
    for (let tries = 0; tries < 100 && !readdirSync(folder).includes("code"); tries++) await Bun.sleep(50);
    expect(readFileSync(join(folder, "code"), "utf8")).toBe("0\n");
    expect(fileLines()).toHaveLength(50);
  });

  test("does not wait for a reader that stalls, and ends in time", async () => {
    const child = run(
      `const log = open();
       let longest = 0;
       for (let index = 0; index < 200; index++) {
         const start = performance.now();
         for (let each = 0; each < 20; each++) log.info("line " + "x".repeat(1000), { index });
         longest = Math.max(longest, performance.now() - start);
         await Bun.sleep(1);
       }
       const start = performance.now();
       await log.close();
       console.error(JSON.stringify({ longest, close: performance.now() - start, dropped: log.status().dropped }));
       process.exit(0);`,
      (command) => `${command} | sleep 3`,
    );
    const { longest, close, dropped } = JSON.parse(await child.stderr.text());
    expect(longest).toBeLessThan(200);
    expect(close).toBeLessThan(2000);
    expect(dropped).toBeGreaterThan(3000);
    child.kill();
  }, 15_000);

  test("survives a file that takes only half a line: no line is torn, and none is lost once there is room", async () => {
    // The system takes what fits into 8 KB and refuses the rest, as a full disk does.
    const child = run(
      `const log = open({ file });
       for (let index = 0; index < 100; index++) log.info("line", { index, pad: "x".repeat(50) });
       await log.flush();
       console.error(log.status().fileError);
       for await (const _ of process.stdin) break;
       await log.close();
       console.error(JSON.stringify(log.status()));
       process.exit(0);`,
      (command) => `trap '' XFSZ; ulimit -f 16; exec ${command} > /dev/null`,
    );
    const messages = child.stderr.getReader();
    const nextMessage = async () => Buffer.from((await messages.read()).value ?? []).toString();
    expect(await nextMessage()).toContain("EFBIG");
    const path = join(folder, "logs", "a.log");
    const before = fileLines();
    expect(before.length).toBeGreaterThan(50);
    expect(before.length).toBeLessThan(100);
    renameSync(path, `${path}.full`);
    child.stdin.write("go\n");
    child.stdin.flush();
    expect(JSON.parse(await nextMessage())).toEqual({ dropped: 0, losing: false, fileError: null });
    const indexes = [...before, ...fileLines()].map((line) => JSON.parse(line).index);
    expect(indexes).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await child.exited;
  });

  test("killed without warning it loses at most the last 100 ms", async () => {
    const child = run(
      `const log = open({ file });
       let index = 0;
       setInterval(() => log.info("line", { index: index++, at: Date.now() }), 2);`,
      (command) => `exec ${command} > /dev/null`,
    );
    await Bun.sleep(1500);
    const killedAt = Date.now();
    child.kill("SIGKILL");
    await child.exited;
    const lines = fileLines().map((line) => JSON.parse(line) as { index: number; at: number });
    expect(lines.map(({ index }) => index)).toEqual(lines.map((_, index) => index));
    expect(killedAt - lines.at(-1)!.at).toBeLessThanOrEqual(120);
  });

  test("that simply ends has written everything", async () => {
    const child = run(`open({ file }).info("only line");`, (command) => `exec ${command}`);
    expect(JSON.parse(await child.stdout.text()).msg).toBe("only line");
    expect(await child.exited).toBe(0);
    expect(fileLines()).toHaveLength(1);
  });
});
