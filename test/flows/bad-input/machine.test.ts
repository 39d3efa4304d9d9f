import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chat } from "../../support/chat.ts";
import { type Gateway, spawnAmsterdam, startGateway } from "../../support/gateway.ts";
import { startRawServer } from "../../support/raw-server.ts";

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** Runs `start` with a configuration that should keep it from starting; returns exit code and output. */
async function failToStart(
  config: (dir: string) => Record<string, unknown>,
): Promise<{ code: number; output: string }> {
  const dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
  dirs.push(dir);
  writeFileSync(join(dir, "amsterdam.yaml"), JSON.stringify(config(dir)));
  const { process: child, output } = spawnAmsterdam(dir, ["start", "--config", "amsterdam.yaml"], {
    AMP_API_KEY: "k".repeat(20),
  });
  return { code: await child.exited, output: output() };
}

describe("starting", () => {
  test("on a port in use fails and names the port", async () => {
    const taken = startRawServer(async () => {});
    const { code, output } = await failToStart(() => ({ server: { port: taken.port } }));
    taken.stop();
    expect(code).not.toBe(0);
    expect(output).toContain(String(taken.port));
    expect(output).toMatch(/in use/i);
    expect(output).not.toMatch(/^\s+at .*\.ts/m);
  });

  test("with a data folder that cannot be made fails and names it", async () => {
    const { code, output } = await failToStart((dir) => {
      writeFileSync(join(dir, "file"), "");
      return { server: { port: 0 }, storage: { url: `sqlite:${join(dir, "file", "amsterdam.db")}` } };
    });
    expect(code).not.toBe(0);
    expect(output).toContain(join("file", "amsterdam.db"));
    expect(output).not.toMatch(/^\s+at .*\.ts/m);
  });
});

describe("a full disk", () => {
  let gateway: Gateway;
  afterEach(() => gateway.stop());

  test.skipIf(process.platform !== "linux")("for logs costs log lines and nothing else", async () => {
    const dir = mkdtempSync(join(tmpdir(), "amsterdam-test-"));
    dirs.push(dir);
    symlinkSync("/dev/full", join(dir, "gateway.log"));
    gateway = await startGateway({ config: { logging: { file: { path: join(dir, "gateway.log") } } } });
    for (let n = 0; n < 20; n++) {
      expect((await chat(gateway, "demo", { body: { model: "echo" } })).status).toBe(200);
    }
  });
});
