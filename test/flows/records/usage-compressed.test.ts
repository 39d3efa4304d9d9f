import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  RECORDED_FORMATS,
  type RecordedFormat,
  tokensOf,
  toldExchanges,
  toldStreams,
  UsageRoom,
} from "../../support/recorded-usage.ts";
import type { Mutation } from "../../support/replay-upstream.ts";

const CODINGS = ["gzip", "deflate", "br", "zstd"] as const;

let room: UsageRoom;
beforeAll(async () => {
  room = await UsageRoom.open();
});
afterAll(() => room.close());

/** Some whole answers and some streams; a stream that is one array passes as JSON does. */
function some(format: RecordedFormat) {
  const whole = toldExchanges(format).filter(({ exchange }) => exchange.body.startsWith("{"));
  return [...whole.slice(0, 4), ...toldStreams(format).slice(0, 4)];
}

describe.each(RECORDED_FORMATS)("of a compressed answer of %s", (format) => {
  test.each(CODINGS)(
    "in %s the usage is the provider's own, and the client gets the bytes",
    async (coding) => {
      const exchanges = some(format);
      const ids: string[] = [];
      for (const { exchange } of exchanges)
        ids.push(
          await room.send(format, exchange, {
            mutation: { coding },
            headers: { "accept-encoding": coding },
            async read(response) {
              expect(response.headers.get("content-encoding")).toBe(coding);
              expect(await response.text()).toBe(exchange.body);
            },
          }),
        );
      for (const [i, record] of (await room.records(ids)).entries()) {
        const { exchange, usage } = exchanges[i]!;
        expect({ id: exchange.id, ...tokensOf(record), source: record.usageSource }).toEqual({
          id: exchange.id,
          ...usage,
          source: "provider",
        });
      }
    },
  );

  test.each(CODINGS)("in %s the usage is the provider's own when it is converted", async (coding) => {
    const exchanges = some(format);
    const ids: string[] = [];
    for (const { exchange } of exchanges)
      ids.push(await room.sendConverted(format, exchange, { mutation: { coding } }));
    for (const [i, record] of (await room.records(ids)).entries()) {
      const { exchange, usage } = exchanges[i]!;
      expect([exchange.id, record.status, record.error]).toEqual([exchange.id, 200, null]);
      expect({ id: exchange.id, ...tokensOf(record) }).toEqual({ id: exchange.id, ...usage });
    }
  });

  test.each(CODINGS)("in %s that breaks off, what was told of a stream counts", async (coding) => {
    const streams = toldStreams(format).slice(0, 6);
    const half: Mutation = { coding, cut: 60 };
    const ids: string[] = [];
    for (const { exchange } of streams)
      ids.push(await room.send(format, exchange, { mutation: half, headers: { "accept-encoding": coding } }));
    const records = await room.records(ids);
    for (const [i, record] of records.entries()) {
      const { exchange, usage } = streams[i]!;
      const saw = [exchange.id, record.error, record.usage];
      expect(saw).toEqual([exchange.id, "upstream_disconnected", expect.anything()]);
      if (record.usageSource === "partial") expect(record.usage!.input).toBe(usage.input!);
      expect(record.usageSource === "provider").toBe(record.finish !== null);
    }
  });
});
