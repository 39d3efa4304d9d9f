import { describe, expect, test } from "bun:test";
import { configIn, problemsIn } from "./testing.ts";

/** What a broken or hostile file must not do: crash the process, hang it, or reach into JavaScript's own objects. */
describe("a hostile file", () => {
  test("of 10 MB is refused unread", () => {
    const started = performance.now();
    expect(problemsIn(Buffer.alloc(10 * 1024 * 1024, "a: 1\n"))).toEqual([
      "  found a file of 10.0 MiB, expected a configuration of at most 1 MiB",
    ]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each([
    ["open lists", "[".repeat(100_000)],
    ["open mappings", "{a: ".repeat(50_000)],
    ["nested items", "- ".repeat(100_000)],
    ["complex keys", "? ".repeat(100_000)],
  ])(
    "nested without end is refused: %s",
    (_, text) => {
      expect(problemsIn(text)[0]).toEndWith("the lists and mappings are nested too deeply");
    },
    20_000,
  );

  test("nested a few hundred deep is refused at the place", () => {
    expect(problemsIn(`server: ${"[".repeat(300)}${"]".repeat(300)}`)).toContain(
      "1:59  server[0][0]: the lists and mappings are nested too deeply",
    );
  });

  test("of aliases of aliases is refused in bounded time", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let level = 1; level < 12; level++) {
      const aliases = new Array(10).fill(`*a${level - 1}`).join(", ");
      lines.push(`a${level}: &a${level} [${aliases}]`);
    }
    const started = performance.now();
    const problems = problemsIn(lines.join("\n"));
    expect(problems.some((problem) => problem.includes("found aliases of aliases"))).toBe(true);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("of merges of merges is refused in bounded time", () => {
    const lines = ["a0: &a0 {k: 1}"];
    for (let level = 1; level < 25; level++)
      lines.push(`a${level}: &a${level} {<<: [*a${level - 1}, *a${level - 1}]}`);
    const started = performance.now();
    expect(problemsIn(lines.join("\n")).length).toBeGreaterThan(0);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test("of many unknown keys is reported in bounded time", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`).join("\n");
    const started = performance.now();
    expect(problemsIn(text)).toHaveLength(20_000);
    expect(performance.now() - started).toBeLessThan(20_000);
  });

  test.each([
    "__proto__: {port: 1}",
    "server: {__proto__: {port: 1}}",
    "providers: {__proto__: {api_key: x}}",
  ])("cannot reach prototypes: %s", (text) => {
    expect(problemsIn(text)[0]).toContain("found the key __proto__");
    expect(({} as Record<string, unknown>).port).toBeUndefined();
    expect(({} as Record<string, unknown>).api_key).toBeUndefined();
  });

  test("may name things as JavaScript's objects do", () => {
    const text = "routes: {constructor: {targets: [demo/echo]}, toString: {targets: [demo/echo]}}";
    expect(Object.keys(configIn(text).routes)).toEqual(["constructor", "toString"]);
    expect(problemsIn("constructor: 1")[0]).toContain('the unknown key "constructor"');
  });

  test("of random bytes is refused", () => {
    let seed = 7;
    for (let round = 0; round < 200; round++) {
      const bytes = Uint8Array.from({ length: 200 }, () => {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        return seed >> 16;
      });
      expect(problemsIn(bytes).length).toBeGreaterThan(0);
    }
  });

  test("of YAML's own characters at random never throws", () => {
    const pieces = [
      "a",
      ": ",
      "\n",
      "  ",
      "- ",
      "[",
      "]",
      "{",
      "}",
      '"',
      "'",
      "&x ",
      "*x",
      "<<",
      "!t ",
      "|\n",
      "? ",
      "#",
      "$",
      "{",
      "server",
      "endpoints",
      "%",
      ",",
      "~",
      "---\n",
    ];
    let seed = 11;
    const next = (limit: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return (seed >> 8) % limit;
    };
    for (let round = 0; round < 500; round++) {
      const text = Array.from({ length: next(30) }, () => pieces[next(pieces.length)]).join("");
      expect(Array.isArray(problemsIn(text))).toBe(true);
    }
  });
});
