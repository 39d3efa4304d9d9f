import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pkg from "../../package.json" with { type: "json" };
import { until } from "../support/until.ts";

const root = join(import.meta.dirname, "../..");
let dir: string;
let executable: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "amsterdam-executable-"));
  executable = join(dir, "bin", "amsterdam");
  const build = Bun.spawn([process.execPath, "scripts/build.ts", executable], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const errors = await build.stderr.text();
  expect(await build.exited, errors).toBe(0);
});
afterAll(() => rmSync(dir, { recursive: true }));

/** A new empty folder. */
function folder(): string {
  return mkdtempSync(join(dir, "folder-"));
}

function spawn(cwd: string, args: string[], env: Record<string, string> = {}) {
  const child = Bun.spawn([executable, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const collect = async (from: ReadableStream<Uint8Array>) => {
    for await (const bytes of from) text += Buffer.from(bytes).toString();
  };
  const read = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const ended = async () => {
    await read;
    return [await child.exited, text] as const;
  };
  return { child, output: () => text, ended };
}

test("the build leaves one file and nothing beside it", () => {
  expect(readdirSync(join(dir, "bin"))).toEqual(["amsterdam"]);
});

test("--version and --help answer without anything around", async () => {
  expect(await spawn(folder(), ["--version"]).ended()).toEqual([0, `${pkg.version}\n`]);
  const [code, text] = await spawn(folder(), ["--help"]).ended();
  expect([code, text]).toEqual([0, expect.stringContaining("amsterdam health")]);
});

test("check names what is wrong with its place", async () => {
  const cwd = folder();
  writeFileSync(join(cwd, "proxy_config.yaml"), "global_timeout: 0\n");
  expect(await spawn(cwd, ["check"]).ended()).toEqual([
    1,
    "proxy_config.yaml:1:17  global_timeout: found 0, expected at least 1\n1 problem.\n",
  ]);
});

test("init writes a file and the schema that it names, both of them valid", async () => {
  const cwd = folder();
  expect((await spawn(cwd, ["init"]).ended())[0]).toBe(0);
  expect(readdirSync(cwd).sort()).toEqual(["amsterdam.schema.json", "amsterdam.yaml"]);
  expect((await spawn(cwd, ["check"]).ended())[0]).toBe(0);
});

test("it starts, answers, counts tokens, is healthy, makes keys, and ends with 0 at SIGTERM", async () => {
  const cwd = folder();
  // What the runtime would read by itself if it were let.
  writeFileSync(join(cwd, ".env.local"), "AMP_API_KEY=key-of-env-local-0000\n");
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./none.ts"]\n');
  const provider = "{base_url: 'http://127.0.0.1:9/v1', formats: [openai-chat]}";
  writeFileSync(join(cwd, "amsterdam.yaml"), `providers: {local: ${provider}}\n`);
  const { child, output, ended } = spawn(cwd, [], { PORT: "0" });
  const [, url = ""] = await until("it prints its address", () => {
    if (child.exitCode !== null) throw new Error(output());
    return /listens on (http:\/\/127\.0\.0\.1:\d+)/.exec(output());
  });
  const key = await until("it prints its key", () => /ams_\w+/.exec(output())?.[0]);
  const ask = (name: string) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${name}` },
      body: JSON.stringify({ model: "demo/echo", messages: [{ role: "user", content: "Hello" }] }),
    });
  expect(await (await ask(key)).text()).toContain("You said: Hello");
  expect((await ask("key-of-env-local-0000")).status).toBe(401);
  expect(existsSync(join(cwd, "data", "amsterdam.db"))).toBe(true);

  // The tokenizer is a thread of its own, which has to be in the executable too.
  const counted = await fetch(`${url}/v1/messages/count_tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "local/any", messages: [{ role: "user", content: "Hello" }] }),
  });
  const { input_tokens } = (await counted.json()) as { input_tokens?: unknown };
  expect([counted.status, input_tokens]).toEqual([200, expect.any(Number)]);

  expect(await spawn(cwd, ["health", "--url", url]).ended()).toEqual([0, `${url} is ready.\n`]);
  const [, created] = await spawn(cwd, ["keys", "create"]).ended();
  const second = /ams_\w+/.exec(created)?.[0] ?? "";
  await until("the new key is known", async () => (await ask(second)).status === 200);

  child.kill("SIGTERM");
  expect((await ended())[0], output()).toBe(0);
  expect((await spawn(cwd, ["health", "--url", url]).ended())[0]).toBe(1);
});

test("demo ends with 0 at SIGTERM, which the first process of a container must handle itself", async () => {
  const { child, output, ended } = spawn(folder(), ["demo"]);
  await until("it prints its address", () => output().includes("listens on"));
  child.kill("SIGTERM");
  expect((await ended())[0]).toBe(0);
});
