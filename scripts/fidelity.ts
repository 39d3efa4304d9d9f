/**
 * The proof of the conversions: every recorded exchange through a gateway, to clients of every format.
 *
 *   npm run fidelity -- [--exchanges FOLDER] [--client FORMAT] [--target FORMAT] [--id ID] [--verbose]
 *
 * A run over everything writes docs/fidelity.md. It fails when an answer differs for no known reason.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FORMATS, type Format } from "../test/fidelity/formats.ts";
import { measure, type Outcome } from "../test/fidelity/measure.ts";
import { faultLines, page } from "../test/fidelity/page.ts";
import { readRecordings } from "../test/fidelity/recordings.ts";

const PAGE = join(import.meta.dirname, "..", "docs", "fidelity.md");

const { values } = parseArgs({
  options: {
    exchanges: { type: "string" },
    client: { type: "string" },
    target: { type: "string" },
    id: { type: "string" },
    verbose: { type: "boolean", default: false },
  },
});

function formatsOf(value: string | undefined): Format[] {
  if (value === undefined) return [...FORMATS];
  const format = FORMATS.find((one) => one === value);
  if (format === undefined) throw new Error(`There are ${FORMATS.join(", ")}, not ${value}`);
  return [format];
}

const isWhole = values.client === undefined && values.target === undefined && values.id === undefined;
const recordings = readRecordings(values.exchanges).filter(
  ({ id }) => values.id === undefined || id === values.id,
);
const outcomes: Outcome[] = await measure({
  recordings,
  clients: formatsOf(values.client),
  targets: formatsOf(values.target),
});

for (const line of faultLines(outcomes, values.verbose)) console.error(line);
const faulty = outcomes.filter(({ findings }) => findings.some(({ exception }) => exception === null));
const told = new Set(outcomes.map(({ recording }) => recording.id)).size;
console.log(`${outcomes.length} answers of ${told} recorded exchanges, ${faulty.length} wrong`);
if (isWhole) {
  writeFileSync(PAGE, page(outcomes));
  console.log(`Written to ${PAGE}.`);
}
process.exit(faulty.length === 0 ? 0 : 1);
