import type { ErrorCategory } from "../exchange/errors.ts";
import type { Usage } from "../exchange/usage.ts";
import type { RequestRecord } from "../records/record.ts";
import { attemptEnd, namesIn, operationName, providerOf } from "./gen-ai.ts";
import { Histogram } from "./histogram.ts";
import { BoundedNames, LabelSets } from "./label-sets.ts";
import { counter, histogram, type Labels, type MetricFamily } from "./metric-family.ts";

/** Buckets that the conventions ask for. */
const DURATION = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const FIRST_TOKEN = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const PER_TOKEN = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);

/** Names of models that get labels of their own: those that a provider has answered or failed for, until there are so many. */
const MAX_MODELS = 200;
/** Sets of labels of each metric; further ones are counted as `other`. */
const MAX_SETS = 300;
const UNKNOWN = "unknown";
/** Failures that a model has; of one that does not exist the provider says so. */
const OF_REAL_MODELS: ReadonlySet<ErrorCategory> = new Set(["upstream-failed", "timeout", "limit"]);

const MODEL_LABELS = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"] as const;
const ERROR_LABELS = [...MODEL_LABELS, "error.type"] as const;
type ModelLabels = LabelSets<(typeof MODEL_LABELS)[number], ModelSeries>;

interface Timed {
  readonly labels: Labels;
  readonly histogram: Histogram;
}

/** What is counted of a model, beside how long its calls took. */
interface ModelSeries {
  readonly labels: Labels;
  readonly firstToken: Histogram;
  readonly perToken: Histogram;
  readonly input: Histogram;
  readonly output: Histogram;
  readonly tokens: Record<keyof typeof TOKEN_TYPES, number>;
  cost: number;
  unpriced: number;
}

/** Counts that say more than the conventions do; each beside `input` and `output` is a part of one of them. */
const TOKEN_TYPES = {
  input: "input",
  cachedInput: "cached_input",
  cacheWriteInput: "cache_write_input",
  output: "output",
  reasoning: "reasoning",
} as const satisfies Partial<Record<keyof Usage, string>>;
const TOKEN_KEYS = Object.keys(TOKEN_TYPES) as (keyof typeof TOKEN_TYPES)[];

/**
 * The metrics of the GenAI conventions, made from records: `gen_ai.server.*` is what the gateway's clients see, under the
 * model's name that they asked for; `gen_ai.client.*` is what the gateway sees of providers, under the model's name there.
 */
export class GenAiMetrics {
  readonly #models = new BoundedNames(MAX_MODELS);
  readonly #requests = timed();
  readonly #attempts = timed();
  readonly #asked: ModelLabels = modelSets();
  readonly #served: ModelLabels = modelSets();

