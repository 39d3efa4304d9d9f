import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../support/exchanges.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import {
  REPLAY_HEADER,
  type ReplayUpstream,
  replayHeader,
  startReplayUpstream,
} from "../../support/replay-upstream.ts";
import { storedRecords } from "../../support/stored-records.ts";
import { toldUsage } from "../../support/told-usage.ts";

/** Streams that tell their usage in a chunk of its own. */
const streams = recordedExchanges("openai-chat").filter(
  ({ status, body }) => status === 200 && /^data:.*"choices":\s*\[\],.*"usage":\s*\{/m.test(body),
);

let upstream: ReplayUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startReplayUpstream();
  const provider = {
    base_url: `${upstream.url}/v1`,
    api_key: "provider-key",
    formats: ["openai-chat"],
    forward_request_headers: [REPLAY_HEADER],
  };
  gateway = await startGateway({
    config: { providers: { asking: { ...provider, stream_usage: true }, silent: provider } },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

let sent = 0;
async function ask(provider: string, recording: string, body: object, pieces?: number) {
  const id = `request-${sent++}`;
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${gateway.key}`,
      "accept-encoding": "gzip, br",
      "x-amsterdam-request-id": id,
      [REPLAY_HEADER]: replayHeader(recording, pieces === undefined ? {} : { pieces }),
    },
    body: JSON.stringify({ model: `${provider}/m`, stream: true, messages: [], ...body }),
  });
  const text = await response.text();
  const reached = upstream.received(recording).at(-1)!;
  return { id, text, asked: JSON.parse(Buffer.from(await reached.body).toString()), reached };
}

const withoutUsage = (body: string) =>
  body
    .split(/(?<=\n\r?\n)/)
    .filter((event) => !/"choices":\s*\[\],.*"usage":\s*\{/.test(event))
    .join("");

test("there are recordings of such streams", () => expect(streams.length).toBeGreaterThan(1));

describe.each(streams)("a stream's usage ($id)", (recording) => {
  test.each([undefined, 1, 13])(
    "is asked for, recorded, and kept from a client that did not ask (pieces of %p)",
    async (pieces) => {
      const { id, text, asked, reached } = await ask("asking", recording.id, {}, pieces);
      expect(asked).toEqual({
        model: "m",
        stream: true,
        messages: [],
        stream_options: { include_usage: true },
      });
      expect(reached.header("accept-encoding")).toEqual(["identity"]);
      expect(text).toBe(withoutUsage(recording.body));
      const record = (await storedRecords(gateway.dir, sent)).find(({ requestId }) => requestId === id)!;
      const told = toldUsage("openai-chat", recording)!;
      expect(record.usageSource).toBe("provider");
      expect(record.usage).toMatchObject({ input: told.input!, output: told.output! });
    },
  );

  test("reaches a client that asks for it", async () => {
    const options = { stream_options: { include_usage: true } };
    const { text, asked } = await ask("asking", recording.id, options);
    expect(asked).toEqual({ model: "m", stream: true, messages: [], ...options });
    expect(text).toBe(recording.body);
  });

  test("is not asked for at a provider that may not know how to tell it", async () => {
    const { text, asked } = await ask("silent", recording.id, {});
    expect(asked).toEqual({ model: "m", stream: true, messages: [] });
    expect(text).toBe(recording.body);
  });
});
