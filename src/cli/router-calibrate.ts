import { z } from "zod";
import { SentBodies } from "../prompts/sent-body.ts";
import type { QualityModel } from "../quality/quality-model.ts";
import { thresholdOn } from "../quality/score.ts";
import { FILTER_FIELDS, toFilter, wholeNumber } from "../records/filter.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Storage } from "../storage/interface.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { optionsOf, readFields } from "./record-options.ts";
import { modelOption, readShare } from "./router-options.ts";
import { requestsWithBodies } from "./router-traffic.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { renderShare, table } from "./table.ts";

const HELP = `Find the threshold that sends a share of the recorded requests to the strong model.

Usage:
  amsterdam router calibrate [--share 0.3] [--since 7d] [--route <name>] [--model <file>] [--json]

  --share       Share of requests for the strong model, from 0 to 1. Default: 0.3
  --since       Requests of this time. Default: 7d
  --until, --route, --key-id, --agent-id, --tag   Narrow which requests are meant
  --limit       Requests that are scored, the newest. Default: 5000
  --model       A router's model file; by default the one that comes with Amsterdam
  --json        JSON instead of text
  --config      The configuration that says where the records are, as for start

Bodies that were recorded whole are scored, those in which nothing can be scored with the middle score, as when they are
served. Of requests with templates the text is scored that went out; where it cannot be made again, they are counted apart.
Mirrored requests do not count. The gateway may be running.
`;

const { since, until, route, key_id, agent_id, tag } = FILTER_FIELDS;
const NARROWING = { since, until, route, key_id, agent_id, tag };
const fields = z.object({ ...NARROWING, limit: wholeNumber(1, 1_000_000, 5_000) });
const OPTIONS = [...optionsOf(NARROWING), "limit", "share", "model"];
const SHARES = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/** With fewer the share on other requests may be far from the one that was asked for. */
const FEW = 200;
const WEEK = 7 * 86_400_000;

/** `amsterdam router calibrate`; `argv` begins after `calibrate`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runRouterCalibrate(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("router calibrate", argv, OPTIONS);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("router calibrate", `Unknown: ${positionals.join(" ")}.`);
    const share = readShare(options.share ?? "0.3");
    if (share === null)
      throw usage("router calibrate", `--share ${options.share} is not a number from 0 to 1.`);
    const { limit, ...narrowing } = readFields("router calibrate", fields, options);
    const filter = { since: Date.now() - WEEK, ...toFilter(narrowing) };
    const model = modelOption(options.model, io.cwd);
    const scored = await withStorage(io, "records", (storage) => score(storage, filter, limit, model));
    const calibrated = calibrate(scored, share, model.name);
    io.stdout.write(options.json === true ? `${JSON.stringify(calibrated, null, 2)}\n` : written(calibrated));
  });
}

interface Scored {
  readonly scores: readonly number[];
  /** Requests that have the middle score. */
  readonly middle: number;
  /** Requests whose body was not kept, or not whole. */
  readonly skipped: number;
  /** Requests whose templates' texts cannot be made again. */
  readonly unfilled: number;
}

async function score(
  storage: Storage,
  filter: RecordFilter,
  limit: number,
  model: QualityModel,
): Promise<Scored> {
  const scores: number[] = [];
  let middle = 0;
  let skipped = 0;
  let unfilled = 0;
  const bodies = new SentBodies(storage.prompts);
  for await (const { record, body, format, cut } of requestsWithBodies(storage.records, filter, limit)) {
    if (isMirrored(record)) continue;
    const sent = body === null ? null : await bodies.of(body, format, record.templates);
    if (sent === null && body !== null && !cut) {
      unfilled++;
      continue;
    }
    const judged = sent === null ? null : model.judge(sent, format);
    if (judged === null || (cut && judged.reason !== null)) {
      skipped++;
      continue;
    }
    scores.push(judged.score);
    if (judged.reason !== null) middle++;
  }
  return { scores, middle, skipped, unfilled };
}

/** The second answer to a request that is there already. */
function isMirrored({ tags, parentId }: RequestRecord): boolean {
  return parentId !== null && tags.includes("mirror");
}

interface Threshold {
  readonly share: number;
  readonly threshold: number;
  /** The share of these requests that is at or above the threshold. */
  readonly reached: number;
}

interface Calibrated extends Threshold {
  readonly model: string;
  readonly requests: number;
  readonly middle: number;
  readonly skipped: number;
  readonly unfilled: number;
  readonly shares: readonly Threshold[];
}

function calibrate({ scores, middle, skipped, unfilled }: Scored, share: number, model: string): Calibrated {
  if (scores.length === 0) {
    const none = [
      ...(skipped === 0 ? [] : [`; ${skipped} had none`]),
      ...(unfilled === 0 ? [] : [`; of ${unfilled} the templates' texts cannot be made again`]),
    ].join("");
    throw new CommandError(
      1,
      `No request with a recorded body is there to be scored${none}. Bodies are kept where the configuration says records.bodies: full.`,
    );
  }
  const of = (wanted: number): Threshold => {
    const threshold = thresholdOn(scores, wanted);
    const strong = scores.filter((each) => each >= threshold).length;
    return { share: wanted, threshold, reached: strong / scores.length };
  };
  return { model, requests: scores.length, middle, skipped, unfilled, ...of(share), shares: SHARES.map(of) };
}

function written({
  model,
  requests,
  middle,
  skipped,
  unfilled,
  share,
  threshold,
  reached,
  shares,
}: Calibrated): string {
  const count = (number: number) => number.toLocaleString("en");
  const lines = [
    `threshold  ${threshold.toFixed(4)}`,
    `strong     ${renderShare(reached)} of ${count(requests)} requests, at most ${renderShare(share)} wanted`,
    `model      ${model}`,
  ];
  if (middle > 0)
    lines.push(`${count(middle)} of them have the middle score: there is nothing to be scored.`);
  if (skipped > 0) lines.push(`${count(skipped)} more were passed over: their bodies were not kept whole.`);
  if (unfilled > 0)
    lines.push(`${count(unfilled)} more were passed over: their templates' texts cannot be made again.`);
  if (requests < FEW) lines.push(`So few requests say little: the share on others may be far from this one.`);
  const rows = shares.map((each) => [
    renderShare(each.share),
    each.threshold.toFixed(4),
    renderShare(each.reached),
  ]);
  return `${lines.join("\n")}\n\n${table([["share", "threshold", "strong"], ...rows], [true, true, true])}`;
}
