import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Format } from "../exchange/formats.ts";
import { promptText } from "../quality/prompt-text.ts";
import type { QualityModel } from "../quality/quality-model.ts";
import { type RequestText, requestText } from "../quality/request-text.ts";
import { type Explanation, explain } from "../quality/score.ts";
import type { CommandIo } from "./check.ts";
import { modelOption, readShare, runCommand } from "./router-options.ts";
import { CommandError, parseOptions, usage } from "./stored.ts";
import { renderShare, table } from "./table.ts";

const HELP = `Say how the router scores a prompt, and why.

Usage:
  amsterdam router explain "<prompt>" [--threshold <number>] [--model <file>] [--json]
  amsterdam router explain --request <file.json> [--format <format>] [--threshold <number>] [--model <file>] [--json]

Without a prompt and without --request the prompt is read from standard input.

  --request    A request as a client sends it, in any of the four formats; what the user asks for last is scored
  --format     openai-chat, openai-responses, anthropic-messages or gemini; by default told by its members
  --threshold  Also say on which side of this one it is
  --model      A router's model file; by default the one that comes with Amsterdam
  --json       JSON instead of text

The score says how likely the strong model's answer is better by a margin that is worth its price. The weights are parts of
the score before it is made a probability: above 0 they speak for the strong model, below 0 for the weak one. The shares are
those of the prompts that the router was trained with, until a route has traffic of its own.
`;

const FORMATS: readonly Format[] = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"];
const SHARES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

interface ExplainIo extends Omit<CommandIo, "env"> {
  /** The whole of standard input. */
  readonly stdin: () => Promise<string>;
}

/** `amsterdam router explain`; `argv` begins after `explain`. Returns the exit code: 0, 1 (bad file) or 2 (wrong usage). */
export function runRouterExplain(argv: readonly string[], io: ExplainIo): Promise<number> {
  return runCommand(io, async () => {
    const names = ["request", "format", "threshold", "model"] as const;
    const { options, positionals } = parseOptions("router explain", argv, names);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    const { request, threshold: limit } = options;
    if (positionals.length + (request === undefined ? 0 : 1) > 1)
      throw usage("router explain", "One prompt at a time; put it in quotes.");
    const threshold = limit === undefined ? null : readShare(limit);
    if (limit !== undefined && threshold === null)
      throw usage("router explain", `--threshold ${limit} is not a number from 0 to 1.`);
    const format = formatOption(options.format);
    const scorer = modelOption(options.model, io.cwd);
    const text =
      request === undefined
        ? textOf(positionals[0] ?? (await io.stdin()))
        : readRequest(readFileSync(resolve(io.cwd, request)), format);
    const told = explained(scorer, text, threshold);
    io.stdout.write(options.json === true ? `${JSON.stringify(told, null, 2)}\n` : written(told));
  });
}

function formatOption(name: string | undefined): Format | null {
  const format = FORMATS.find((each) => each === name);
  if (name !== undefined && format === undefined)
    throw usage("router explain", `--format ${name} is not one of ${FORMATS.join(", ")}.`);
  return format ?? null;
}

function textOf(prompt: string): RequestText {
  const text = promptText([prompt]);
  return text === "" ? { text: null, reason: "the prompt has no words" } : { text };
}

function readRequest(body: Buffer, format: Format | null): RequestText {
  const known = format ?? formatOf(body);
  if (known === null)
    throw new CommandError(
      1,
      "The request has neither messages, nor input, nor contents; name its --format.",
    );
  return requestText(body, known);
}

/** Where the turns stand tells the format; where the user's words stand is the same in Chat and Messages. */
function formatOf(body: Buffer): Format | null {
  const request: unknown = parsed(body);
  if (typeof request !== "object" || request === null) return null;
  if (Object.hasOwn(request, "contents")) return "gemini";
  if (Object.hasOwn(request, "input")) return "openai-responses";
  return Object.hasOwn(request, "messages") || Object.hasOwn(request, "prompt") ? "openai-chat" : null;
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch (error) {
    if (error instanceof SyntaxError) throw new CommandError(1, "The request is not JSON.");
    throw error;
  }
}

interface Explained {
  readonly score: number;
  /** Why it is the middle one; null where a text was scored. */
  readonly reason: string | null;
  readonly model: string;
  /** Characters that were scored. */
  readonly characters: number;
  readonly parts: readonly {
    readonly name: string;
    readonly value: number | null;
    readonly weight: number;
  }[];
  /** The threshold for each share of strong calls, and whether the score is at or above it. */
  readonly shares: readonly {
    readonly share: number;
    readonly threshold: number;
    readonly strong: boolean;
  }[];
  readonly threshold: { readonly threshold: number; readonly strong: boolean } | null;
}

function explained(scorer: QualityModel, found: RequestText, threshold: number | null): Explained {
  const text = found.text;
  const score = text === null ? null : explain(scorer.model, text);
  const probability = score?.probability ?? scorer.thresholdBefore(0.5);
  return {
    score: probability,
    reason: found.text === null ? found.reason : null,
    model: scorer.name,
    characters: text?.length ?? 0,
    parts: score === null ? [] : partsOf(score),
    shares: SHARES.map((share) => {
      const needed = scorer.thresholdBefore(share);
      return { share, threshold: needed, strong: probability >= needed };
    }),
    threshold: threshold === null ? null : { threshold, strong: probability >= threshold },
  };
}

function partsOf({ statistics, words }: Explanation): Explained["parts"] {
  const parts = [...statistics, { name: "words and characters", value: null, weight: words }];
  return parts.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
}

function written({ score, reason, model, characters, parts, shares, threshold }: Explained): string {
  const lines = [
    `score  ${score.toFixed(3)}${reason === null ? "" : `, the middle one: ${reason}`}`,
    `model  ${model}`,
    `text   ${characters.toLocaleString("en")} characters`,
  ];
  if (threshold !== null)
    lines.push(`${threshold.strong ? "At or above" : "Below"} the threshold ${threshold.threshold}.`);
  const weights = parts.map(({ name, value, weight }) => [
    name,
    value?.toFixed(3) ?? "",
    `${weight < 0 ? "" : "+"}${weight.toFixed(3)}`,
  ]);
  const passed = shares.map((each) => [
    renderShare(each.share),
    each.threshold.toFixed(3),
    each.strong ? "strong" : "weak",
  ]);
  const first =
    parts.length === 0 ? "" : `\n${table([["part", "value", "weight"], ...weights], [false, true, true])}`;
  return `${lines.join("\n")}\n${first}\n${table([["share", "threshold", "model"], ...passed], [true, true])}`;
}
