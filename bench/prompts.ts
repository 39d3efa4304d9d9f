import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExperimentDesk } from "../src/experiments/desk.ts";
import { DirectAnalyst } from "../src/experiments/direct-analyst.ts";
import { FORMAT_MODULES } from "../src/formats/registry.ts";
import { readRequestFields } from "../src/formats/request-fields.ts";
import { newVersion } from "../src/prompts/new-version.ts";
import { Renderer } from "../src/prompts/render.ts";
import { revisionOf } from "../src/prompts/revision.ts";
import { Prompts } from "../src/prompts/room.ts";
import { openStorage } from "../src/storage/open.ts";
import { newExperiment } from "../test/support/experiments.ts";

/**
 * Measures rendering a template of 1 KB, and what templates add to a request that has one: `bun bench/prompts.ts`. Prints
 * microseconds, the median and the 99th percentile of 50,000 rounds each. The aims are medians of at most 20 us for
 * rendering, and at most 40 us for all that is added: finding the fields, filling the place, and reading the result.
 */

const ROUNDS = 50_000;
const WARM_UP = 5_000;
const VARIABLES = {
  agent: "Ann",
  company: "ACME",
  question: "Where is my parcel?",
  vip: true,
  rules: ["be brief", "be kind", "cite your sources", "never guess"],
};

const filler = (chars: number) => "You answer politely and to the point. ".repeat(30).slice(0, chars);
const plain = `You are {{ agent }} of {{ company }}. {{ question }} ${filler(220)}`;
const TEXTS: Readonly<Record<string, string>> = {
  "plain variables": plain.repeat(4).slice(0, 1024),
  "one variable": `Hello {{ agent }}! ${filler(1000)}`,
  "conditions, a loop and a filter": `You are {{ agent | upcase }}.\n{% if vip %}Priority.{% endif %}
{% for rule in rules %}- {{ rule }}\n{% endfor %}${filler(900)}`,
};

for (const [name, text] of Object.entries(TEXTS)) {
  const content = { messages: [{ role: null, text }], model: null, parameters: {} };
  const version = { template: "bench", version: "1", revision: revisionOf(content), ...content };
  const renderer = new Renderer();
  report(`render, ${name} (${text.length} characters)`, () => {
    const rendered = renderer.render(version, VARIABLES);
    if (rendered instanceof Error) throw rendered;
  });
  report(`revision of ${name}`, () => {
    revisionOf(content);
  });
}

await measureRequests();

/** What a request with one template costs above the same request without one. */
async function measureRequests(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "amsterdam-bench-"));
  const storage = await openStorage("sqlite:bench.db", folder);
  const nothing = () => {};
  const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const renderer = new Renderer();
  const prompts = new Prompts(storage, renderer, logger);
  const text = TEXTS["plain variables"]!;
  for (const template of ["labelled", "tried"])
    for (const version of ["1", "2"]) {
      const draft = { template, version, messages: [{ role: null, text: `${version} ${text}` }] };
      const made = newVersion(renderer, { ...draft, model: null, parameters: {} }, "api", Date.now());
      if (made instanceof Error) throw made;
      await storage.prompts.add(made);
    }
  const move = { template: "labelled", label: "production", version: "2", movedAt: 1, movedBy: null };
  await storage.prompts.moveLabel(move);
  const desk = new ExperimentDesk(storage, new DirectAnalyst(storage));
  await desk.create(newExperiment({ template: "tried" }), true, null);
  await prompts.registry.load();

  const content = `${text} ${text}`.slice(0, 1024);
  const bare = bodyOf({ content });
  const without = await medianOf(async () => {
    read(bare);
  });
  const fields = { template: text, variables: VARIABLES };
  const cases = {
    "client's content": { ...fields, template_id: "own-v1", content },
    "client's template": { ...fields, template_id: "rendered-v1" },
    "a label's version": { ...fields, template_id: "labelled-v1" },
    "an experiment's version": { ...fields, template_id: "tried-v1" },
  };
  for (const [name, message] of Object.entries(cases)) {
    const body = bodyOf(message);
    let run = 0;
    const added = await medianOf(async () => {
      const { body: filled } = await prompts.fill(requestOf(body, run++));
      read(filled);
    });
    console.log(
      `request with ${name}: ${(added - without).toFixed(1)} us above ${without.toFixed(1)} us without (medians)`,
    );
  }
  await prompts.close();
  await storage.close();
  rmSync(folder, { recursive: true });
}

function bodyOf(message: object): Buffer {
  const messages = [{ role: "user", ...message }];
  return Buffer.from(JSON.stringify({ model: "gpt-5", temperature: 0.5, messages, run_id: "run-1" }));
}

function read(body: Buffer) {
  return readRequestFields(body, FORMAT_MODULES["openai-chat"].templatePlaces, "openai-chat");
}

function requestOf(body: Buffer, run: number) {
  return {
    body,
    fields: read(body),
    format: "openai-chat",
    replaces: true,
    captures: true,
    label: null,
    serves: () => true,
    ids: { runId: `run-${run}`, threadId: null, agentId: null, requestId: `req-${run}` },
    context: { agentId: null, keyId: "key_1", keyName: "bench", tags: [], model: "gpt-5" },
  } as const;
}

async function medianOf(work: () => Promise<void>): Promise<number> {
  const samples = new Float64Array(ROUNDS);
  for (let i = -WARM_UP; i < ROUNDS; i++) {
    const start = Bun.nanoseconds();
    await work();
    if (i >= 0) samples[i] = (Bun.nanoseconds() - start) / 1000;
  }
  return samples.sort()[ROUNDS / 2]!;
}

function report(name: string, work: () => void): void {
  const samples = new Float64Array(ROUNDS);
  for (let i = -WARM_UP; i < ROUNDS; i++) {
    const start = Bun.nanoseconds();
    work();
    if (i >= 0) samples[i] = (Bun.nanoseconds() - start) / 1000;
  }
  samples.sort();
  const at = (share: number) => samples[Math.floor(ROUNDS * share)]!.toFixed(1);
  console.log(`${name}: median ${at(0.5)} us, 99th percentile ${at(0.99)} us`);
}
