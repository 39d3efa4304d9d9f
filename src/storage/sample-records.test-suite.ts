import { UlidMaker } from "../lib/ulid.ts";
import type { RequestRecord, WrittenRecord } from "../records/record.ts";
import { recordedDecision, usedTemplate } from "../records/testing.ts";

const MINUTE = 60_000;

/** Models with their provider, price of a million tokens in and out, and share of the traffic. */
const MODELS = [
  ["openai", "gpt-5.2", 1.75, 14, 26],
  ["openai", "gpt-5.2-mini", 0.25, 2, 18],
  ["openai", "text-embedding-3-large", 0.13, 0, 9],
  ["anthropic", "claude-opus-4-5", 5, 25, 12],
  ["anthropic", "claude-sonnet-4-5", 3, 15, 16],
  ["anthropic", "claude-haiku-4-5", 1, 5, 6],
  ["gemini", "gemini-3-pro", 2, 12, 5],
  ["gemini", "gemini-3-flash", 0.5, 3, 4],
  ["xai", "grok-4-fast", 0.2, 0.5, 2],
  ["cerebras", "qwen-3-coder", 2, 2, 1.5],
  ["groq", "kimi-k2", 1, 3, 0.5],
] as const;

/** Their texts are shared, as a gateway's are. */
const KEYS = Array.from({ length: 30 }, (_, index) => `key_${index}`);

const FAILURES = [
  [429, "upstream_limited", "limit"],
  [529, "upstream_error", "upstream-failed"],
  [504, "first_byte_timeout", "timeout"],
  [400, "upstream_refused", "upstream-refused"],
  [499, "client_closed", "client"],
] as const;

const SENTENCES = [
  "You are a careful assistant that reads a repository and changes as little as it must.",
  "The tests fail because the clock of the container is behind the one of the database.",
  "Please look at the migration that adds the index, and say whether it can run while others write.",
  "function parse(line) { const [name, value] = line.split('='); return { name, value }; }",
  "I would keep the name as it is: three callers depend on it, and the new one says no more.",
  "Here is the diff you asked for, with the two tests that failed before and pass now.",
  "The customer writes that the invoice of March was charged twice and wants it back.",
  "Summarise the thread below in three sentences, in the language it is written in.",
];

/** Numbers from 0 to 1 that come in the same order every time (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Records as a team's agents and applications make them: runs of some fifteen requests among single ones, thirty keys
 * of which each uses a few agents and models, a few failures. Bodies are some two kilobytes a record.
 */
export class RecordMaker {
  readonly #random: () => number;
  readonly #ulids = new UlidMaker();
  readonly #shares: readonly (readonly [number, (typeof MODELS)[number]])[];
  #runs: { id: string; left: number; key: number; thread: string }[] = [];

