import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Format } from "../../../src/exchange/formats.ts";
import { callAs, isErrorOf } from "../../support/client-call.ts";
import { type RecordedExchange, recordedExchanges } from "../../support/exchanges.ts";
import { breaches, ofProtocol, tellsError } from "../../support/protocol.ts";
import { type ReplayTargets, startReplayTargets, VERSIONS } from "../../support/replay-targets.ts";
import { REPLAY_HEADER } from "../../support/replay-upstream.ts";

const FORMATS = Object.keys(VERSIONS) as Format[];
/** A stream with thoughts or text and tool calls, short enough to be broken at every event. */
const MOST_EVENTS = 60;

const ERRORS: Readonly<Record<Format, string>> = {
  "openai-chat": 'data: {"error":{"message":"Overloaded","type":"server_error","code":null}}\n\n',
  "openai-responses":
    'event: error\ndata: {"type":"error","sequence_number":9,"code":"server_error","message":"Overloaded","param":null}\n\n',
  "anthropic-messages":
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
  gemini: 'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"}}\r\n\r\n',
};

type Break = (events: string[], at: number, format: Format) => string[];

/** Ways in which a stream is broken at an event. */
const BREAKS: Readonly<Record<string, Break>> = {
  "ends early": (events, at) => events.slice(0, at),
  "skips an event": (events, at) => events.toSpliced(at, 1),
  "repeats an event": (events, at) => events.toSpliced(at, 0, events[at]!),
  "swaps two events": (events, at) => events.toSpliced(at, 2, ...events.slice(at, at + 2).reverse()),
  "begins anew": (events, at) => [...events.slice(0, at), ...events],
  "switches to an error": (events, at, format) => [...events.slice(0, at), ERRORS[format]],
  "goes on after an error": (events, at, format) => events.toSpliced(at, 0, ERRORS[format]),
  "has an event that is no JSON": (events, at) => events.toSpliced(at, 1, 'data: {"choices": [\n\n'),
  "has an event of another kind of JSON": (events, at) => events.toSpliced(at, 1, "data: [null, 7]\n\n"),
  "has an event with wrong types": (events, at) =>
    events.toSpliced(at, 1, events[at]!.replace(/:(\s*)("[^"]*"|\d+)/g, ":$1{}")),
  "has empty events": (events, at) => events.toSpliced(at, 0, "data:\n\n", "event: ping\n\n", ": hi\n\n"),
};

function eventsIn({ body }: RecordedExchange): string[] {
  return body.split(/(?<=\n\r?\n)/);
}

/** The shortest recorded streams of a format that show each of these. */
function chosen(format: Format): RecordedExchange[] {
  const streams = recordedExchanges(format)
    .filter(({ status, stream, body }) => status === 200 && stream && !body.startsWith("["))
    .filter((recording) => eventsIn(recording).length <= MOST_EVENTS)
    .sort((a, b) => a.body.length - b.body.length);
  const wanted = ["reasoning", "toolcall", "parallel"].map((feature) =>
    streams.find(({ features }) => features.includes(feature)),
  );
  return [...new Set([streams[0], ...wanted])].filter((recording) => recording !== undefined);
}

/** Found in a stream, it tells that the model came to its end. */
const ENDS: Readonly<Record<Format, RegExp>> = {
  "openai-chat": /"finish_reason": ?"/,
  "openai-responses": /"type": ?"response\.(completed|incomplete)"/,
  "anthropic-messages": /"stop_reason": ?"/,
  gemini: /"finishReason": ?"/,
};

interface Broken extends RecordedExchange {
  readonly format: Format;
  readonly how: string;
}

const BROKEN: Broken[] = FORMATS.flatMap((format) =>
  chosen(format).flatMap((recording) => {
    const events = eventsIn(recording);
    return Object.entries(BREAKS).flatMap(([how, apply]) =>
      events.map((_, at) => ({
        ...recording,
        format,
        how,
        id: `${recording.id} ${how} at ${at}`,
        body: apply(events, at, format).join(""),
      })),
    );
  }),
);

let targets: ReplayTargets;
beforeAll(async () => {
  targets = await startReplayTargets(BROKEN);
});
afterAll(() => targets.stop());

/** What is wrong with what a client got; null where it is an answer or an error of its own format. */
async function faultOf(client: Format, { id, format, how, body }: Broken): Promise<string | null> {
  const response = await callAs(targets.gateway, {
    format: client,
    model: `${format}/m`,
    stream: true,
    headers: { [REPLAY_HEADER]: id },
  });
  const text = await response.text();
  if (!response.ok) return isErrorOf(client, text) ? null : `${id}: ${response.status} ${text}`;
  const error = tellsError(text);
  if (how === "ends early" && !error && !ENDS[format].test(body))
    return `${id}: half an answer is told as a whole`;
  const found = ofProtocol(breaches(client, { text, stream: true, error }));
  return found.length === 0 ? null : `${id}: ${found.slice(0, 3).join("; ")}`;
}

const PAIRS = FORMATS.flatMap((target) =>
  FORMATS.filter((client) => client !== target).map((client) => ({ client, target })),
);

describe.each(PAIRS)("a client of $client, a provider of $target", ({ client, target }) => {
  test.each(Object.keys(BREAKS))(
    "whose stream %s: a whole answer or an error of the client's own format",
    async (how) => {
      const cases = BROKEN.filter((broken) => broken.format === target && broken.how === how);
      expect(cases.length).toBeGreaterThan(4);
      const faults: (string | null)[] = [];
      for (const broken of cases) faults.push(await faultOf(client, broken));
      expect(faults.filter((fault) => fault !== null)).toEqual([]);
    },
  );
});
