import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../config/load.ts";
import { KNOWN_PROVIDERS } from "../providers/catalogue.ts";
import { type CommandIo, runCheck } from "./check.ts";
import { runInit } from "./init.ts";

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "amsterdam-cli-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function run(
  command: (argv: readonly string[], io: CommandIo) => number,
  argv: readonly string[],
  env: Record<string, string> = {},
): Run {
  let out = "";
  let err = "";
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const code = command(argv, { stdout, stderr, env, cwd });
  return { code, out, err };
}

describe("amsterdam check", () => {
  test("tells what a valid file makes the gateway do", () => {
    const text = `endpoints:
  - {path: /a, target_url: "https://h", forward_request_headers: [host]}
  - {path: /b, target_url: "https://h", enabled: false}
routes: {fast: {targets: [demo/echo]}}
server: {host: "::1"}
`;
    writeFileSync(join(cwd, "x.yaml"), text);
    const { code, out, err } = run(runCheck, ["x.yaml"], { OPENAI_API_KEY: "k", PORT: "99" });
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      `${join(cwd, "x.yaml")} is valid.`,
      "  listens on  [::1]:99",
      "  storage     sqlite:data/amsterdam.db",
      "  endpoints   1 (and 1 switched off)",
      "  routes      fast",
      "  providers   openai, demo",
      "",
    ]);
    expect(err).toBe(
      "warning: x.yaml:2:67  endpoints[0].forward_request_headers[0]: host belongs to the connection and is never forwarded\n",
    );
  });

  test("names every problem of an invalid one, and the environment's", () => {
    writeFileSync(join(cwd, "amsterdam.yaml"), "server: {prot: 1}\nglobal_timeout: 0\n");
    const { code, out, err } = run(runCheck, [], { PORT: "x" });
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err.trimEnd().split("\n")).toEqual([
      expect.stringMatching(
        /^amsterdam\.yaml:1:10 {2}server\.prot: found the unknown key "prot", .* \(did you mean "port"\?\)$/,
      ),
      "amsterdam.yaml:2:17  global_timeout: found 0, expected at least 1",
      'environment  PORT: found "x", expected a whole number from 0 to 65535',
      "3 problems.",
    ]);
  });

  test("fails for a named file that is not there, not for none at all", () => {
    expect(run(runCheck, ["none.yaml"])).toEqual({
      code: 1,
      out: "",
      err: "none.yaml  there is no such file\n1 problem.\n",
    });
    expect(run(runCheck, [])).toMatchObject({ code: 0, err: "" });
  });

  test("is told when it is called wrongly", () => {
    expect(run(runCheck, ["a", "b"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("One file at a time."),
    });
    expect(run(runCheck, ["--wat"]).code).toBe(2);
    expect(run(runCheck, ["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("Usage:") });
  });
});

describe("amsterdam init", () => {
  test("writes a file that check accepts and editors understand", () => {
    expect(run(runInit, [])).toMatchObject({ code: 0, err: "" });
    const text = readFileSync(join(cwd, "amsterdam.yaml"), "utf8");
    const reference = /^# yaml-language-server: \$schema=(.*)\n/.exec(text)?.[1];
    expect(reference).toBe("./amsterdam.schema.json");
    expect(JSON.parse(readFileSync(join(cwd, "amsterdam.schema.json"), "utf8"))).toHaveProperty(
      "properties.endpoints",
    );
    expect(run(runCheck, ["amsterdam.yaml"])).toMatchObject({ code: 0, err: "" });
  });

  test("shows every setting: without its comment marks the file is valid, and the defaults are the defaults", () => {
    run(runInit, ["x.yaml"]);
    const text = readFileSync(join(cwd, "x.yaml"), "utf8");
    writeFileSync(join(cwd, "all.yaml"), text.replace(/^#(?! )/gm, "").replace(/^# {2}/gm, "  "));
    const load = (path?: string) => loadConfig({ path, env: {}, cwd, knownProviders: KNOWN_PROVIDERS });
    const all = load("all.yaml");
    const none = load();
    if (!all.ok || !none.ok) throw new Error(JSON.stringify(all));
    // What has no defaults is an example.
    const { endpoints, providers, routes, aliases, models, logging, prices, ...others } = all.config;
    const { connections, ...amp } = others.amp;
    const { capture, redact, ...records } = others.records;
    const { endpoint, resource_attributes, ...otlp } = others.telemetry.otlp;
    expect(none.config).toMatchObject({ ...others, amp, records, telemetry: { otlp } });
    expect([endpoint, Object.keys(resource_attributes)]).toEqual([
      "http://127.0.0.1:4318",
      ["deployment.environment.name"],
    ]);
    expect([capture.length, redact.length, Object.keys(prices)]).toEqual([1, 2, ["local/llama-3.1-8b"]]);
    expect(connections.map(({ id }) => id)).toEqual(["github"]);
    expect(endpoints).toHaveLength(1);
    expect(Object.keys(providers)).toEqual(["local"]);
    expect(Object.keys(routes)).toEqual(["fast"]);
    expect([Object.keys(aliases), Object.keys(models)]).toEqual([
      ["claude-3-5-haiku*", "gpt-4o"],
      ["local/llama-3.1-8b"],
    ]);
    expect(logging.file?.path).toBe("logs/amsterdam.log");
  });

  test("replaces nothing unless told to", () => {
    writeFileSync(join(cwd, "amsterdam.yaml"), "# mine\n");
    expect(run(runInit, [])).toMatchObject({
      code: 1,
      err: "amsterdam.yaml is there already; --force replaces it.\n",
    });
    expect(readFileSync(join(cwd, "amsterdam.yaml"), "utf8")).toBe("# mine\n");
    expect(existsSync(join(cwd, "amsterdam.schema.json"))).toBe(false);
    expect(run(runInit, ["--force"]).code).toBe(0);
    expect(readFileSync(join(cwd, "amsterdam.yaml"), "utf8")).toContain("#server:");
  });

  test("says why it cannot write", () => {
    expect(run(runInit, ["none/x.yaml"])).toMatchObject({
      code: 1,
      err: "The folder of none/x.yaml does not exist.\n",
    });
    expect(run(runInit, [".", "--force"]).err).toStartWith(". is a folder; name a file in it");
    expect(run(runInit, ["a", "b"]).code).toBe(2);
    expect(run(runInit, ["-h"])).toMatchObject({ code: 0, out: expect.stringContaining("Usage:") });
  });
});
