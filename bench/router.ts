import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { fitCalibration, probabilityOf } from "../src/quality/calibration.ts";
import { type OutcomeRow, readOutcomes } from "../src/quality/outcomes.ts";
import { QualityModel, RefusedModel } from "../src/quality/quality-model.ts";
import { crossValidated, DEFAULT_OPTIONS, type Prepared, prepare } from "../src/quality/train.ts";
import { validate, validationTable } from "../src/quality/validation.ts";

/** Prints what docs/routing.md shows: the router on prompts kept apart, and the time that a score takes. */
function main(): void {
  const root = new URL("..", import.meta.url);
  const zipped = readFileSync(new URL("training/outcomes.jsonl.gz", root));
  const rows = readOutcomes(gunzipSync(zipped).toString());
  const model = QualityModel.load(null);
  if (model instanceof RefusedModel) throw new Error(model.reason);
  const data = prepare(rows);
  console.log(validationTable(validate(data, DEFAULT_OPTIONS)));
  console.log(reliabilityTable(data));
  console.log("| characters | prompts | median µs | 99 % µs |\n| --- | --- | --- | --- |");
  for (const [name, prompts] of samples(rows)) {
    const times = scoringTimes(prompts.map(bodyOf), (body) => model.score(body, "openai-chat"));
    const at = (share: number) => times[Math.floor(share * (times.length - 1))]!.toFixed(1);
    console.log(`| ${name} | ${prompts.length} | ${at(0.5)} | ${at(0.99)} |`);
  }
}

/** What was foretold beside what came true, by tenths of the cross-validated probabilities; every prompt counts the same. */
function reliabilityTable(data: readonly Prepared[]): string {
  const scores = crossValidated(data, DEFAULT_OPTIONS);
  const better = data.map(({ row }) => (row.strong - row.weak >= DEFAULT_OPTIONS.margin ? 1 : 0));
  const even = data.map(() => 1);
  const calibration = fitCalibration(scores, better, even);
  const order = data.map((_, at) => at).sort((a, b) => scores[a]! - scores[b]!);
  let table = "| tenth | foretold | came true |\n| --- | --- | --- |\n";
  for (let tenth = 0; tenth < 10; tenth++) {
    const from = Math.floor((tenth * order.length) / 10);
    const part = order.slice(from, Math.floor(((tenth + 1) * order.length) / 10));
    const foretold = part.reduce((sum, at) => sum + probabilityOf(calibration, scores[at]!), 0) / part.length;
    const real = part.filter((at) => better[at] === 1).length / part.length;
    table += `| ${tenth + 1} | ${foretold.toFixed(2)} | ${real.toFixed(2)} |\n`;
  }
  return table;
}

/** Prompts of the training data near a length; the longest ones are joined from several, since few are that long. */
function samples(rows: readonly OutcomeRow[]): [name: string, prompts: string[]][] {
  const texts = rows.map(({ prompt }) => prompt);
  const about600 = texts.filter(({ length }) => length > 550).map((text) => text.slice(0, 600));
  const joined = (length: number, count: number) =>
    Array.from({ length: count }, (_, nth) => {
      let text = "";
      for (let at = nth * 37; text.length < length; at++) text += `${texts[at % texts.length]}\n`;
      return text.slice(0, length);
    });
  return [
    ["550 to 600", about600.slice(0, 1_000)],
    ["4,000", joined(4_000, 500)],
    ["1,000,000", joined(1_000_000, 5)],
  ];
}

/** A request as it comes in; the router finds the prompt in it. */
function bodyOf(content: string): Buffer {
  const messages = [
    { role: "system", content: "You are a helpful assistant." },
    { role: "user", content },
  ];
  return Buffer.from(JSON.stringify({ model: "auto", messages, stream: true }));
}

/** Microseconds of each call, sorted, once the code is warm. */
function scoringTimes(bodies: readonly Buffer[], score: (body: Buffer) => number): Float64Array {
  const rounds = Math.ceil(3_000 / bodies.length);
  for (let at = 0; at < 500; at++) score(bodies[at % bodies.length]!);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const body of bodies) {
      const start = Bun.nanoseconds();
      score(body);
      times.push((Bun.nanoseconds() - start) / 1_000);
    }
  }
  return Float64Array.from(times).sort();
}

main();
