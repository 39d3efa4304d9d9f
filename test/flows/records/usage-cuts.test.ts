import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RequestRecord } from "../../../src/records/record.ts";
import type { RecordedExchange } from "../../support/exchanges.ts";
import {
  RECORDED_FORMATS,
  type RecordedFormat,
  tokensOf,
  toldStreams,
  UsageRoom,
} from "../../support/recorded-usage.ts";
import { type Mutation, replayedBody } from "../../support/replay-upstream.ts";
import { toldUsage } from "../../support/told-usage.ts";

let room: UsageRoom;
beforeAll(async () => {
  room = await UsageRoom.open();
});
afterAll(() => room.close());

/** Where the events of a stream end, in bytes, but for the last one. */
function boundaries({ body }: RecordedExchange): number[] {
  const ends: number[] = [];
  let at = 0;
  for (const event of body.split(/(?<=\n\r?\n)/)) {
    at += Buffer.byteLength(event);
    ends.push(at);
  }
  return ends.slice(0, -1);
}

/** Some streams of each kind: the shortest ones that have more than a few events, with different ways to tell usage. */
function someStreams(format: RecordedFormat, count: number) {
  return toldStreams(format)
    .filter(({ exchange }) => boundaries(exchange).length > 3)
    .toSorted((a, b) => a.exchange.body.length - b.exchange.body.length)
    .slice(0, count);
}

/** What the whole events of a stream that was cut off tell. */
function heardOf(format: RecordedFormat, exchange: RecordedExchange, mutation: Mutation) {
  const { pieces: _, ...cut } = mutation;
  const text = replayedBody(exchange, cut).toString();
  const whole = /^[\s\S]*\r?\n\r?\n/.exec(text)?.[0] ?? "";
  return toldUsage(format, { ...exchange, body: whole });
}

function expectPartial(
  format: RecordedFormat,
  record: RequestRecord,
  exchange: RecordedExchange,
  mutation: Mutation,
): void {
  const heard = heardOf(format, exchange, mutation);
  const what = `${exchange.id} ${JSON.stringify(mutation)} ${JSON.stringify(record.usage)} ${record.usageSource}`;
  // Some recordings are over before their last bytes, but for the mark that says so.
  if (record.usageSource === "provider") {
    expect(record.finish, what).not.toBeNull();
    expect(tokensOf(record), what).toEqual(heard!);
  } else if (heard?.input === undefined) {
    expect(record.usageSource === "estimated" || record.usage === null, what).toBeTrue();
  } else {
    expect([record.usageSource, record.usage?.input], what).toEqual(["partial", heard.input]);
    expect(record.usage!.output!, what).toBeGreaterThanOrEqual(heard.output ?? 0);
    expect(tokensOf(record), what).toMatchObject({
      cached: heard.cached as number,
      cacheWritten1h: heard.cacheWritten1h,
    });
  }
}

describe.each(RECORDED_FORMATS)("a stream of %s that the upstream cuts off", (format) => {
  test("has the usage that was told, and an estimate of the rest, wherever that is", async () => {
    for (const cut of [20, 50, 80]) {
      const streams = toldStreams(format);
      const ids: string[] = [];
      for (const { exchange } of streams) ids.push(await room.send(format, exchange, { mutation: { cut } }));
      for (const [i, record] of (await room.records(ids)).entries())
        expectPartial(format, record, streams[i]!.exchange, { cut });
    }
  }, 120_000);

  test.each([
    ["native", false],
    ["converted", true],
  ])(
    "has it at every boundary of events, %s",
    async (_, isConverted) => {
      const cuts = someStreams(format, 3).flatMap(({ exchange }) =>
        boundaries(exchange).map((cutAt) => ({ exchange, mutation: { cutAt } })),
      );
      expect(cuts.length).toBeGreaterThan(8);
      const ids: string[] = [];
      for (const { exchange, mutation } of cuts)
        ids.push(
          isConverted
            ? await room.sendConverted(format, exchange, { mutation })
            : await room.send(format, exchange, { mutation }),
        );
      const records = await room.records(ids);
      for (const [i, record] of records.entries()) {
        const { exchange, mutation } = cuts[i]!;
        if (record.status === 200) expectPartial(format, record, exchange, mutation);
        else expect([exchange.id, record.usage]).toEqual([exchange.id, null]);
      }
      const sources = new Set(records.map(({ usageSource }) => usageSource));
      expect(sources.has("partial") || sources.has("estimated")).toBeTrue();
    },
    120_000,
  );
});

describe.each(RECORDED_FORMATS)("a stream of %s that its client leaves", (format) => {
  test.each([1, 3])(
    "after %i pieces has the usage that was told until then",
    async (pieces) => {
      const streams = toldStreams(format)
        .filter(({ exchange }) => boundaries(exchange).length > pieces + 2)
        .slice(0, 8);
      const ids: string[] = [];
      for (const { exchange } of streams)
        ids.push(
          await room.send(format, exchange, {
            mutation: { slow: 30 },
            async read(response) {
              const reader = response.body!.getReader();
              for (let n = 0; n < pieces; n++) await reader.read();
              await reader.cancel();
            },
          }),
        );
      expect(ids.length).toBeGreaterThan(0);
      for (const [i, record] of (await room.records(ids)).entries()) {
        const { exchange, usage: whole } = streams[i]!;
        expect([exchange.id, record.error]).toEqual([exchange.id, "client_closed"]);
        // The upstream sends an event every 30 ms, so that little more than these pieces had come.
        const heard = boundaries(exchange).map((cutAt) => heardOf(format, exchange, { cutAt }));
        const told = heard.filter((one) => one !== null);
        expect([exchange.id, record.usage]).toEqual([exchange.id, expect.anything()]);
        expect([exchange.id, record.usageSource === "provider"]).toEqual([
          exchange.id,
          record.finish !== null,
        ]);
        if (record.usageSource === "partial")
          expect([exchange.id, told.some(({ input }) => input === record.usage!.input)]).toEqual([
            exchange.id,
            true,
          ]);
        expect([exchange.id, record.usage!.output! <= whole.output! * 2 + 50]).toEqual([exchange.id, true]);
      }
    },
    120_000,
  );
});
