import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";
import { callTemplated, TEMPLATED_CALLS } from "../../support/templated-calls.ts";
import { until } from "../../support/until.ts";

const chat = TEMPLATED_CALLS[0]!;
const OWN = { template: "Hello {{ name }}!", template_id: "greeting-v1", variables: { name: "Ada" } };
/** A change is to act everywhere within a second; this machine may be busy. */
const SOON_MS = 1_500;

let postgres: PostgresServer;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-two-"));
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const STORAGES = [
  { kind: "SQLite", url: () => `sqlite:${join(folder, "shared.db")}` },
  { kind: "PostgreSQL", url: () => postgres.url("postgres") },
];

async function served(gateway: Gateway, run = "run-1"): Promise<string> {
  const { status, headers } = await callTemplated(gateway, chat, OWN, { body: { run_id: run } });
  expect(status).toBe(200);
  return `${headers.get("x-amsterdam-template")} ${headers.get("x-amsterdam-variant") ?? ""}`.trim();
}

async function soon(what: string, gateway: Gateway, expected: string): Promise<void> {
  const startedAt = performance.now();
  await until(what, async () => (await served(gateway)) === expected);
  expect(performance.now() - startedAt).toBeLessThan(SOON_MS);
}

describe.each(STORAGES)("two gateways on one $kind", ({ url }) => {
  let first: Gateway;
  let second: Gateway;
  beforeAll(async () => {
    const start = () => startGateway({ config: { storage: { url: url() } } });
    first = await start();
    second = await start();
    await admin(first, "POST", "/prompts", { name: "greeting", version: "1", text: OWN.template });
    await admin(first, "POST", "/prompts/greeting/versions", { version: "2", text: "Hi {{ name }}" });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([first.stop(), second.stop()]);
  });

  test("a label that one moves acts on the other within a second, and so does a pin", async () => {
    expect(await served(second)).toBe("greeting-v1");
    await admin(first, "PUT", "/prompts/greeting/labels/production", { version: "2" });
    expect(await served(first)).toBe("greeting-v2");
    await soon("the label is followed", second, "greeting-v2");
    await admin(second, "PUT", "/prompts/greeting/pin", { version: "1" });
    await soon("the pin is followed", first, "greeting-v1");
    await admin(first, "DELETE", "/prompts/greeting/pin");
    await soon("the pin's end is followed", second, "greeting-v2");
    await admin(first, "DELETE", "/prompts/greeting/labels/production");
    await soon("the label's end is followed", second, "greeting-v1");
  });

  test("what one captured is served by the other when it is named, and known to both when it is labelled", async () => {
    const message = { ...OWN, template_id: "seen-v1" };
    expect((await callTemplated(first, chat, message)).status).toBe(200);
    await until("the other has it", async () => {
      const { status } = await callTemplated(second, chat, {
        template_id: "seen-v1",
        variables: { name: "Bo" },
      });
      return status === 200;
    });
  });

  test("both give a unit the same variant, through a switch and to the end", async () => {
    const { id } = await admin<{ id: string }>(first, "POST", "/experiments", {
      template: "greeting",
      variants: [
        { name: "plain", version: "1" },
        { name: "warm", version: "2" },
      ],
      metric: { name: "helpful" },
      start: true,
    });
    await until("the other knows", async () => (await served(second)).includes(" "));
    const runs = Array.from({ length: 60 }, (_, i) => `run-${i}`);
    const variantsAt = (gateway: Gateway) => Promise.all(runs.map((run) => served(gateway, run)));
    const variants = await variantsAt(first);
    expect(await variantsAt(second)).toEqual(variants);
    expect(new Set(variants)).toEqual(new Set(["greeting-v1 plain", "greeting-v2 warm"]));

    await admin(second, "POST", `/experiments/${id}/variants/warm/switch-off`, {});
    const after = runs.map(() => "greeting-v1 plain");
    expect(await variantsAt(second)).toEqual(after);
    await until("the switch is followed", async () =>
      (await variantsAt(first)).every((one) => one === after[0]),
    );
    await admin(first, "POST", `/experiments/${id}/end`);
    await soon("the end is followed", second, "greeting-v1");
  });
});

test("a PostgreSQL that is away leaves what was served in force, logs once, and makes nobody wait", async () => {
  const server = await startPostgres();
  const gateway = await startGateway({ config: { storage: { url: server.url("postgres") } } });
  try {
    await admin(gateway, "POST", "/prompts", { name: "greeting", version: "1", text: OWN.template });
    await admin(gateway, "POST", "/prompts/greeting/versions", { version: "2", text: "Hi {{ name }}" });
    await admin(gateway, "PUT", "/prompts/greeting/labels/production", { version: "2" });
    expect(await served(gateway)).toBe("greeting-v2");
    await server.stop("immediate");
    const prompts = () =>
      gateway.logs().filter(({ message, msg }) => String(message ?? msg).includes("The prompts"));
    await until("it is noticed", () => prompts().length > 0);
    let slowest = 0;
    for (let i = 0; i < 50; i++) {
      const startedAt = performance.now();
      expect(await served(gateway, `away-${i}`)).toBe("greeting-v2");
      // Another text of it, which waits to be captured.
      await callTemplated(gateway, chat, { ...OWN, template_id: `new${i}-v1` });
      // OpenAI's own prompts are none of ours.
      const { status } = await callTemplated(
        gateway,
        TEMPLATED_CALLS[1]!,
        {},
        {
          body: { input: "hi", prompt: { id: "pmpt_1", version: "1" } },
        },
      );
      expect(status).not.toBe(503);
      slowest = Math.max(slowest, performance.now() - startedAt);
    }
    expect(slowest).toBeLessThan(1_000);
    expect(prompts()).toHaveLength(1);
    await server.start();
    await until("it is back", () => prompts().length === 2);
    await until("what waited is captured", () =>
      admin(gateway, "GET", "/prompts/new7").catch(() => undefined),
    );
    await admin(gateway, "DELETE", "/prompts/greeting/labels/production");
    await soon("changes act again", gateway, "greeting-v1");
  } finally {
    await gateway.stop();
    await server.stop();
  }
}, 90_000);
