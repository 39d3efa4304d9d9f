import { afterAll, describe, expect, test } from "bun:test";
import { RECORDINGS, recordedExchanges } from "./exchanges.ts";
import { type Mutation, REPLAY_HEADER, replayHeader, startReplayUpstream } from "./replay-upstream.ts";

const upstream = startReplayUpstream();
afterAll(() => upstream.stop());

const exchanges = (Object.keys(RECORDINGS) as (keyof typeof RECORDINGS)[]).flatMap((format) =>
  recordedExchanges(format),
);
const ask = (id: string, mutation?: Mutation) =>
  fetch(upstream.url, { headers: { [REPLAY_HEADER]: replayHeader(id, mutation) } });

describe("the replay upstream", () => {
  test("serves every recording as it was, whole and in single bytes", async () => {
    expect(exchanges.length).toBeGreaterThan(60);
    for (const { id, status, body } of exchanges) {
      for (const mutation of [{}, { pieces: 1 }]) {
        const response = await ask(id, mutation);
        expect([response.status, await response.text()]).toEqual([status, body]);
      }
    }
  });

  test("changes line ends and adds comments in streams only", async () => {
    const stream = exchanges.find((exchange) => exchange.body.startsWith("data:"))!;
    const crlf = await (await ask(stream.id, { crlf: true })).text();
    expect(crlf.replaceAll("\r\n", "\n")).toBe(stream.body.replaceAll("\r\n", "\n"));
    expect(crlf).toContain("\r\n\r\n");
    const pings = await (await ask(stream.id, { pings: true })).text();
    expect(pings.replaceAll(": ping\n\n", "")).toBe(stream.body);
    expect(pings).toContain(": ping");
  });

  test("breaks the connection after the given share", async () => {
    const response = await ask(exchanges[0]!.id, { cut: 50 });
    await expect(response.text()).rejects.toThrow();
  });
});
