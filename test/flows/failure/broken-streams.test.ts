import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RawClient, requestText } from "../../support/client.ts";
import { RECORDINGS, recordedExchanges } from "../../support/exchanges.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

type RecordedFormat = keyof typeof RECORDINGS;

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const formats = Object.keys(RECORDINGS) as RecordedFormat[];
  const provider = (format: RecordedFormat) => ({
    base_url: `${upstream.url}/${format}`,
    api_key: "k",
    formats: [format],
  });
  gateway = await startGateway({
    config: {
      breaker: { enabled: false },
      providers: Object.fromEntries(formats.map((format) => [format, provider(format)])),
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

const PATHS: Record<RecordedFormat, string> = {
  "openai-chat": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
  gemini: "/v1beta/models/gemini/m:streamGenerateContent?alt=sse",
};

/** What each format's clients take for an error in a stream: its event's name, and the data's shape. */
const ERRORS: Record<RecordedFormat, { event: string | null; data: object }> = {
  "openai-chat": {
    event: null,
    data: { error: { code: "upstream_disconnected", message: expect.any(String) } },
  },
  "openai-responses": {
    event: "error",
    data: { type: "error", code: "upstream_disconnected", message: expect.any(String) },
  },
  "anthropic-messages": {
    event: "error",
    data: { type: "error", error: { type: expect.any(String), message: expect.any(String) } },
  },
  gemini: { event: null, data: { error: { code: 502, status: "UNAVAILABLE", message: expect.any(String) } } },
};

/** A recorded stream's events, each with its line ends. Comments do not commit an answer, so they are left out. */
function recordedEvents(format: RecordedFormat): string[] {
  const recording = recordedExchanges(format).find(
    ({ status, content_type, body }) =>
      status === 200 && content_type.startsWith("text/event-stream") && body.split(/\r?\n\r?\n/).length > 4,
  );
  // A stream that breaks after comments alone has said nothing yet: it is tried again rather than told of.
  return recording!.body.split(/(?<=\n\r?\n)/).filter((piece) => !piece.startsWith(":"));
}

function readEvent(text: string): { event: string | null; data: string } {
  const lines = text.split(/\r?\n/);
  const field = (name: string) =>
    lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  return { event: field("event")[0] ?? null, data: field("data").join("\n") };
}

async function streamed(format: RecordedFormat, pieces: string[], headers = {}): Promise<RawClient> {
  upstream.script(format, stream(pieces, { finish: "reset", headers }));
  const client = await RawClient.connect(gateway.url);
  const body = JSON.stringify({
    model: `${format}/m`,
    stream: true,
    max_tokens: 9,
    messages: [],
    input: "hi",
    contents: [],
  });
  await client.send(requestText("POST", PATHS[format], { authorization: `Bearer ${gateway.key}` }, body));
  return client;
}

describe.each(Object.keys(RECORDINGS) as RecordedFormat[])("a stream of %s that breaks", (format) => {
  const events = recordedEvents(format);
  const expectErrorAfter = async (sent: string[], kept: string) => {
    const client = await streamed(format, sent);
    const { status, text } = await client.response();
    client.close();
    expect(status).toBe(200);
    // An answer of Anthropic's API bears the model's name that was asked for.
    const expected =
      format === "anthropic-messages" ? kept.replace(/"model":"[^"]*"/, `"model":"${format}/m"`) : kept;
    expect(text).toStartWith(expected);
    const last = readEvent(text.slice(expected.length).trim());
    expect(last.event).toBe(ERRORS[format].event);
    expect(JSON.parse(last.data)).toMatchObject(ERRORS[format].data);
  };

  test("between two events ends with the format's own error event", async () => {
    const sent = events.slice(0, 2);
    await expectErrorAfter(sent, sent.join(""));
  });

  test("within an event does not give half of it", async () => {
    const sent = [...events.slice(0, 2), events[2]!.slice(0, events[2]!.length - 5)];
    await expectErrorAfter(sent, events.slice(0, 2).join(""));
  });
});

test("a stream that is not of events is cut where it breaks, and never looks whole", async () => {
  const client = await streamed("gemini", ['[{"candidates":[]},\n'], { "content-type": "application/json" });
  const response = await client.response().catch((error: Error) => error);
  if (!(response instanceof Error)) expect(response.status).toBe(502);
});
