import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { defaultModel } from "../quality/default-model.ts";
import { readOutcomes } from "../quality/outcomes.ts";
import { strongProbability, thresholdBefore } from "../quality/score.ts";
import { seededRandom } from "../quality/seeded.ts";
import { Quality } from "./quality.ts";
import { askedOf, decided, optionsOf } from "./testing.ts";

const scored = (score: number, over = {}) => askedOf({ score: () => score, ...over });
const before = (share: number) => 1 - share;

describe("quality", () => {
  test("goes by thresholds in order, through any number of tiers", () => {
    const quality = new Quality({ thresholds: [0.8, 0.5], before });
    const options = optionsOf(["strong", "middle", "weak"]);
    expect(decided(quality, options, scored(0.8))).toBe("strong");
    expect(decided(quality, options, scored(0.79))).toBe("middle");
    expect(decided(quality, options, scored(0.5))).toBe("middle");
    expect(decided(quality, options, scored(0.1))).toBe("weak");
    expect(decided(quality, options, scored(Number.NaN))).toBe("weak");
    expect(quality.order(options, scored(0.6))).toMatchObject({ score: 0.6, threshold: 0.5 });
  });

  test("takes the nearest tier where the chosen one is out, the stronger of two", () => {
    const quality = new Quality({ thresholds: [0.8, 0.5], before });
    const [strong, middle, weak] = optionsOf(["strong", "middle", "weak"]);
    expect(decided(quality, [strong!, weak!], scored(0.6))).toBe("strong");
    expect(decided(quality, [middle!, strong!], scored(0.1))).toBe("middle");
    expect(decided(quality, [weak!], scored(0.9))).toBe("weak");
  });

  test("sends the share that it is to send, from the first request on and when the traffic changes", () => {
    const quality = new Quality({ strongShare: 0.3, before });
    const options = optionsOf(["strong", "weak"]);
    const random = seededRandom(5);
    const strong = (requests: number, score: () => number) => {
      let count = 0;
      for (let at = 0; at < requests; at++)
        count += Number(decided(quality, options, scored(score())) === "strong");
      return count / requests;
    };
    expect(strong(3_000, random)).toBeWithin(0.27, 0.33);
    strong(1_000, () => 0.5 * random() ** 2);
    expect(strong(3_000, () => 0.5 * random() ** 2)).toBeWithin(0.27, 0.33);
  });

  test("sends 27 to 33 % of unseen prompts where 30 % are asked for", () => {
    const model = defaultModel();
    const zipped = readFileSync(new URL("../../training/outcomes.jsonl.gz", import.meta.url));
    const random = seededRandom(6);
    const prompts = readOutcomes(gunzipSync(zipped).toString())
      .map(({ prompt }) => ({ prompt, at: random() }))
      .sort((a, b) => a.at - b.at)
      .slice(0, 3_000);
    const quality = new Quality({ strongShare: 0.3, before: (share) => thresholdBefore(model, share) });
    const options = optionsOf(["strong", "weak"]);
    let strong = 0;
    for (const [at, { prompt }] of prompts.entries()) {
      const name = decided(quality, options, scored(strongProbability(model, prompt)));
      if (at >= 1_000 && name === "strong") strong++;
    }
    expect(strong / 2_000).toBeWithin(0.27, 0.33);
  });

  test("follows the share that a client asks for, and takes any number for one", () => {
    const options = optionsOf(["strong", "weak"]);
    const quality = new Quality({ thresholds: [0.99], before });
    const random = seededRandom(7);
    let strong = 0;
    for (let at = 0; at < 4_000; at++)
      strong += Number(decided(quality, options, scored(random(), { strongShare: 0.6 })) === "strong");
    expect(strong / 4_000).toBeWithin(0.56, 0.64);
    expect(decided(quality, options, scored(0.999999, { strongShare: 0 }))).toBe("weak");
    expect(decided(quality, options, scored(0.000001, { strongShare: 1 }))).toBe("strong");
    expect(decided(quality, options, scored(0.000001, { strongShare: 7 }))).toBe("strong");
    for (let at = 0; at < 100_000; at++) quality.order(options, scored(0.5, { strongShare: random() }));
  });

  test("sends at most the share where all prompts are alike", () => {
    const quality = new Quality({ strongShare: 0.3, before });
    const names = Array.from({ length: 500 }, () =>
      decided(quality, optionsOf(["strong", "weak"]), scored(0.4)),
    );
    expect(names).not.toContain("strong");
  });
});
