import { configSchema } from "../src/config/schema.ts";
import { SealStash } from "../src/conversion/seals.ts";
import { PriceBook } from "../src/costs/price-book.ts";
import { QualityModel } from "../src/quality/quality-model.ts";
import { readProviders } from "../src/routing/providers.ts";
import { RouteStates } from "../src/routing/route-states.ts";
import { Router } from "../src/routing/router.ts";
import { factsOf } from "../src/routing/testing.ts";
import { Upstreams } from "../src/upstream/upstream.ts";

/**
 * Measures what a route adds to resolving a request: `bun bench/routes.ts`. Prints microseconds beyond those of a model
 * named by itself, medians of 20,000 requests each, with 1 KB and 10 KB of a Chat request that has tools. The aim is at
 * most 25 us without the learned router.
 */

const ROUNDS = 20_000;
const WARM_UP = 5_000;
const targets = ["demo/one", "demo/two", "demo/three"];
const routes = {
  first: { targets },
  weighted: { strategy: "weighted", targets },
  latency: { strategy: "latency", targets },
  cost: { strategy: "cost", targets },
  sticky: { strategy: "sticky", targets },
  learn: { strategy: "learn", targets },
  nested: { targets: ["weighted", "latency"] },
  quality: { strategy: "quality", targets: targets.slice(0, 2), strong_share: 0.3 },
};

const model = QualityModel.load(null);
if (!(model instanceof QualityModel)) throw new Error(model.reason);
const prices = new PriceBook(configSchema.parse({ prices: { "demo/one": { input: 1, output: 2 } } }).prices);
const config = configSchema.parse({ routes });
const router = new Router(config, readProviders(config, {}, "http://127.0.0.1:1"), {
  upstreams: new Upstreams(),
  stash: new SealStash(),
  states: new RouteStates((share) => model.thresholdBefore(share)),
  score: (body, format) => model.score(body, format),
  pricesOf: (provider, model) => prices.pricesOf(provider, model),
  until: () => 0,
});
const door = router.door("POST", "/v1/chat/completions");

const tools = [
  { type: "function", function: { name: "look_up", parameters: { type: "object", properties: {} } } },
];
const body = (name: string, bytes: number) => {
  const text = "Which of the two trains arrives first? ".repeat(300).slice(0, bytes - 300);
  return {
    model: name,
    tools,
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: text },
    ],
  };
};

for (const bytes of [1_000, 10_000]) {
  const plain = medianOf("demo/one", bytes);
  console.log(`${bytes / 1000} KB, a model: ${plain.toFixed(2)} us`);
  for (const name of Object.keys(routes))
    console.log(`${bytes / 1000} KB, ${name}: ${(medianOf(name, bytes) - plain).toFixed(2)} us more`);
}

function medianOf(name: string, bytes: number): number {
  const facts = factsOf(body(name, bytes));
  const samples = new Float64Array(ROUNDS);
  for (let i = -WARM_UP; i < ROUNDS; i++) {
    const start = Bun.nanoseconds();
    router.resolveModel(name, door, facts);
    if (i >= 0) samples[i] = (Bun.nanoseconds() - start) / 1000;
  }
  samples.sort();
  return samples[ROUNDS / 2]!;
}
