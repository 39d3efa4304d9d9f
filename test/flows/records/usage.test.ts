import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../support/exchanges.ts";
import {
  RECORDED_FORMATS,
  readWhole,
  tokensOf,
  toldExchanges,
  UsageRoom,
} from "../../support/recorded-usage.ts";
import type { Mutation } from "../../support/replay-upstream.ts";

let room: UsageRoom;
beforeAll(async () => {
  room = await UsageRoom.open();
});
afterAll(() => room.close());

describe.each(RECORDED_FORMATS)("the usage in the records of %s", (format) => {
  test.each([
    ["whole", {}],
    ["in single bytes", { pieces: 1 }],
    ["in pieces with CRLF and comments", { pieces: 7, crlf: true, pings: true }],
  ] satisfies [string, Mutation][])(
    "is the provider's own in every exchange that has it, %s",
    async (_, mutation) => {
      const exchanges = toldExchanges(format);
      expect(exchanges.length).toBeGreaterThan(15);
      const ids: string[] = [];
      for (const { exchange } of exchanges) ids.push(await room.send(format, exchange, { mutation }));
      for (const [i, record] of (await room.records(ids)).entries()) {
        const { exchange, usage } = exchanges[i]!;
        expect({ id: exchange.id, ...tokensOf(record), source: record.usageSource }).toEqual({
          id: exchange.id,
          ...usage,
          source: "provider",
        });
        expect(record).toMatchObject({
          provider: format,
          status: 200,
          clientFormat: format,
          targetFormat: format,
        });
        const isWords = /^(data|event):/.test(exchange.body) && usage.output !== 0;
        if (isWords) expect([exchange.id, record.firstTokenMs]).toEqual([exchange.id, expect.any(Number)]);
      }
    },
    120_000,
  );

  test.each([
    ["whole", {}],
    ["in single bytes", { pieces: 1 }],
  ] satisfies [string, Mutation][])(
    "is the provider's own for clients of another API too, %s",
    async (_, mutation) => {
      // Of a stream that is one array the converted request would not have asked.
      const exchanges = toldExchanges(format).filter(({ exchange }) => !exchange.body.startsWith("["));
      const ids: string[] = [];
      const statuses: number[] = [];
      for (const { exchange } of exchanges)
        ids.push(
          await room.sendConverted(format, exchange, {
            mutation,
            read: (response) => {
              statuses.push(response.status);
              return readWhole(response);
            },
          }),
        );
      for (const [i, record] of (await room.records(ids)).entries()) {
        const { exchange, usage } = exchanges[i]!;
        if (statuses[i] !== 200 || record.error !== null) continue;
        expect({ id: exchange.id, ...tokensOf(record), source: record.usageSource }).toEqual({
          id: exchange.id,
          ...usage,
          source: "provider",
        });
        expect(record.clientFormat).not.toBe(record.targetFormat);
      }
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(exchanges.length - 3);
    },
    120_000,
  );

  test("is none where the provider refused", async () => {
    const refused = recordedExchanges(format).filter(({ status }) => status >= 400);
    const ids: string[] = [];
    for (const exchange of refused) ids.push(await room.send(format, exchange));
    for (const [i, record] of (await room.records(ids)).entries())
      expect(record).toMatchObject({
        status: refused[i]!.status,
        usage: null,
        usageSource: null,
        cost: null,
      });
  });
});
