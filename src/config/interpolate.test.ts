import { describe, expect, test } from "bun:test";
import { interpolate } from "./interpolate.ts";

const env = { A: "one", B: "two", EMPTY: "", REFERENCE: "$" + "{A}" };
const text = (template: string) => interpolate(template, env).text;

describe("the environment in a text", () => {
  test("is filled in anywhere", () => {
    expect(text(`\${A}`)).toBe("one");
    expect(text(`Bearer \${A}-\${B}!`)).toBe("Bearer one-two!");
  });

  test("is left alone without braces", () => {
    expect(text("$A and $ and {A}")).toBe("$A and $ and {A}");
  });

  test("is written $\\{ as the characters themselves with a second $", () => {
    expect(text(`$\${A} \${A}`)).toBe(`\${A} one`);
    expect(interpolate(`$\${A}`, env).substituted).toBe(false);
  });

  test("has a default where it is unset or empty", () => {
    expect(text(`\${NONE:-x y}`)).toBe("x y");
    expect(text(`\${EMPTY:-x}`)).toBe("x");
    expect(text(`\${A:-x}`)).toBe("one");
    expect(text(`\${NONE:-}`)).toBe("");
  });

  test("is empty where the variable is set to nothing", () => {
    expect(interpolate(`\${EMPTY}`, env)).toMatchObject({ text: "", faults: [] });
  });

  test("is not looked at again", () => {
    expect(text(`\${REFERENCE}`)).toBe(`\${A}`);
  });

  test("tells whether it is the whole text", () => {
    expect(interpolate(`\${A}`, env).whole).toBe(true);
    for (const part of [`\${A} `, ` \${A}`, `\${A}\${B}`, "A"])
      expect(interpolate(part, env).whole).toBe(false);
  });

  test("names every missing variable, and what is no reference", () => {
    expect(interpolate(`\${X} \${A} \${Y}`, env).faults.map(({ name }) => name)).toEqual(["X", "Y"]);
    expect(interpolate(`\${constructor}`, env).faults).toEqual([{ kind: "missing", name: "constructor" }]);
    for (const wrong of [`\${}`, `\${A`, `\${1}`, `\${A-B}`, `\${A:x}`, `\${ A }`]) {
      expect(interpolate(wrong, env).faults.map(({ kind }) => kind)).toEqual(["malformed"]);
    }
  });
});
