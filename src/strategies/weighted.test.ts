import { expect, test } from "bun:test";
import { seededRandom } from "../quality/seeded.ts";
import { FIRST } from "./strategy.ts";
import { askedOf, decided, optionsOf, sharesOf } from "./testing.ts";
import { Weighted } from "./weighted.ts";

test("first keeps the list's order", () => {
  const { order } = FIRST.order(optionsOf(["a", "b", "c"]), askedOf());
  expect(order.map(({ name }) => name)).toEqual(["a", "b", "c"]);
});

test("weighted chooses as often as the weights say, and tells the probability", () => {
  const options = optionsOf([
    ["a", 6],
    ["b", 3],
    ["c", 1],
    ["d", 0],
  ]);
  const shares = sharesOf(new Weighted(seededRandom(1)), options, 20_000);
  expect(shares.a).toBeWithin(0.59, 0.61);
  expect(shares.b).toBeWithin(0.29, 0.31);
  expect(shares.c).toBeWithin(0.09, 0.11);
  expect(shares.d).toBe(0);
  expect(new Weighted(() => 0.7).order(options)).toMatchObject({
    order: [{ name: "b" }, { name: "a" }, { name: "c" }, { name: "d" }],
    probability: 0.3,
  });
});

test("weighted takes a weight of 0 only where nothing else lives, and the ends of chance", () => {
  expect(
    decided(
      new Weighted(() => 0.5),
      optionsOf([
        ["a", 0],
        ["b", 0],
      ]),
      askedOf(),
    ),
  ).toBe("a");
  expect(
    decided(
      new Weighted(() => 0),
      optionsOf([
        ["a", 0],
        ["b", 1],
      ]),
      askedOf(),
    ),
  ).toBe("b");
  expect(
    decided(
      new Weighted(() => 1 - 2 ** -53),
      optionsOf([
        ["a", 0.1],
        ["b", 0.2],
        ["c", 0],
      ]),
      askedOf(),
    ),
  ).toBe("b");
  expect(decided(new Weighted(() => 0.999), optionsOf(["only"]), askedOf())).toBe("only");
});

test("of 1,000 options each gets its share", () => {
  const options = optionsOf(Array.from({ length: 1_000 }, (_, at) => `t${at}`));
  const shares = sharesOf(new Weighted(seededRandom(2)), options, 3_000);
  expect(Math.max(...Object.values(shares))).toBeLessThan(15 / 3_000);
  expect(Object.values(shares).filter((share) => share > 0).length).toBeGreaterThan(900);
});
