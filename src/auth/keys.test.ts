import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { hashKey, keyPrefix, makeKey } from "./keys.ts";

test("a key is 43 random letters and digits after its mark, with id, hash and prefix", () => {
  const made = makeKey();
  expect(made.key).toMatch(/^ams_[0-9A-Za-z]{43}$/);
  expect(made.id).toMatch(/^key_[0-9A-Za-z]{16}$/);
  expect(made.hash).toBe(createHash("sha256").update(made.key).digest("hex"));
  expect(made.prefix).toBe(made.key.slice(0, 8));
  expect(made.id).not.toContain(made.key.slice(4, 8));
});

test("keys and ids do not repeat, and use the whole alphabet", () => {
  const made = Array.from({ length: 2_000 }, makeKey);
  expect(new Set(made.map(({ key }) => key)).size).toBe(2_000);
  expect(new Set(made.map(({ id }) => id)).size).toBe(2_000);
  expect(new Set(made.map(({ key }) => key.slice(-20)).join("")).size).toBe(62);
});

test("keys of the environment, of any length, are hashed and shown alike", () => {
  expect(hashKey("x")).toBe("2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
  expect(keyPrefix("abc")).toBe("abc");
});
