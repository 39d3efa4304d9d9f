import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareLines, compareVersions } from "./diff.ts";
import type { VersionContent } from "./template.ts";

const CONTENT: VersionContent = {
  messages: [
    { role: "system", text: "Be brief.\nBe kind.\n" },
    { role: "user", text: "{{ question }}" },
  ],
  model: "gpt-5",
  parameters: { temperature: 0.5, stop: ["a"] },
};

describe("comparing two versions", () => {
  test("finds equal ones equal, whatever the order of their parameters", () => {
    const parameters = { stop: ["a"], temperature: 0.5 };
    expect(compareVersions(CONTENT, { ...CONTENT, parameters })).toMatchObject({
      equal: true,
      model: null,
      parameters: [],
    });
  });

  test("shows the lines that changed", () => {
    const messages = [{ role: "system" as const, text: "Be brief.\nBe stern.\n" }, CONTENT.messages[1]!];
    expect(compareVersions(CONTENT, { ...CONTENT, messages })).toMatchObject({
      equal: false,
      messages: [
        {
          lines: [
            { kind: "same", text: "Be brief.\n" },
            { kind: "removed", text: "Be kind.\n" },
            { kind: "added", text: "Be stern.\n" },
          ],
        },
        { lines: [{ kind: "same", text: "{{ question }}" }] },
      ],
    });
  });

  test("shows a role that changed, and messages that came or went", () => {
    const messages = [{ ...CONTENT.messages[0]!, role: null }];
    const comparison = compareVersions(CONTENT, { ...CONTENT, messages });
    expect(comparison.equal).toBe(false);
    expect(comparison.messages[0]).toMatchObject({ roleBefore: "system", roleAfter: null });
    expect(comparison.messages[1]).toMatchObject({
      roleBefore: "user",
      roleAfter: undefined,
      lines: [{ kind: "removed", text: "{{ question }}" }],
    });
  });

  test("an empty message that came is a change", () => {
    const messages = [...CONTENT.messages, { role: "assistant" as const, text: "" }];
    expect(compareVersions(CONTENT, { ...CONTENT, messages }).equal).toBe(false);
  });

  test("shows model and parameters that changed, came or went", () => {
    const parameters = JSON.parse(`{"temperature": 0.7, "__proto__": {"x": 1}, "toString": null}`);
    expect(compareVersions(CONTENT, { ...CONTENT, model: null, parameters })).toMatchObject({
      equal: false,
      model: { before: "gpt-5", after: null },
      parameters: [
        { name: "__proto__", before: undefined, after: { x: 1 } },
        { name: "stop", before: ["a"], after: undefined },
        { name: "temperature", before: 0.5, after: 0.7 },
        { name: "toString", before: undefined, after: null },
      ],
    });
  });
});

describe("comparing lines", () => {
  const texts = fc
    .array(fc.constantFrom("a", "b", "c\r", "", "{{ x }}"), { maxLength: 12 })
    .chain((lines) => fc.constantFrom("\n", "\r\n").map((end) => lines.join(end)));

  test("loses no character of either text", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const runs = compareLines(before, after);
        const without = (kind: string) =>
          runs.flatMap((run) => (run.kind === kind ? [] : [run.text])).join("");
        expect(without("added")).toBe(before);
        expect(without("removed")).toBe(after);
        expect(runs.every(({ kind }) => kind === "same")).toBe(before === after);
      }),
      { numRuns: 500 },
    );
  });

  test("gives large texts without likeness up quickly", () => {
    const of = (mark: string) => Array.from({ length: 60_000 }, (_, i) => `${mark}${i}\n`).join("");
    const start = performance.now();
    expect(compareLines(of("a"), of("b"))).toHaveLength(2);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("finds one changed line in a large text", () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `${i}\n`);
    const runs = compareLines(lines.join(""), lines.with(25_000, "new\n").join(""));
    expect(runs.map(({ kind }) => kind)).toEqual(["same", "removed", "added", "same"]);
  });
});
