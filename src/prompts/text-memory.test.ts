import { expect, test } from "bun:test";
import { TextMemory } from "./text-memory.ts";

test("values are remembered by name, whatever the name", () => {
  const memory = new TextMemory<number>(10, 100);
  memory.set("__proto__", 1, 5);
  memory.set("a", 2, 5);
  memory.set("a", 3, 5);
  expect([memory.get("__proto__"), memory.get("a"), memory.get("constructor")]).toEqual([1, 3, undefined]);
});

test("more values or characters than are allowed empty it first", () => {
  const memory = new TextMemory<number>(2, 100);
  memory.set("a", 1, 60);
  memory.set("b", 2, 60);
  expect([memory.get("a"), memory.get("b")]).toEqual([undefined, 2]);
  memory.set("c", 3, 10);
  memory.set("d", 4, 10);
  expect([memory.get("b"), memory.get("c"), memory.get("d")]).toEqual([undefined, undefined, 4]);
});

test("a value that is too long for all of it is not remembered, nor is what it replaces", () => {
  const memory = new TextMemory<number>(10, 100);
  memory.set("a", 1, 60);
  memory.set("b", 2, 20);
  memory.set("a", 3, 101);
  expect([memory.get("a"), memory.get("b")]).toEqual([undefined, 2]);
  memory.set("c", 4, 80);
  expect(memory.get("b")).toBe(2);
});
