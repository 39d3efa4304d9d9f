import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { convertGenerate } from "../../../src/conversion/generate.ts";
import { SealStash } from "../../../src/conversion/seals.ts";
import { ToolEvents } from "../../../src/conversion/tool-events.ts";
import { ToolAdapter } from "../../../src/conversion/tools.ts";
import { GatewayError } from "../../../src/exchange/errors.ts";
import type { Format } from "../../../src/exchange/formats.ts";
import { Losses } from "../../../src/exchange/losses.ts";
import type { StreamEvent } from "../../../src/exchange/stream.ts";
import { CODECS } from "../../../src/formats/codecs.ts";
import { type RecordedExchange, recordedExchanges } from "../../support/exchanges.ts";
import { breaches, eventsOf, ofProtocol, tellsError } from "../../support/protocol.ts";
import { VERSIONS } from "../../support/replay-targets.ts";

const FORMATS = Object.keys(VERSIONS) as Format[];
const PAIRS = FORMATS.flatMap((client) =>
  FORMATS.filter((target) => target !== client).map((target) => ({ client, target })),
);
const RUNS = 300;

/** What is put in a value's place; null takes the place of a member that is left out, too. */
const JUNK: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  "",
  "\ud800",
  "__proto__",
  [],
  [null],
  {},
  { type: "x" },
  "data:image/png;base64,@@",
  [[[[]]]],
  "a".repeat(300),
];

interface Change {
  /** Which of the value's members, counted through all of it. */
  readonly place: number;
  readonly junk: unknown;
  readonly deleted: boolean;
}

const changes: fc.Arbitrary<Change[]> = fc.array(
  fc.record({ place: fc.nat(), junk: fc.constantFrom(...JUNK), deleted: fc.boolean() }),
  { minLength: 1, maxLength: 3 },
);

type Members = Record<string, unknown>;

/** A copy of a JSON value with these changes somewhere in it. */
function changed(value: unknown, all: readonly Change[]): unknown {
  const copy: unknown = structuredClone(value);
  for (const { place, junk, deleted } of all) {
    const places = placesIn(copy);
    const found = places[place % Math.max(1, places.length)];
    if (found === undefined) break;
    if (deleted && !Array.isArray(found.holder)) delete found.holder[found.key];
    else found.holder[found.key] = structuredClone(junk);
  }
  return copy;
}

function placesIn(value: unknown): { holder: Members; key: string }[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Members;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}

/** The result, or null where it was refused as an error of the table. Anything else that is thrown is a fault. */
function orRefused<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if (error instanceof GatewayError) return null;
    throw error;
  }
}

const recordings = (format: Format, keep: (recording: RecordedExchange) => boolean): RecordedExchange[] =>
  recordedExchanges(format).filter(
    (recording) => keep(recording) && JSON.stringify(recording.request).length < 20_000,
  );

describe.each(PAIRS)("$client to $target", ({ client, target }) => {
  test("a recorded request with something wrong in it is converted, or refused in words", () => {
    const codec = CODECS[client].generate;
    const requests = recordings(client, () => true);
    const property = fc.property(fc.constantFrom(...requests), changes, (recording, wrong) => {
      const body = changed({ model: "m", ...recording.request }, wrong);
      const request = orRefused(() => codec.readRequest(body, { model: "m", stream: false }));
      if (request === null) return;
      const ask = { request, client: codec, owner: "key", strict: false, asArray: false };
      const to = { format: target, provider: "another", model: "m" };
      const converted = orRefused(() => convertGenerate(ask, to, new SealStash()));
      if (converted !== null) JSON.parse(converted.body.toString());
    });
    fc.assert(property, { numRuns: RUNS });
  });

  /** What an answer is written for; every id is another. */
  const context = () => {
    const codec = CODECS[client].generate;
    let made = 0;
    const body = {
      model: "m",
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 9,
      messages: [{ role: "user", content: "hi" }],
      input: "hi",
      contents: [{ parts: [{ text: "hi" }] }],
    };
    return {
      request: codec.readRequest(body, { model: "m", stream: true }),
      model: "m",
      losses: new Losses(),
      newId: () => String(made++).padStart(24, "0"),
      now: () => 1_800_000_000,
    };
  };

  test("a recorded answer with something wrong in it is written, or refused in words", () => {
    const answers = recordings(target, ({ status, body }) => status === 200 && body.startsWith("{"));
    const property = fc.property(fc.constantFrom(...answers), changes, (recording, wrong) => {
      const body = changed(JSON.parse(recording.body), wrong);
      const response = orRefused(() => CODECS[target].generate.readResponse(body));
      if (response === null) return;
      const to = context();
      const tools = new ToolAdapter(to.request, target, "another");
      const written = orRefused(() => {
        const choices = response.choices.map((choice) => tools.answer(choice));
        return CODECS[client].generate.writeResponse({ ...response, choices }, to);
      });
      expect(JSON.stringify(written).isWellFormed()).toBeTrue();
    });
    fc.assert(property, { numRuns: RUNS });
  });

  test("a recorded stream with something wrong in it is a whole stream of the client's format, or ends in its error", () => {
    const streams = recordings(
      target,
      ({ status, stream, body }) => status === 200 && stream && !body.startsWith("[") && body.length < 40_000,
    );
    const where = fc.array(fc.tuple(fc.nat(), changes), { minLength: 1, maxLength: 4 });
    const property = fc.property(fc.constantFrom(...streams), where, (recording, wrong) => {
      const events = eventsOf(recording.body);
      for (const [place, all] of wrong) {
        const event = events[place % events.length]!;
        if (!event.data.startsWith("{")) continue;
        events[place % events.length] = {
          ...event,
          data: JSON.stringify(changed(JSON.parse(event.data), all)),
        };
      }
      const reader = CODECS[target].generate.createStreamReader();
      const to = context();
      const writer = CODECS[client].generate.createStreamWriter(to);
      const tools = new ToolEvents(new ToolAdapter(to.request, target, "another"));
      const text = orRefused(() => {
        let written = "";
        const take = (told: readonly StreamEvent[]) => {
          for (const event of told) for (const adapted of tools.take(event)) written += writer.write(adapted);
        };
        for (const event of events) take(reader.push(event));
        take(reader.end());
        return written;
      });
      if (text === null) return;
      const error = tellsError(text);
      const found = ofProtocol(breaches(client, { text, stream: true, error, includeUsage: true }));
      // An upstream that tells no counts leaves none to tell.
      expect(found.filter((breach) => breach !== "no chunk with usage")).toEqual([]);
    });
    fc.assert(property, { numRuns: RUNS });
  });
});
