import { expect, test } from "bun:test";
import { recordedDecision } from "../records/testing.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import { TierChances } from "./router-chances.ts";

const MODELS = { strong: ["big/pro", "other/large"], weak: ["small/mini"] };
const epochs = [
  { number: 1, startedAt: 0, probabilities: [0.1, 0.2, 0.7], centre: 0 },
  { number: 2, startedAt: 1, probabilities: [0.5, 0.5, 0], centre: 0 },
];

/** An experiment whose variants ask these models; undefined leaves the request's own. */
function chancesOf(...models: (string | undefined)[]) {
  const variants = models.map((model, at) => ({ name: `v${at}`, version: "1.0.0", ...(model && { model }) }));
  let reads = 0;
  const store = {
    get: async (id: string) => {
      reads++;
      return id === "kept" ? ({ variants } as Partial<KeptExperiment> as KeptExperiment) : null;
    },
    epochs: async () => epochs,
  };
  const chances = new TierChances(store, MODELS);
  const of = async (
    tier: "strong" | "weak",
    variant: number,
    epoch = 1,
    requestedModel: string | null = null,
  ) => {
    const decisions = [recordedDecision({ experiment: "kept", variant, epoch })];
    return await chances.of({ decisions, requestedModel }, tier);
  };
  return { chances, of, reads: () => reads };
}

test("a model is known by its provider and name", () => {
  const { chances } = chancesOf();
  expect(chances.tierOf({ provider: "big", model: "pro" })).toBe("strong");
  expect(chances.tierOf({ provider: "small", model: "mini" })).toBe("weak");
  expect(chances.tierOf({ provider: "small", model: "pro" })).toBeNull();
  expect(chances.tierOf({ provider: null, model: "mini" })).toBeNull();
});

test("variants of one kind of model count together, by their epoch", async () => {
  const { of, reads } = chancesOf("big/pro", "large", "small/mini");
  expect((await of("strong", 0))?.probability).toBeCloseTo(0.3, 12);
  expect((await of("strong", 1, 2))?.probability).toBe(1);
  expect((await of("weak", 2))?.probability).toBe(0.7);
  expect(await of("weak", 2, 9)).toEqual({ probability: null });
  // The experiment chose the weak model, and it was the strong one that served: a fallback.
  expect(await of("strong", 2)).toBeNull();
  expect(reads()).toBe(1);
});

test("a variant without a model has the one that was asked for", async () => {
  const { of } = chancesOf(undefined, "small/mini", "small/mini");
  expect((await of("strong", 0, 1, "big/pro"))?.probability).toBe(0.1);
  expect((await of("weak", 1, 1, "big/pro"))?.probability).toBeCloseTo(0.9, 12);
  expect((await of("weak", 0, 1, "small/mini"))?.probability).toBe(1);
  expect(await of("strong", 0, 1, null)).toBeNull();
});

test("an experiment on prompts alone says nothing of models", async () => {
  expect(await chancesOf(undefined, undefined).of("strong", 0, 1, "big/pro")).toBeNull();
});

test("what a route drew counts by its target's name", async () => {
  const { chances } = chancesOf();
  const drawn = (variantName: string, probability: number) => ({
    decisions: [recordedDecision({ experiment: "route:auto:1234", variantName, probability })],
    requestedModel: "auto",
  });
  expect(await chances.of(drawn("big/pro", 0.25), "strong")).toEqual({ probability: 0.25 });
  expect(await chances.of(drawn("big/pro", 0.25), "weak")).toBeNull();
  expect(await chances.of(drawn("another", 0.25), "strong")).toBeNull();
  expect(await chances.of(drawn("big/pro", 0), "strong")).toEqual({ probability: null });
  expect(await chances.of({ decisions: [], requestedModel: null }, "weak")).toBeNull();
});
