import { expect, test } from "bun:test";
import fc from "fast-check";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { parseEvent, type SseEvent } from "../../lib/sse.ts";
import { anthropicCodec } from "./codec.ts";

const recorded = recordedExchanges("anthropic-messages");

/** Values that are wrong nearly everywhere. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    -1,
    1e308,
    "",
    "\ud800",
    "__proto__",
    [],
    {},
    [[]],
    [null],
    { type: "text" },
    { type: 7 },
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** A copy of a JSON value with one member, anywhere in it, replaced; `path` picks the way to it. */
function broken(value: unknown, path: readonly number[], by: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== "object" || value === null) return by;
  const keys = Object.keys(value);
  const key = keys[step % (keys.length || 1)];
  if (key === undefined) return by;
  const member = broken((value as Record<string, unknown>)[key], rest, by);
  return Array.isArray(value) ? value.with(Number(key), member) : { ...value, [key]: member };
}

const path = fc.array(fc.nat(20), { minLength: 1, maxLength: 7 });

/** The error's code, or null where nothing was thrown; anything else that is thrown fails the test. */
function codeOf(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

test("a request that is wrong somewhere is read, or refused in words", () => {
  fc.assert(
    fc.property(fc.constantFrom(...recorded), path, odd, ({ request }, way, by) => {
      const body = broken(request, way, by);
      const code = codeOf(() => {
        const read = anthropicCodec.readRequest(body, { model: null, stream: false });
        const context = { model: "claude-opus-5", losses: new Losses(), provider: "anthropic" };
        JSON.stringify(anthropicCodec.writeRequest(read, context));
      });
      expect([null, "invalid_request", "conversion_refused"]).toContain(code);
    }),
    { numRuns: 2000 },
  );
});

const answered = recorded.filter(({ status }) => status === 200);

test("an answer that is wrong somewhere is read, or refused in words", () => {
  const whole = answered.filter(({ stream }) => !stream).map(({ body }) => JSON.parse(body) as unknown);
  fc.assert(
    fc.property(fc.constantFrom(...whole), path, odd, (message, way, by) => {
      const code = codeOf(() => anthropicCodec.readResponse(broken(message, way, by)));
      expect([null, "upstream_invalid"]).toContain(code);
    }),
    { numRuns: 2000 },
  );
});

/** Whether events keep the order that `StreamEvent` promises. */
function isOrdered(events: readonly StreamEvent[]): boolean {
  let open = false;
  return events.every((event, index) => {
    const last = index === events.length - 1;
    switch (event.type) {
      case "start":
        return index === 0;
      case "part-start": {
        const fits = !open;
        open = true;
        return fits && index > 0;
      }
      case "delta":
        return open && event.text !== "";
      case "citation":
      case "seal":
        return open;
      case "part-end": {
        const fits = open;
        open = false;
        return fits;
      }
      case "part":
        return !open && index > 0;
      case "usage":
        return index > 0;
      case "finish":
        return !open && events[index + 1]?.type === "end";
      default:
        return last;
    }
  });
}

const streams = answered
  .filter(({ stream }) => stream)
  .map(({ body }) =>
    body
      .trim()
      .split(/\r?\n\r?\n/)
      .map(parseEvent),
  );

test("a stream whose events are lost, repeated, moved or wrong keeps the order, and ends", () => {
  const change = fc.record({ at: fc.nat(200), to: fc.nat(200), kind: fc.nat(3), way: path, by: odd });
  fc.assert(
    fc.property(
      fc.constantFrom(...streams),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (events, changes) => {
        const reader = anthropicCodec.createStreamReader();
        const told: StreamEvent[] = [];
        const code = codeOf(() => {
          for (const event of changes.reduce(changed, events)) told.push(...reader.push(event));
          told.push(...reader.end());
        });
        expect(code).toBeNull();
        expect(isOrdered(told)).toBe(true);
        expect(["end", "error"]).toContain(told.at(-1)!.type);
      },
    ),
    { numRuns: 2000 },
  );
});

function changed(
  events: SseEvent[],
  { at, to, kind, way, by }: { at: number; to: number; kind: number; way: number[]; by: unknown },
): SseEvent[] {
  const index = at % events.length;
  const event = events[index]!;
  switch (kind) {
    case 0:
      return events.length > 1 ? events.toSpliced(index, 1) : events;
    case 1:
      return events.toSpliced(to % events.length, 0, event);
    case 2:
      return events.toSpliced(index, 1).toSpliced(to % events.length, 0, event);
    default:
      return events.with(index, { ...event, data: JSON.stringify(broken(JSON.parse(event.data), way, by)) });
  }
}
