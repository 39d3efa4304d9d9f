import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { levelOfRustLog, loadDotEnv, readEnvironment } from "./env.ts";
import { formatProblem } from "./problems.ts";
import { configIn, problemsIn, warningsIn } from "./testing.ts";

describe("the environment", () => {
  test("wins over the file", () => {
    const text = "server: {host: 0.0.0.0, port: 1}\nlogging: {level: error}\n";
    const config = configIn(text, { HOST: "::1", PORT: "8080", LOG_LEVEL: "Debug", RUST_LOG: "trace" });
    expect(config.server).toMatchObject({ host: "::1", port: 8080 });
    expect(config.logging.level).toBe("debug");
  });

  test("does not count where it is empty", () => {
    expect(
      configIn("server: {port: 1}", { HOST: "", PORT: "", LOG_LEVEL: "", RUST_LOG: "" }).server.port,
    ).toBe(1);
  });

  test.each([
    ["PORT", "80a", 'environment  PORT: found "80a", expected a whole number from 0 to 65535'],
    ["PORT", "70000", 'environment  PORT: found "70000", expected a whole number from 0 to 65535'],
    ["PORT", "-1", 'environment  PORT: found "-1", expected a whole number from 0 to 65535'],
    ["HOST", "http://x", 'environment  HOST: found "http://x", expected an IP address or a host name'],
    ["HOST", "999.0.0.1", 'environment  HOST: found "999.0.0.1", expected an IP address or a host name'],
    [
      "LOG_LEVEL",
      "debgu",
      'environment  LOG_LEVEL: found "debgu", expected one of trace, debug, info, warn, error, off (did you mean "debug"?)',
    ],
  ])("%s=%s is a problem that names the variable", (name, value, problem) => {
    expect(problemsIn("", { [name]: value })).toEqual([problem]);
  });

  test("names the storage, also where the file names another", () => {
    const DATABASE_URL = "postgres://u:p%40ss@h/d?sslmode=require";
    expect(configIn("storage: {url: 'sqlite:a.db'}", { DATABASE_URL }).storage.url).toBe(DATABASE_URL);
    expect(configIn("storage: {url: 'sqlite:a.db'}", { DATABASE_URL: "" }).storage.url).toBe("sqlite:a.db");
  });

  test.each([
    [
      "mysql://root:hunter2@h/d",
      'found a URL that begins with "mysql:", expected sqlite:<file> or postgres://',
    ],
    ["hunter2@h/d", "found a text without a scheme, expected sqlite:<file> or postgres://"],
    ["postgres://u:hunter2#@h/d", 'found a URL that begins with "postgres:", expected postgres://'],
    ["postgresql://u:hunter2%@h/d", '"%" itself is written %25'],
  ])("a DATABASE_URL of %s is a problem, told without its password", (url, words) => {
    const [problem] = problemsIn("", { DATABASE_URL: url });
    expect(problem).toStartWith("environment  DATABASE_URL: ");
    expect(problem).toContain(words);
    expect(problem).not.toContain("hunter2");
  });

  test("is told of a gateway key that nobody could present, without the key", () => {
    expect(problemsIn("", { ADDITIONAL_API_KEYS: "fine,kéy" })).toEqual([
      "environment  ADDITIONAL_API_KEYS #2 must be at most 512 printable ASCII characters.",
    ]);
  });

  test("is reported together with the file's problems", () => {
    expect(problemsIn("server: {port: x}", { PORT: "y" })).toHaveLength(2);
  });

  test("may hold a RUST_LOG of other programs, which is only a warning", () => {
    const warning = 'environment  RUST_LOG: found "my_crate", expected a level such as info; it is ignored';
    expect(warningsIn("", { RUST_LOG: "my_crate" })).toEqual([warning]);
  });

  test.each([
    ["info", "info"],
    ["INFO", "info"],
    ["warning", "warn"],
    ["info,tower=warn", "info"],
    ["tower=warn,debug", "debug"],
    ["amp_server=debug", "debug"],
    ["tower_http=trace,amp_server=debug", "debug"],
    ["amp_server::proxy=trace", "trace"],
    ["tower=warn,hyper=error", "warn"],
    ["off", "off"],
    ["tower", undefined],
    ["", undefined],
  ])("RUST_LOG=%s means %s", (directives, level) => {
    expect(levelOfRustLog(directives) as string | undefined).toBe(level);
  });

  test("of host names takes what can be listened on", () => {
    for (const host of ["127.0.0.1", "::", "localhost", "gateway.internal", "my_pod-1"]) {
      expect(readEnvironment({ HOST: host }).problems.map(formatProblem)).toEqual([]);
    }
    for (const host of ["[::1]", "a b", "host:80", "-", "a..b", "1.2.3"]) {
      expect(readEnvironment({ HOST: host }).problems).toHaveLength(1);
    }
  });
});

describe("the .env file", () => {
  let cwd: string;
  beforeAll(() => {
    cwd = mkdtempSync(join(tmpdir(), "amsterdam-env-"));
  });
  afterAll(() => rmSync(cwd, { recursive: true }));

  test("need not be there, and may be a folder", () => {
    expect(loadDotEnv(cwd)).toEqual({ values: {}, problems: [] });
    mkdirSync(join(cwd, ".env"));
    expect(loadDotEnv(cwd)).toEqual({ values: {}, problems: [] });
    rmSync(join(cwd, ".env"), { recursive: true });
  });

  test("gives its variables as they are", () => {
    writeFileSync(join(cwd, ".env"), '\ufeffA=1\nexport B="x # y" # note\n# C=no\nD=$A\nE=a=b\nF=\n');
    expect(loadDotEnv(cwd).values).toEqual({ A: "1", B: "x # y", D: "$A", E: "a=b", F: "" });
  });
});
