import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RequestRecord } from "../../../src/records/record.ts";
import { RECORDINGS, type RecordedExchange, recordedExchanges } from "../../support/exchanges.ts";
import { type ReplayTargets, startReplayTargets } from "../../support/replay-targets.ts";
import { type Mutation, REPLAY_HEADER, replayedBody, replayHeader } from "../../support/replay-upstream.ts";
import { storedRecords } from "../../support/stored-records.ts";
import { type ToldUsage, toldUsage } from "../../support/told-usage.ts";

type RecordedFormat = keyof typeof RECORDINGS;
const FORMATS = Object.keys(RECORDINGS) as RecordedFormat[];

let targets: ReplayTargets;
let sent = 0;
beforeAll(async () => {
  targets = await startReplayTargets();
});
afterAll(() => targets.stop());

/** Path of an exchange at the door of its own API's provider. */
function pathOf(format: RecordedFormat, { url, stream }: RecordedExchange): string {
  if (format === "openai-chat") return "chat/completions";
  if (format === "openai-responses") return "responses";
  if (format === "anthropic-messages") return "messages";
  const model = /models\/([^:]+):/.exec(url)?.[1] ?? "";
  return `models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
}

type Read = (response: Response) => Promise<unknown>;
const whole: Read = (response) => response.arrayBuffer().catch(() => null);

/** Sends an exchange's own request to the provider of its format. */
function send(
  format: RecordedFormat,
  exchange: RecordedExchange,
  mutation: Mutation,
  read = whole,
): Promise<string> {
  return post(`/v1/${format}/${pathOf(format, exchange)}`, exchange.request, exchange, mutation, read);
}

/** A request that is answered with a recording; returns its id. */
async function post(
  path: string,
  body: object,
  exchange: RecordedExchange,
  mutation: Mutation,
  read = whole,
) {
  const id = `${exchange.id}/${sent++}`;
  const response = await fetch(targets.gateway.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${targets.gateway.key}`,
      "x-amsterdam-request-id": id,
      [REPLAY_HEADER]: replayHeader(exchange.id, mutation),
    },
    body: JSON.stringify(body),
  }).catch(() => null);
  if (response !== null) await read(response);
  return id;
}

async function recordsOf(ids: readonly string[]): Promise<Map<string, RequestRecord>> {
  const records = await storedRecords(targets.gateway.dir, sent);
  const byId = new Map(records.map((record) => [record.requestId, record]));
  for (const id of ids) expect(byId.has(id)).toBeTrue();
  return byId;
}

function tokens({ usage }: RequestRecord): ToldUsage {
  return {
    input: usage?.input,
    output: usage?.output,
    cached: usage?.cachedInput,
    reasoning: usage?.reasoning,
  };
}

const told = (format: RecordedFormat) => {
  const answers = recordedExchanges(format).filter(({ status }) => status === 200);
  return answers.flatMap((exchange) => {
    const usage = toldUsage(format, exchange);
    return usage?.output === undefined ? [] : [{ exchange, usage }];
  });
};

