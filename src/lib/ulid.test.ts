import { expect, test } from "bun:test";
import { UlidMaker } from "./ulid.ts";

test("ids have 26 characters of the alphabet and begin with their moment", () => {
  const id = new UlidMaker().next(1_469_918_176_385);
  expect(id).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  expect(id).toStartWith("01ARYZ6S41");
});

test("ids of one moment sort as they were made, and those of later moments after them", () => {
  const maker = new UlidMaker();
  const ids = Array.from({ length: 5_000 }, (_, index) => maker.next(1_000_000 + Math.floor(index / 1_000)));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test("two makers make different ids of one moment", () => {
  const [one, other] = [new UlidMaker(), new UlidMaker()];
  expect(one.next(5)).not.toBe(other.next(5));
});

test("moments that come out of order get ids in their own places", () => {
  const maker = new UlidMaker();
  const [late, early, later] = [maker.next(2_000), maker.next(1_000), maker.next(2_000)];
  expect(early < late).toBeTrue();
  expect(early < later).toBeTrue();
  expect(late).not.toBe(later);
});
