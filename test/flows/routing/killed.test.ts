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
const STRATEGIES = ["first", "weighted", "latency", "sticky"] as const;
/** Slower than those that are killed; for `latency` so much that it leaves it to them on a busy machine too. */
const survivorOf = (strategy: string) => (strategy === "latency" ? "demo/slow-40" : "demo/slow-10");
const REQUESTS = 2000;
const CLIENTS = 12;

/** An upstream for each strategy, which the test of it kills. */
let mortals: FaultUpstream[];
let gateway: Gateway;
beforeAll(async () => {
  const last = { ...chatChunk(""), choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
  mortals = STRATEGIES.map(startFaultUpstream);
  const providers = mortals.map((mortal, place) => {
    const url = mortal.script("mortal", async (exchange) => {
      const body = Buffer.from(await exchange.body).toString();
      const { stream: isStream } = JSON.parse(body) as { stream?: boolean };
      // Some are always on their way, also when it ends.
      await Bun.sleep(3);
      const answer = isStream ? stream(sseEvents(chatChunk("hello"), last, "[DONE]")) : json(CHAT_ANSWER);
      await answer(exchange);
    });
    return [STRATEGIES[place]!, chatProvider(url)];
  });
  const routes = STRATEGIES.map((strategy) => [
    `by-${strategy}`,
    { strategy, targets: [`${strategy}/m`, survivorOf(strategy)] },
  ]);
  gateway = await startGateway({
    config: { providers: Object.fromEntries(providers), routes: Object.fromEntries(routes) },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
});

/** What the gateway has counted of a route, by one label. */
async function counted(name: string, route: string, label: string): Promise<Record<string, number>> {
  const page = await fetch(`${gateway.url}/metrics`).then((response) => response.text());
  const samples = parseExposition(page).get(name)?.samples ?? [];
  const own = samples.filter(({ labels }) => labels.route === route);
  return Object.fromEntries(own.map(({ labels, value }) => [labels[label], value]));
}

test.each(STRATEGIES.map((strategy, place) => [strategy, place] as const))(
  "a target that is killed under 2,000 requests of all formats costs none of them while another lives: %s",
  async (strategy, place) => {
    const mortal = mortals[place]!;
    const served: Record<string, number> = {};
    const lost: unknown[] = [];
    let next = 0;
    const client = async () => {
      for (let index = next++; index < REQUESTS; index = next++) {
        if (index === REQUESTS / 4) mortal.stop();
        const format = FORMATS[index % FORMATS.length]!;
        const isStream = Math.floor(index / FORMATS.length) % 2 === 0;
        const headers = { "x-amsterdam-thread-id": `thread-${index % 100}` };
        const model = `by-${strategy}`;
        const response = await callAs(gateway, { format, model, stream: isStream, headers });
        const text = await response.text();
        const isWhole = response.status === 200 && (!isStream || text.includes(ENDS[format]));
        if (!isWhole) lost.push([index, format, response.status, text.slice(-300)]);
        const provider = response.headers.get("x-amsterdam-provider") ?? "";
        served[provider] = (served[provider] ?? 0) + 1;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    expect(lost).toEqual([]);
    const { [strategy]: before = 0, demo = 0 } = served;
    expect(before + demo).toBe(REQUESTS);
    expect(before).toBeWithin(100, REQUESTS / 4 + CLIENTS);
    expect(await counted("amsterdam_route_choices_total", `by-${strategy}`, "target")).toEqual({
      [`${strategy}/m`]: before,
      [survivorOf(strategy)]: demo,
    });
    const fallbacks = await counted("amsterdam_route_fallbacks_total", `by-${strategy}`, "reason");
    expect(Object.keys(fallbacks)).toEqual(["error"]);
  },
  120_000,
);
