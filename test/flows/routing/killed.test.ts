import { afterAll, beforeAll, expect, test } from "bun:test";
import { CHAT_ANSWER, chatChunk, chatProvider } from "../../support/chat.ts";
import { callAs } from "../../support/client-call.ts";
import { parseExposition } from "../../support/exposition.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
/** What stands at the end of a whole stream alone. */
const ENDS = {
  "openai-chat": "[DONE]",
  "openai-responses": "response.completed",
  "anthropic-messages": "message_stop",
  gemini: '"finishReason":"STOP"',
} as const;
const REQUESTS = 2000;
const CLIENTS = 12;

let mortal: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  mortal = startFaultUpstream();
  const last = { ...chatChunk(""), choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  const url = mortal.script("mortal", async (exchange) => {
    const { stream: isStream } = JSON.parse(Buffer.from(await exchange.body).toString()) as {
      stream?: boolean;
    };
    // Some are always on their way, also when it ends.
    await Bun.sleep(3);
    const answer = isStream ? stream(sseEvents(chatChunk("hello"), last, "[DONE]")) : json(CHAT_ANSWER);
    await answer(exchange);
  });
  gateway = await startGateway({
    config: {
      providers: { mortal: chatProvider(url) },
      routes: {
        pair: { strategy: "weighted", targets: ["mortal/m", "demo/echo"] },
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
});

test("an upstream that is killed under 2,000 requests of all formats costs none of them while another lives", async () => {
  const served: Record<string, number> = {};
  const lost: unknown[] = [];
  let next = 0;
  let killedAt = -1;
  const client = async () => {
    for (let index = next++; index < REQUESTS; index = next++) {
      if (index === REQUESTS / 4) {
        mortal.stop();
        killedAt = mortal.received("mortal").length;
      }
      const format = FORMATS[index % FORMATS.length]!;
      const isStream = Math.floor(index / FORMATS.length) % 2 === 0;
      const response = await callAs(gateway, { format, model: "pair", stream: isStream });
      const text = await response.text();
      const isWhole = response.status === 200 && (!isStream || text.includes(ENDS[format]));
      if (!isWhole) lost.push([index, format, response.status, text.slice(-300)]);
      const provider = response.headers.get("x-amsterdam-provider") ?? "";
      served[provider] = (served[provider] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  expect(lost).toEqual([]);
  expect(Object.values(served).reduce((sum, count) => sum + count, 0)).toBe(REQUESTS);
  expect(served.mortal).toBeWithin(150, 400);
  expect(killedAt).toBeGreaterThanOrEqual(served.mortal ?? 0);

  const families = parseExposition(await fetch(`${gateway.url}/metrics`).then((page) => page.text()));
  const counts = (name: string, label: string) =>
    Object.fromEntries(
      (families.get(name)?.samples ?? []).map(({ labels, value }) => [labels[label], value]),
    );
  expect(counts("amsterdam_route_choices_total", "target")).toEqual({
    "mortal/m": served.mortal ?? 0,
    "demo/echo": served.demo ?? 0,
  });
  expect(counts("amsterdam_route_fallbacks_total", "reason")).toEqual({ error: expect.any(Number) });
}, 120_000);
