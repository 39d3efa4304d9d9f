import { describe, expect, test } from "bun:test";
import { defaultModel } from "./default-model.ts";
import { LearningLog, TooLittle } from "./learn.ts";
import { casesOf, isKeptApart, type Observation } from "./observation.ts";
import { seededRandom } from "./seeded.ts";

const seen = (prompt: string, tier: "strong" | "weak", change: Partial<Observation> = {}): Observation => ({
  prompt,
  tier,
  outcome: 1,
  probability: 0.5,
  share: 1,
  ...change,
});

describe("cases", () => {
  test("gather what was seen of a prompt at either model, each request by the inverse of its probability", () => {
    const cases = casesOf([
      seen("a", "strong", { outcome: 1, probability: 0.5 }),
      seen("b", "weak", { outcome: 0, probability: 0.25 }),
      seen("a", "strong", { outcome: 0, probability: 0.25 }),
      seen("a", "weak", { outcome: 0.5 }),
    ]);
    expect(cases).toEqual([
      { prompt: "a", strong: { outcome: 2 / 6, weight: 3 }, weak: { outcome: 0.5, weight: 2 } },
      { prompt: "b", strong: null, weak: { outcome: 0, weight: 4 } },
    ]);
  });

  test("without a known probability a model counts as often as it is seen", () => {
    const unknown = { probability: null };
    const cases = casesOf([
      seen("a", "strong", unknown),
      seen("b", "weak", unknown),
      seen("c", "weak", unknown),
      seen("d", "weak", unknown),
      seen("e", "strong", { probability: 0.001 }),
    ]);
    expect(cases.map(({ strong, weak }) => (strong ?? weak)!.weight)).toEqual([4, 4 / 3, 4 / 3, 4 / 3, 20]);
  });

  test("a judgement that several requests share weighs as one", () => {
    const [one] = casesOf([
      seen("a", "weak", { outcome: 0, share: 0.25 }),
      seen("a", "weak", { outcome: 1, share: 0.75 }),
    ]);
    expect(one!.weak).toEqual({ outcome: 0.75, weight: 2 });
  });

  test("about one prompt in five is kept apart, always the same", () => {
    const prompts = Array.from({ length: 5_000 }, (_, at) => `prompt ${at}`);
    const apart = prompts.filter(isKeptApart);
    expect(apart.length / prompts.length).toBeCloseTo(0.2, 1);
    expect(prompts.filter(isKeptApart)).toEqual(apart);
  });
});

const WORDS = "house river garden letter window music winter table story bridge lamp road".split(" ");

/** The weak model fails at prompts with `quaternion`. The strong model gets four fifths of those and a fifth of the others. */
function confounded(count: number, seed: number): Observation[] {
  const random = seededRandom(seed);
  const word = () => WORDS[Math.floor(random() * WORDS.length)]!;
  return Array.from({ length: count }, () => {
    const hard = random() < 0.5;
    const prompt = [word() + word() + word(), hard ? "quaternion" : word(), word(), word()].join(" ");
    const chance = hard ? 0.8 : 0.2;
    const strong = random() < chance;
    const good = random() < (strong ? 0.8 : hard ? 0.2 : 0.8);
    return seen(prompt, strong ? "strong" : "weak", {
      outcome: good ? 1 : 0,
      probability: strong ? chance : 1 - chance,
    });
  });
}

describe("learning", () => {
  test("is not misled by which model got which prompts", () => {
    const log = new LearningLog(confounded(1_500, 1), defaultModel());
    const learned = log.train();
    const { candidate, difference, standardError } = log.judgeApart(learned, defaultModel());
    // The strong model is better by 0.6 on half of the prompts: its mean is 0.8, the weak one's 0.5.
    expect(candidate.strong).toBeWithin(0.7, 0.9);
    expect(candidate.weak).toBeWithin(0.4, 0.6);
    expect(candidate.apgr).toBeGreaterThan(0.62);
    expect(difference).toBeGreaterThan(2 * standardError);
  });

  test("the more there is, the more of the score is learned", () => {
    const share = (count: number) =>
      new LearningLog(confounded(count, 2), defaultModel()).train().options.learnedShare;
    const [few, many] = [share(600), share(2_500)];
    expect(few).toBeGreaterThan(0.25);
    expect(few).toBeLessThan(0.35);
    expect(many).toBeGreaterThan(0.6);
  });

  test("too little of one model is refused with the numbers", () => {
    const strong = confounded(1_000, 3).filter(({ tier }) => tier === "strong");
    expect(() => new LearningLog(strong, defaultModel())).toThrow(TooLittle);
    expect(() => new LearningLog(strong, defaultModel())).toThrow("0 of the weak one (0)");
    expect(() => new LearningLog([], defaultModel())).toThrow("80 are needed");
  });
});
