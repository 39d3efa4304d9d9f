import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runHealth } from "./health.ts";

let cwd: string;
let answer: () => Response | Promise<Response>;
let asked: string[];
let server: Bun.Server<undefined>;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "amsterdam-health-"));
  asked = [];
  answer = () => Response.json({ status: "ready", timestamp: "2026-01-01T00:00:00Z" });
  server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    idleTimeout: 0,
    fetch(request) {
      asked.push(new URL(request.url).pathname);
      return answer();
    },
  });
});
afterEach(async () => {
  await server.stop(true);
  rmSync(cwd, { recursive: true });
});

async function run(argv: readonly string[], env: Record<string, string> = {}) {
  let out = "";
  let err = "";
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const code = await runHealth(argv, { stdout, stderr, env, cwd });
  return { code, out, err };
}

const address = () => `http://127.0.0.1:${server.port}`;

describe("amsterdam health", () => {
  test("succeeds for a gateway that is ready", async () => {
    expect(await run(["--url", `${address()}/`])).toEqual({
      code: 0,
      out: `${address()} is ready.\n`,
      err: "",
    });
    expect(asked).toEqual(["/health/ready"]);
  });

  test("asks below the path of a gateway behind another server", async () => {
    expect((await run(["--url", `${address()}/llm`])).code).toBe(0);
    expect(asked).toEqual(["/llm/health/ready"]);
  });

  test("fails, with the cause, for one that is not", async () => {
    answer = () => Response.json({ status: "not ready", cause: "draining" }, { status: 503 });
    expect(await run(["--url", address()])).toEqual({
      code: 1,
      out: "",
      err: `${address()}: not ready, draining\n`,
    });
  });

  test.each([
    ["a page", () => new Response("<html>")],
    ["JSON without a status", () => Response.json({ ok: true })],
    ["null", () => Response.json(null)],
    ["a body without an end", () => new Response("x".repeat(100_000))],
  ])("takes %s for another server's answer", async (_, given) => {
    answer = given;
    expect(await run(["--url", address()])).toMatchObject({
      code: 1,
      err: `${address()}: answered 200, and not as a gateway does\n`,
    });
  });

  test("fails where nothing answers, or not in time", async () => {
    answer = () => new Promise(() => {});
    const late = await run(["--url", address(), "--timeout", "0.05"]);
    expect(late).toEqual({ code: 1, out: "", err: `${address()}: no answer within 0.05 s\n` });
    const gone = address();
    await server.stop(true);
    const { code, err } = await run(["--url", gone]);
    expect(code).toBe(1);
    expect(err).toStartWith(`${gone}: no answer (`);
  });

  test("asks where HOST and PORT say, whatever the file says", async () => {
    writeFileSync(join(cwd, "amsterdam.yaml"), "server: {port: broken");
    const env = { HOST: "0.0.0.0", PORT: String(server.port) };
    expect(await run([], env)).toMatchObject({ code: 0, out: `${address()} is ready.\n` });
  });

  test("asks where the configuration says", async () => {
    writeFileSync(join(cwd, "proxy_config.yaml"), `server: {port: ${server.port}}`);
    expect((await run([])).code).toBe(0);
    writeFileSync(join(cwd, "other.yaml"), `server: {port: ${server.port}}`);
    writeFileSync(join(cwd, "proxy_config.yaml"), "server: {port: 1}");
    expect((await run(["--config", "other.yaml"])).code).toBe(0);
  });

  test("says so when the address cannot be known", async () => {
    expect(await run([], { PORT: "0" })).toMatchObject({ code: 1, err: expect.stringContaining("--url") });
    writeFileSync(join(cwd, "amsterdam.yaml"), "server: {prot: 1}");
    const { code, err } = await run([]);
    expect(code).toBe(1);
    expect(err).toContain("amsterdam.yaml:1:10");
    expect(err).toContain("--url names it");
  });

  test("asks directly, also where HTTP_PROXY is set", async () => {
    const script = `import { runHealth } from ${JSON.stringify(join(import.meta.dir, "health.ts"))};
      const { stdout, stderr } = process;
      process.exit(await runHealth(["--url", ${JSON.stringify(address())}], { stdout, stderr, env: {}, cwd: "." }));`;
    const child = Bun.spawn([process.execPath, "-e", script], {
      env: { ...process.env, HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" },
    });
    expect(await child.exited).toBe(0);
  });

  test.each([
    [["--url", "ftp://x"]],
    [["--url", "x"]],
    [["--timeout", "0"]],
    [["--timeout", "soon"]],
    [["--wat"]],
    [["x"]],
  ])("%j is wrong usage", async (argv) => {
    const { code, err } = await run(argv);
    expect(code).toBe(2);
    expect(err).toContain("See: amsterdam health --help");
  });

  test("has help", async () => {
    expect(await run(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("Usage:") });
  });
});
