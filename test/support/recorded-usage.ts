import type { RequestRecord } from "../../src/records/record.ts";
import { RECORDINGS, type RecordedExchange, recordedExchanges } from "./exchanges.ts";
import { type ReplayTargets, startReplayTargets } from "./replay-targets.ts";
import { type Mutation, REPLAY_HEADER, replayHeader } from "./replay-upstream.ts";
import { storedRecords } from "./stored-records.ts";
import { type ToldUsage, toldUsage } from "./told-usage.ts";
import { until } from "./until.ts";

export type RecordedFormat = keyof typeof RECORDINGS;
export const RECORDED_FORMATS = Object.keys(RECORDINGS) as RecordedFormat[];

/** Recorded answers of a format that tell their tokens, with what they tell. */
export function toldExchanges(format: RecordedFormat): { exchange: RecordedExchange; usage: ToldUsage }[] {
  const answers = recordedExchanges(format).filter(({ status }) => status === 200);
  return answers.flatMap((exchange) => {
    const usage = toldUsage(format, exchange);
    return usage?.output === undefined ? [] : [{ exchange, usage }];
  });
}

/** Those of them that are streams of events. */
export function toldStreams(format: RecordedFormat): ReturnType<typeof toldExchanges> {
  return toldExchanges(format).filter(({ exchange }) => /^(data|event):/.test(exchange.body));
}

/** Tokens of a record by the names under which `toldUsage` gives the provider's. */
export function tokensOf({ usage }: RequestRecord): ToldUsage {
  return {
    input: usage?.input,
    output: usage?.output,
    cached: usage?.cachedInput,
    cacheWritten: usage?.cacheWriteInput,
    cacheWritten1h: usage?.cacheWrite1hInput ?? 0,
    reasoning: usage?.reasoning,
    audioInput: usage?.audioInput ?? 0,
    audioOutput: usage?.audioOutput ?? 0,
  };
}

type Read = (response: Response) => Promise<unknown>;
export const readWhole: Read = (response) => response.arrayBuffer().catch(() => null);

interface Sent {
  readonly mutation?: Mutation;
  readonly headers?: Record<string, string>;
  /** What the client does with the answer. */
  readonly read?: Read;
}

/** A gateway between a client and recorded answers, and the records that it keeps. */
export class UsageRoom {
  readonly targets: ReplayTargets;
  #sent = 0;

  private constructor(targets: ReplayTargets) {
    this.targets = targets;
  }

  /** Over the recordings of the tests, or over those given. */
  static async open(recordings?: readonly RecordedExchange[]): Promise<UsageRoom> {
    return new UsageRoom(await startReplayTargets(recordings));
  }

  /** Sends an exchange's own request to the provider of its format; resolves to the request's id. */
  send(format: RecordedFormat, exchange: RecordedExchange, sent: Sent = {}): Promise<string> {
    return this.post(`/v1/${format}/${pathOf(format, exchange)}`, exchange.request, exchange, sent);
  }

  /** Sends a short request of another format than the exchange's, so that the recorded answer is converted. */
  sendConverted(format: RecordedFormat, exchange: RecordedExchange, sent: Sent = {}): Promise<string> {
    const messages = [{ role: "user", content: "Hi" }];
    const [path, limit] =
      format === "openai-chat" ? ["/v1/messages", { max_tokens: 100 }] : ["/v1/chat/completions", {}];
    const body = { model: `${format}/m`, messages, stream: exchange.stream, ...limit };
    return this.post(path, body, exchange, sent);
  }

  async post(path: string, body: object, exchange: RecordedExchange, sent: Sent = {}): Promise<string> {
    const { mutation = {}, headers = {}, read = readWhole } = sent;
    const { gateway } = this.targets;
    const id = `${exchange.id}/${this.#sent++}`;
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${gateway.key}`,
        "x-amsterdam-request-id": id,
        [REPLAY_HEADER]: replayHeader(exchange.id, mutation),
        ...headers,
      },
      body: JSON.stringify(body),
    }).catch(() => null);
    if (response !== null) await read(response);
    return id;
  }

  /** The records of requests, in the order of their ids, once all of them are stored. */
  records(ids: readonly string[]): Promise<RequestRecord[]> {
    return until("every request is recorded", async () => {
      const byId = new Map((await this.stored()).map((record) => [record.requestId, record]));
      const found = ids.flatMap((id) => byId.get(id) ?? []);
      return found.length === ids.length ? found : null;
    });
  }

  /** Every record that is stored now, oldest first. */
  stored(): Promise<RequestRecord[]> {
    return storedRecords(this.targets.gateway.dir, 0);
  }

  close(): Promise<void> {
    return this.targets.stop();
  }
}

/** Path of an exchange at the door of its own API's provider. */
function pathOf(format: RecordedFormat, { url, stream }: RecordedExchange): string {
  if (format === "openai-chat") return "chat/completions";
  if (format === "openai-responses") return "responses";
  if (format === "anthropic-messages") return "messages";
  const model = /models\/([^:]+):/.exec(url)?.[1] ?? "";
  return `models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
}