describe.each(FORMATS)("the usage in the records of %s", (format) => {
  test.each([
    ["whole", {}],
    ["in single bytes", { pieces: 1 }],
    ["in pieces with CRLF and comments", { pieces: 7, crlf: true, pings: true }],
  ] satisfies [string, Mutation][])(
    "is the provider's own in every exchange that has it, %s",
    async (_, mutation) => {
      const exchanges = told(format);
      expect(exchanges.length).toBeGreaterThan(15);
      const ids: string[] = [];
      for (const { exchange } of exchanges) ids.push(await send(format, exchange, mutation));
      const records = await recordsOf(ids);
      for (const [i, { exchange, usage }] of exchanges.entries()) {
        const record = records.get(ids[i]!)!;
        expect({ id: exchange.id, ...tokens(record), source: record.usageSource }).toEqual({
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
        if (exchange.stream && record.usage?.output !== 0) expect(record.firstTokenMs).not.toBeUndefined();
      }
    },
    120_000,
  );

  test("is what was told and an estimate of the rest when the stream is cut off", async () => {
    const streams = told(format).filter(({ exchange }) => /^(data|event):/.test(exchange.body));
    for (const cut of [20, 50, 80]) {
      const ids: string[] = [];
      for (const { exchange } of streams) ids.push(await send(format, exchange, { cut }));
      const records = await recordsOf(ids);
      for (const [i, { exchange }] of streams.entries())
        expectPartial(format, records.get(ids[i]!)!, exchange, cut);
    }
  }, 120_000);

  test("is what was told and an estimate of the rest when the client leaves", async () => {
    const streams = told(format).filter(
      ({ exchange }) => /^(data|event):/.test(exchange.body) && exchange.body.length > 1_500,
    );
    const ids: string[] = [];
    for (const { exchange } of streams.slice(0, 8))
      ids.push(
        await send(format, exchange, { slow: 30 }, async (response) => {
          const reader = response.body!.getReader();
          await reader.read();
          await reader.cancel();
        }),
      );
    const records = await recordsOf(ids);
    for (const [i, { exchange }] of streams.slice(0, 8).entries()) {
      const record = records.get(ids[i]!)!;
      expect([exchange.id, record.error]).toEqual([exchange.id, "client_closed"]);
      if (record.usage === null) continue;
      const heard = toldUsage(format, exchange)!;
      // What left before the client did is known to nobody else; some of these streams are a single event.
      expect([exchange.id, record.usageSource === "provider"]).toEqual([exchange.id, record.finish !== null]);
      if (record.usageSource !== "estimated") expect(record.usage.input).toBeWithin(1, heard.input! + 1);
    }
  }, 120_000);

  test.each([
    ["whole", {}],
    ["in single bytes", { pieces: 1 }],
  ] satisfies [string, Mutation][])(
    "is the provider's own for clients of another API too, %s",
    async (_, mutation) => {
      const [path, body]: [string, object] =
        format === "openai-chat"
          ? [
              "/v1/messages",
              { model: `${format}/m`, max_tokens: 100, messages: [{ role: "user", content: "Hi" }] },
            ]
          : ["/v1/chat/completions", { model: `${format}/m`, messages: [{ role: "user", content: "Hi" }] }];
      // Of a stream that is one array the converted request would not have asked.
      const exchanges = told(format).filter(({ exchange }) => !exchange.body.startsWith("["));
      const ids: string[] = [];
      const statuses: number[] = [];
      for (const { exchange } of exchanges)
        ids.push(
          await post(path, { ...body, stream: exchange.stream }, exchange, mutation, async (response) => {
            statuses.push(response.status);
            await whole(response);
          }),
        );
      const records = await recordsOf(ids);
      for (const [i, { exchange, usage }] of exchanges.entries()) {
        const record = records.get(ids[i]!)!;
        if (statuses[i] !== 200 || record.error !== null) continue;
        expect({ id: exchange.id, ...tokens(record) }).toEqual({ id: exchange.id, ...usage });
      }
      expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(exchanges.length - 3);
    },
    120_000,
  );

  test("is none where the provider refused", async () => {
    const refused = recordedExchanges(format).filter(({ status }) => status >= 400);
    const ids: string[] = [];
    for (const exchange of refused) ids.push(await send(format, exchange, {}));
    const records = await recordsOf(ids);
    for (const [i, { status }] of refused.entries()) {
      const record = records.get(ids[i]!)!;
      expect(record).toMatchObject({ status, usage: null, usageSource: null, cost: null });
    }
  });
});

function expectPartial(
  format: RecordedFormat,
  record: RequestRecord,
  exchange: RecordedExchange,
  cut: number,
): void {
  const text = replayedBody(exchange, { cut }).toString();
  const whole = /^[\s\S]*\r?\n\r?\n/.exec(text)?.[0] ?? "";
  const heard = toldUsage(format, { ...exchange, body: whole });
  const saw = { id: exchange.id, cut, source: record.usageSource, input: record.usage?.input };
  // Some recordings are over before their last bytes, but for the mark that says so.
  if (record.usageSource === "provider") expect(tokens(record)).toEqual(heard!);
  else if (heard?.input === undefined) expect(saw.source === "estimated" || record.usage === null).toBeTrue();
  else {
    expect(saw).toEqual({ ...saw, source: "partial", input: heard.input });
    expect(record.usage!.output!).toBeGreaterThanOrEqual(heard.output ?? 0);
  }
}
