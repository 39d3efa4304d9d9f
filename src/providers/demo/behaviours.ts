/** What the text of an answer is made of. */
export type Script = "echo" | "long" | "big" | "refuses" | "tools" | "thinks" | "remembers";

/** What goes wrong on purpose, apart from a plain error status. */
export type Fault = "flaky" | "hang" | "breaks" | "errors-mid-stream" | "garbage";

/** When the pieces of an answer leave, in milliseconds. */
export interface Pace {
  /** Before the first byte, the status line included. */
  readonly first: number;
  /** Between one streamed token and the next. */
  readonly gap: number;
  /** After the first streamed token; an answer that is not streamed waits as long before its first byte. */
  readonly pause: number;
}

export interface Failure {
  readonly status: number;
  /** The status in Anthropic's API where that differs. */
  readonly anthropicStatus?: number;
  /** Seconds, sent as `Retry-After`. */
  readonly retryAfter?: number;
}

export interface Behaviour {
  readonly script: Script;
  readonly pace: Pace;
  readonly fault?: Fault;
  /** An error that is answered instead. */
  readonly failure?: Failure;
  /** False when the model's name is none of the table, so that the answer can say so. */
  readonly known: boolean;
}

const AT_ONCE: Pace = { first: 0, gap: 0, pause: 0 };

type Preset = Partial<Omit<Behaviour, "known">> & { readonly id: string; readonly description: string };

const PRESETS: readonly Preset[] = [
  { id: "echo", description: "Answers at once and says what it was asked." },
  {
    id: "slow",
    description:
      "First byte after 1 s, then a token every 50 ms. `slow-<ms>` waits that long, with a tenth of it between tokens.",
    pace: { first: 1000, gap: 50, pause: 0 },
  },
  { id: "long", description: "An answer of about 2,000 tokens.", script: "long" },
  { id: "big", description: "An answer of 2 MB.", script: "big" },
  {
    id: "tools",
    description: "Calls the first tool that is offered, then quotes its result.",
    script: "tools",
  },
  { id: "thinks", description: "Reasons before it answers, also when not asked to.", script: "thinks" },
  {
    id: "remembers",
    description:
      "Reasons and calls every tool that is offered, twice, then tells how much of its own words came back. Refuses signatures that are not its own. A name that ends in `-remembers` does the same, so that it can look like a provider's model.",
    script: "remembers",
  },
  { id: "refuses", description: "Declines to answer, as each API tells a refusal.", script: "refuses" },
  {
    id: "flaky",
    description: "Fails with 503 and answers when the same body is sent again, in turn.",
    fault: "flaky",
  },
  { id: "down", description: "Always 503.", failure: { status: 503 } },
  {
    id: "limited",
    description: "Always 429, with `Retry-After: 1`.",
    failure: { status: 429, retryAfter: 1 },
  },
  { id: "limited-bare", description: "Always 429, without `Retry-After`.", failure: { status: 429 } },
  {
    id: "overloaded",
    description: "Always overloaded: 529 in Anthropic's API, 503 in the others.",
    failure: { status: 503, anthropicStatus: 529 },
  },
  { id: "hang", description: "Takes the request and never answers.", fault: "hang" },
  {
    id: "silent",
    description: "Streams one token and then nothing for 60 s; unstreamed it answers after 60 s.",
    pace: { first: 0, gap: 0, pause: 60_000 },
  },
  {
    id: "breaks",
    description: "Resets the connection after five streamed tokens; unstreamed before the status line.",
    fault: "breaks",
  },
  {
    id: "errors-mid-stream",
    description: "Streams five tokens, then the API's error event; unstreamed it is a 500.",
    fault: "errors-mid-stream",
  },
  {
    id: "garbage",
    description: "Answers 200 with bytes that are no JSON but are called JSON.",
    fault: "garbage",
  },
];

/** Every model that the demo lists. `status-<NNN>` and `slow-<ms>` work too, with any number in them. */
export const DEMO_MODELS: readonly { readonly id: string; readonly description: string }[] = [
  ...PRESETS.map(({ id, description }) => ({ id, description })),
  { id: "status-500", description: "Answers with the status in its name; any from 200 to 599 works." },
];

const BY_NAME = new Map(PRESETS.map((preset) => [preset.id, preset]));

/** The name without the `models/` and `demo/` that clients and gateways put before it. */
export function bareModel(model: string): string {
  const name = model.startsWith("models/") ? model.slice("models/".length) : model;
  return name.startsWith("demo/") ? name.slice("demo/".length) : name;
}

/** How the model of this name answers. A name that nobody knows answers like `echo`. */
export function behaviourOf(model: string): Behaviour {
  const name = bareModel(model);
  const preset = BY_NAME.get(name);
  if (preset) {
    const { id: _id, description: _description, ...settings } = preset;
    return { script: "echo", pace: AT_ONCE, known: true, ...settings };
  }
  const plain = { script: "echo", pace: AT_ONCE, known: true } as const;
  if (name.endsWith("-remembers")) return { ...plain, script: "remembers" };
  const slow = /^slow-(\d{1,6})$/.exec(name);
  if (slow) return { ...plain, pace: { first: Number(slow[1]), gap: Number(slow[1]) / 10, pause: 0 } };
  const status = /^status-([2-5]\d\d)$/.exec(name);
  if (status) return { ...plain, failure: { status: Number(status[1]) } };
  return { ...plain, known: false };
}
