import type { PriceConfig } from "../config/schema.ts";
import { PriceBook } from "../costs/price-book.ts";
import { type RepriceResult, reprice } from "../costs/reprice.ts";
import { MOMENT_FORMS, parseMoment } from "../lib/moment.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Compute the cost of recorded requests anew, by the prices known now for the day of each request.

Usage:
  amsterdam reprice [--since <time>] [--until <time>] [--provider <name>] [--model <name>] [--dry-run] [--json]

Options:
  --since, --until <time>   ${MOMENT_FORMS}
  --provider, --model       Only requests that these served
  --dry-run                 Say what would change, and change nothing
  --json                    JSON instead of text
  --config <file>           The configuration that says where records are and what models cost, as for start

The gateway may be running.
`;

const wrong = (message: string) => usage("reprice", message);

/** `amsterdam reprice …`; `prices` are the configuration's. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runReprice(
  argv: readonly string[],
  io: StoredIo,
  prices: Readonly<Record<string, PriceConfig>>,
): Promise<number> {
  return runStored(io, async () => {
    const names = ["since", "until", "provider", "model"] as const;
    const { options, positionals } = parseOptions("reprice", argv, names, ["dry-run"]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw wrong(`Unknown: reprice ${positionals.join(" ")}.`);
    const filter: RecordFilter = {
      ...moment("since", options.since),
      ...moment("until", options.until),
      ...(options.provider === undefined ? {} : { provider: options.provider }),
      ...(options.model === undefined ? {} : { model: options.model }),
    };
    const dryRun = options["dry-run"] === true;
    const result = await withStorage(io, "records", (storage) =>
      reprice(storage.records, new PriceBook(prices), { filter, dryRun }),
    );
    io.stdout.write(options.json === true ? `${JSON.stringify(result)}\n` : told(result, dryRun));
  });
}

function moment(name: "since" | "until", text: string | undefined): RecordFilter {
  if (text === undefined) return {};
  const at = parseMoment(text, Date.now());
  if (at === null) throw wrong(`--${name} is a time: ${MOMENT_FORMS}.`);
  return { [name]: at };
}

function told({ seen, changed, unpriced, before, after }: RepriceResult, dryRun: boolean): string {
  const what = dryRun ? "would get" : "got";
  return `${seen} requests looked at; ${changed} ${what} another cost; the price of ${unpriced} is not known.
Cost of all of them: ${dollars(before)} before, ${dollars(after)} now.\n`;
}

const dollars = (usd: number) => `$${usd.toFixed(usd < 1 ? 6 : 2)}`;