  /** Counts a finished request. */
  observe(record: RequestRecord): void {
    const operation = operationName(record.operation);
    const provider = providerOf(record);
    // What no provider was asked for is in the counts of all requests.
    if (operation === null || provider === null || record.operation === "count-tokens") return;
    const isAnswered = record.error === null && record.status < 400;
    const isReal = isAnswered || (record.category !== null && OF_REAL_MODELS.has(record.category));
    const asked = this.#models.label(record.requestedModel ?? record.model ?? UNKNOWN, isReal);
    const served = this.#models.label(record.model ?? UNKNOWN, isReal);

    const errorType = record.error ?? (record.status >= 400 ? String(record.status) : "");
    this.#requests.get(operation, provider, asked, errorType).histogram.observe(record.durationMs / 1000);
    if (isAnswered) observeSpeed(this.#asked.get(operation, provider, asked), record);
    this.#observeAttempts(operation, served, record);
    if (record.usage !== null)
      observeUsage(this.#served.get(operation, provider, served), record, record.usage);
  }

  #observeAttempts(operation: string, served: string, record: RequestRecord): void {
    for (const [index, { target, startedAt, error }] of record.attempts.entries()) {
      const { provider, model } = namesIn(target);
      const label = model === null || model === record.model ? served : this.#models.label(model, false);
      const seconds = Math.max(0, attemptEnd(record, index) - startedAt) / 1000;
      this.#attempts.get(operation, provider, label, error ?? "").histogram.observe(seconds);
    }
  }

  families(): MetricFamily[] {
    return [...this.#serverFamilies(), ...this.#clientFamilies(), ...this.#ownFamilies()];
  }

  #serverFamilies(): MetricFamily[] {
    const asked = [...this.#asked.values()];
    return [
      histogram(
        "gen_ai.server.request.duration",
        "s",
        "From a request's arrival at the gateway to its last byte.",
        [...this.#requests.values()],
      ),
      histogram(
        "gen_ai.server.time_to_first_token",
        "s",
        "From a request's arrival at the gateway to the first output of its stream.",
        asked.map(({ labels, firstToken }) => ({ labels, histogram: firstToken })),
      ),
      histogram(
        "gen_ai.server.time_per_output_token",
        "s",
        "Time for each token of a stream after the first.",
        asked.map(({ labels, perToken }) => ({ labels, histogram: perToken })),
      ),
    ];
  }

  #clientFamilies(): MetricFamily[] {
    const tokenPoints = [...this.#served.values()].flatMap(({ labels, input, output }) => [
      { labels: { ...labels, "gen_ai.token.type": "input" }, histogram: input },
      { labels: { ...labels, "gen_ai.token.type": "output" }, histogram: output },
    ]);
    return [
      histogram("gen_ai.client.operation.duration", "s", "Calls of providers, each attempt by itself.", [
        ...this.#attempts.values(),
      ]),
      histogram("gen_ai.client.token.usage", "{token}", "Tokens used by a request.", tokenPoints),
    ];
  }

  #ownFamilies(): MetricFamily[] {
    const served = [...this.#served.values()];
    const tokens = served.flatMap(({ labels, tokens }) =>
      TOKEN_KEYS.map((type) => ({ labels: { ...labels, type: TOKEN_TYPES[type] }, value: tokens[type] })),
    );
    return [
      counter(
        "amsterdam.tokens",
        "{token}",
        "Tokens used; cached ones and reasoning are part of the others.",
        tokens,
      ),
      counter(
        "amsterdam.cost.usd",
        "{USD}",
        "Cost of requests whose price is known, in US dollars.",
        served.map(({ labels, cost }) => ({ labels, value: cost })),
      ),
      counter(
        "amsterdam.requests.unpriced",
        "{request}",
        "Requests that used tokens whose price is not known.",
        served.map(({ labels, unpriced }) => ({ labels, value: unpriced })),
      ),
    ];
  }
}

function observeSpeed({ firstToken, perToken }: ModelSeries, record: RequestRecord): void {
  const { firstTokenMs, durationMs, usage } = record;
  if (!record.stream || firstTokenMs === null) return;
  firstToken.observe(firstTokenMs / 1000);
  const further = (usage?.output ?? 0) - 1;
  if (further > 0) perToken.observe((durationMs - firstTokenMs) / 1000 / further);
}

function observeUsage(series: ModelSeries, { cost }: RequestRecord, usage: Usage): void {
  if (usage.input !== undefined) series.input.observe(usage.input);
  if (usage.output !== undefined) series.output.observe(usage.output);
  for (const type of TOKEN_KEYS) series.tokens[type] += usage[type] ?? 0;
  if (cost === null) series.unpriced++;
  else series.cost += cost.usd;
}

/** Times by model and error; `error.type` is empty where there was none. */
function timed(): LabelSets<(typeof ERROR_LABELS)[number], Timed> {
  return new LabelSets(ERROR_LABELS, MAX_SETS, (labels) => {
    const { "error.type": error, ...others } = labels;
    return { labels: error === "" ? others : labels, histogram: new Histogram(DURATION) };
  });
}

function modelSets(): ModelLabels {
  return new LabelSets(MODEL_LABELS, MAX_SETS, (labels) => ({
    labels,
    firstToken: new Histogram(FIRST_TOKEN),
    perToken: new Histogram(PER_TOKEN),
    input: new Histogram(TOKENS),
    output: new Histogram(TOKENS),
    tokens: { input: 0, cachedInput: 0, cacheWriteInput: 0, output: 0, reasoning: 0 },
    cost: 0,
    unpriced: 0,
  }));
}
