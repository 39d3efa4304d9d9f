import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { startPostgres } from "../../support/postgres.ts";
import { callTemplated, TEMPLATED_CALLS } from "../../support/templated-calls.ts";
import { until } from "../../support/until.ts";

// What a client says may stand nowhere that the configuration does not allow it to.

const call = TEMPLATED_CALLS[0]!;
const VALUE = "value-hush-5521";
const SOURCE = "source-hush-7734";
const CONTENT = "content-hush-9902";
const variables = { name: VALUE };

/** Requests of all fortunes that name it all; each says so in its id. */
const REQUESTS: readonly (readonly [status: number, message: Record<string, unknown>])[] = [
  [200, { template: `${SOURCE} {{ name }}`, template_id: "rendered-v1", variables }],
  [200, { template: `${SOURCE} {{ name }}`, template_id: "drifted-v1", variables, content: CONTENT }],
  [200, { template: `{% ${SOURCE} %}`, template_id: "wrong-v1", variables, content: CONTENT }],
  [200, { template: `{{ name | ${SOURCE} }}`, template_id: "filter-v1", variables, content: CONTENT }],
  [
    200,
    { template: `{{ name | sum: "${SOURCE}" }}`, template_id: "failing-v1", variables, content: CONTENT },
  ],
  [
    200,
    {
      template: `{{ ${SOURCE.replaceAll("-", "_")} }}`,
      template_id: "missing-v1",
      variables,
      content: CONTENT,
    },
  ],
  [400, { template: `{% ${SOURCE} %}`, template_id: "wrong-v1", variables }],
  [400, { template: `{{ ${SOURCE.replaceAll("-", "_")} }}`, variables }],
  [200, { template: SOURCE, template_id: SOURCE.repeat(20), variables, content: CONTENT }],
  [200, { template_id: "tried-v1", variables: { name: VALUE, word: VALUE }, content: CONTENT }],
];

async function sendAll(gateway: Gateway): Promise<void> {
  await admin(gateway, "POST", "/prompts", { name: "tried", version: "1", text: "plain" });
  await admin(gateway, "POST", "/prompts/tried/versions", { version: "2", text: "{{ word | upcase }}" });
  await admin(gateway, "POST", "/experiments", {
    template: "tried",
    variants: [
      { name: "a", version: "1" },
      { name: "b", version: "2" },
    ],
    unit: "variable:word",
    metric: { name: "helpful" },
    start: true,
  });
  for (const [status, message] of REQUESTS) {
    const answer = await callTemplated(gateway, call, message);
    expect([answer.status, message.template_id]).toEqual([status, message.template_id]);
  }
}

/** All that is in files below the folder, but for the configuration. */
function filesOf(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".yaml"))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

const spellings = (secret: string) => [secret, secret.replaceAll("-", "_"), secret.toUpperCase()];
function expectNone(of: string, ...secrets: readonly string[]): void {
  for (const secret of secrets.flatMap(spellings)) {
    const at = of.indexOf(secret);
    if (at >= 0) throw new Error(`"${secret}" stands there: …${of.slice(Math.max(0, at - 200), at + 80)}…`);
  }
}

async function metricsOf({ url }: Gateway): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

describe("where no bodies are stored", () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await startGateway({
      config: { records: { bodies: "metadata" }, logging: { level: "debug" } },
    });
    await sendAll(gateway);
  });
  afterAll(() => gateway.stop());

  test("records tell what became of templates, and nothing of what was said", async () => {
    const { requests } = await until("all are recorded", async () => {
      const page = await admin<{ requests: Record<string, unknown>[] }>(
        gateway,
        "GET",
        "/requests?limit=100",
      );
      return page.requests.filter(({ path }) => path === "/v1/chat/completions").length === REQUESTS.length
        ? page
        : undefined;
    });
    const text = JSON.stringify(requests);
    expectNone(text, VALUE, SOURCE, CONTENT);
    const problems = requests.flatMap(({ templates }) =>
      (templates as { problem: string | null }[]).flatMap(({ problem }) => problem ?? []),
    );
    expect(problems).toContain("template wrong, version 1, message 1, line 1, column 1: syntax");
    expect(problems).toContain("template missing, version 1, message 1, line 1, column 4: missing-variable");
    expect(text).toContain('"drift":true');
    expect(text).toContain('"unit":"');
  });

  test("logs and metrics say nothing of it; files hold templates alone", async () => {
    expectNone(gateway.output(), VALUE, SOURCE, CONTENT);
    const metrics = await metricsOf(gateway);
    expectNone(metrics, VALUE, SOURCE, CONTENT, "tried");
    expect(metrics).toContain('amsterdam_prompt_problems_total{kind="syntax"} 2');
    expect(metrics).toContain('amsterdam_prompt_problems_total{kind="missing-variable"} 2');
    expect(metrics).toContain('amsterdam_prompt_problems_total{kind="fields"} 1');
    expect(metrics).toContain('amsterdam_prompt_texts_total{source="experiment"} 1');
    expectNone(filesOf(gateway.dir), VALUE, CONTENT);
  });
});

test("files in which records wait for a database that is away hold nothing of it either", async () => {
  const postgres = await startPostgres();
  const gateway = await startGateway({
    config: { records: { bodies: "metadata" }, storage: { url: postgres.url("postgres") } },
  });
  try {
    await sendAll(gateway);
    await postgres.stop("immediate");
    for (const [, message] of REQUESTS) await callTemplated(gateway, call, message);
    const waiting = /amsterdam_records_waiting_bytes ([1-9]\d*)/;
    await until("records wait in files", async () => waiting.test(await metricsOf(gateway)));
    const files = filesOf(gateway.dir);
    expect(files).toContain("syntax");
    expectNone(files, VALUE, SOURCE, CONTENT);
  } finally {
    await gateway.stop();
    await postgres.stop();
  }
}, 90_000);

describe("where no records are kept", () => {
  test("nothing of it stands anywhere, nor is the template captured", async () => {
    const gateway = await startGateway({
      config: { records: { bodies: "none" }, logging: { level: "debug" } },
    });
    try {
      await sendAll(gateway);
      expect((await admin<{ requests: unknown[] }>(gateway, "GET", "/requests?limit=100")).requests).toEqual(
        [],
      );
      const { prompts } = await admin<{ prompts: { name: string }[] }>(gateway, "GET", "/prompts");
      expect(prompts.map(({ name }) => name)).toEqual(["tried"]);
      expectNone(await metricsOf(gateway), VALUE, SOURCE, CONTENT);
      const { dir } = gateway;
      const exited = gateway.exited;
      gateway.signal("SIGTERM");
      await exited;
      expectNone(filesOf(dir), VALUE, SOURCE, CONTENT);
      expectNone(gateway.output(), VALUE, SOURCE, CONTENT);
    } finally {
      await gateway.stop();
    }
  });
});