  constructor(seed: number) {
    this.#random = seeded(seed);
    let sum = 0;
    this.#shares = MODELS.map((model) => {
      sum += model[4];
      return [sum, model] as const;
    });
  }

  /** One that began at `startedAt`. */
  make(startedAt: number): WrittenRecord {
    const run = this.#run();
    const key = run?.key ?? this.#below(30);
    const [provider, model, inPrice, outPrice] = this.#model(key);
    const embeds = model.startsWith("text-embedding");
    const failure = this.#random() < 0.04 ? FAILURES[this.#below(FAILURES.length)]! : null;
    const stream = !embeds && this.#random() < 0.7;
    const input = Math.round(300 + 8000 * this.#random() ** 3);
    const output = failure !== null || embeds ? 0 : Math.round(20 + 900 * this.#random() ** 2);
    const firstTokenMs = failure === null && stream ? Math.round(180 + 2500 * this.#random() ** 4) : null;
    const durationMs = (firstTokenMs ?? 250) + output * (4 + 12 * this.#random());
    const id = this.#ulids.next(startedAt);
    const requestId = Bun.randomUUIDv7("hex", startedAt);
    const record: RequestRecord = {
      id,
      requestId,
      duplicate: false,
      traceId: hex(this.#random, 32),
      spanId: hex(this.#random, 16),
      parentSpanId: null,
      startedAt,
      keyId: KEYS[key]!,
      door: embeds ? "/v1/embeddings" : provider === "anthropic" ? "/v1/messages" : "/v1/chat/completions",
      method: "POST",
      path: embeds ? "/v1/embeddings" : provider === "anthropic" ? "/v1/messages" : "/v1/chat/completions",
      operation: embeds ? "embeddings" : "generate",
      clientFormat: provider === "anthropic" ? "anthropic-messages" : "openai-chat",
      targetFormat: provider === "anthropic" ? "anthropic-messages" : "openai-chat",
      stream,
      provider,
      requestedModel: `${provider}/${model}`,
      model,
      route: key % 5 === 0 ? "coding" : null,
      choice: null,
      agentId: run === null ? null : `agent-${(key * 3) % 40}`,
      runId: run?.id ?? requestId,
      parentId: null,
      threadId: run?.thread ?? null,
      tags: key % 3 === 0 ? ["env=production", `team=${key % 7}`] : [],
      templates:
        key % 6 === 0
          ? [usedTemplate({ templateId: `template-${key % 12}`, version: VERSIONS[key % 18]! })]
          : [],
      decisions: key % 12 === 0 ? [decision(run?.id ?? requestId, key)] : [],
      status: failure?.[0] ?? 200,
      error: failure?.[1] ?? null,
      category: failure?.[2] ?? null,
      cause: failure === null ? null : `${provider} answered ${failure[0]}.`,
      finish: failure === null && !embeds ? (this.#random() < 0.4 ? "tool-calls" : "stop") : null,
      attempts: [
        {
          target: `${provider}/${model}`,
          startedAt: 0.4,
          endedAt: durationMs,
          status: failure?.[0] ?? 200,
          error: failure?.[1] ?? null,
          message: null,
        },
      ],
      losses: [],
      durationMs: Math.round(durationMs * 10) / 10,
      firstByteMs: firstTokenMs,
      firstTokenMs,
      longestGapMs: stream ? 85.2 : null,
      usage: failure === null ? { input, cachedInput: Math.round(input * 0.6), output } : null,
      usageSource: failure === null ? "provider" : null,
      serviceTier: null,
      cost:
        failure === null
          ? { usd: (input * inPrice + output * outPrice) / 1e6, source: "genai-prices 0.0.39", date: null }
          : null,
      requestBytes: input * 4,
      responseBytes: output * 5 + 300,
    };
    return { record, bodies: this.#bodies(model) };
  }

  #run() {
    if (this.#random() < 0.3) return null;
    if (this.#runs.length < 40)
      this.#runs.push({
        id: `run-${hex(this.#random, 16)}`,
        left: 5 + this.#below(20),
        key: this.#below(30),
        thread: `T-${hex(this.#random, 16)}`,
      });
    const at = this.#below(this.#runs.length);
    const run = this.#runs[at]!;
    if (--run.left === 0) this.#runs.splice(at, 1);
    return run;
  }

  /** A key uses half of the models. */
  #model(key: number) {
    for (;;) {
      const point = this.#random() * 100;
      const found = this.#shares.findIndex(([share]) => point < share);
      const at = found < 0 ? 0 : found;
      if ((at + key) % 2 === 0 || this.#random() < 0.05) return this.#shares[at]![1];
    }
  }

  #bodies(model: string): WrittenRecord["bodies"] {
    const messages = Array.from({ length: 6 }, (_, index) => ({
      role: index % 2 === 0 ? "user" : "assistant",
      content: `${this.#words(24)} ${SENTENCES[this.#below(SENTENCES.length)]!}`,
    }));
    const answer = {
      id: `chatcmpl-${hex(this.#random, 24)}`,
      model,
      choices: [{ index: 0, message: { role: "assistant", content: this.#words(40) } }],
    };
    return {
      request: Buffer.from(JSON.stringify({ model, messages })),
      response: Buffer.from(JSON.stringify(answer)),
      cut: false,
    };
  }

  #words(count: number): string {
    return Array.from({ length: count }, () => WORDS[this.#below(WORDS.length)]).join(" ");
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

const WORDS = SENTENCES.join(" ")
  .split(/[^A-Za-z]+/)
  .concat(Array.from({ length: 1500 }, (_, index) => `w${((index * 2_654_435_761) % 46_656).toString(36)}`));

/** What was named has no version; of each third request none went out. */
const VERSIONS: Readonly<Record<number, string | null>> = { 0: "1", 6: "2", 12: null };

function decision(unit: string, key: number): RequestRecord["decisions"][number] {
  const variant = (key / 12) % 2;
  const variantName = variant === 0 ? "plain" : "kind";
  return recordedDecision({ experiment: "template-0-1", variant, variantName, unit });
}

function hex(random: () => number, length: number): string {
  let text = "";
  while (text.length < length)
    text += Math.floor(random() * 0x1_0000)
      .toString(16)
      .padStart(4, "0");
  return text;
}

/** Moments at which `count` requests began in the 30 days before `end`, in order. */
export function* moments(count: number, end: number): Generator<number> {
  const start = end - 30 * 24 * 60 * MINUTE;
  for (let index = 0; index < count; index++) yield Math.floor(start + ((end - start) * index) / count);
}

const ulids = new UlidMaker();
const made = new RecordMaker(7);

/** A record of a request that ended well and belongs to no run, other than `change` says. */
export function sampleRecord(
  change: Partial<RequestRecord> & Pick<RequestRecord, "startedAt">,
): RequestRecord {
  const id = ulids.next(change.startedAt);
  const requestId = change.requestId ?? `req_${id}`;
  const { record } = made.make(change.startedAt);
  return {
    ...record,
    id,
    requestId,
    runId: requestId,
    threadId: null,
    agentId: null,
    tags: [],
    templates: [],
    decisions: [],
    status: 200,
    error: null,
    category: null,
    cause: null,
    usage: { input: 100, output: 20 },
    usageSource: "provider",
    serviceTier: null,
    cost: { usd: 0.001, source: "configuration", date: null },
    ...change,
  };
}

interface Sample {
  readonly seed: number;
  /** Unix milliseconds at which the first began, and how much later each next one did. */
  readonly start: number;
  readonly step: number;
}

/** Records of all kinds, in the order in which they began; of one seed always the same but for their ids. */
export function sampleRecords(count: number, { seed, start, step }: Sample): WrittenRecord[] {
  const maker = new RecordMaker(seed);
  const random = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const { record, bodies } = maker.make(start + index * step);
    // Some of the same cost and length, and some children.
    const alike = random() < 0.2 ? { durationMs: 1000, cost: null } : {};
    const parentId = random() < 0.2 ? `parent-${Math.floor(random() * 3)}` : null;
    return { record: { ...record, ...alike, parentId }, bodies };
  });
}
