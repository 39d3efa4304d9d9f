import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readVersionFile, writeVersionFile } from "./front-matter.ts";
import { revisionOf } from "./revision.ts";
import type { Json, TemplateMessage, VersionDraft } from "./template.ts";

const DRAFT: VersionDraft = {
  template: "greeting",
  version: "1.10",
  messages: [{ role: null, text: "Hello {{ name }}!\n" }],
  model: null,
  parameters: {},
};

const line = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "=== user ===",
    "\\=== text ===",
    "\\\\=== system ===",
    "=== tool ===",
    "---",
    "",
    "\r",
    "{{ x }}",
  ),
);
const text = fc
  .array(line, { maxLength: 6 })
  .chain((lines) => fc.constantFrom("\n", "\r\n", "").map((end) => lines.join(end)));
const message: fc.Arbitrary<TemplateMessage> = fc.record({
  role: fc.constantFrom("system" as const, "user" as const, "assistant" as const, null),
  text,
});
const draft: fc.Arbitrary<VersionDraft> = fc.record({
  template: fc.constantFrom("greeting", "1", "true", "null", "0x10", "a.b_c-d"),
  version: fc.constantFrom("1", "1.10", "0x10", "1e3", "2026-11-22", "0+5f3a"),
  messages: fc.array(message, { minLength: 1, maxLength: 4 }),
  model: fc.option(text),
  parameters: fc.dictionary(text, fc.jsonValue() as fc.Arbitrary<Json>),
});

/** The draft without the lines where its messages stood. */
function readBack(file: string): VersionDraft {
  const read = readVersionFile(file);
  if (!("template" in read)) throw new Error(JSON.stringify(read));
  return { ...read, messages: read.messages.map(({ role, text }) => ({ role, text })) };
}

describe("a version as a text file", () => {
  test("is YAML between lines of ---, then the text", () => {
    expect(writeVersionFile({ ...DRAFT, model: "gpt-5", parameters: { temperature: 0.5 } })).toBe(
      '---\ntemplate: greeting\nversion: "1.10"\nmodel: gpt-5\nparameters:\n  temperature: 0.5\n---\nHello {{ name }}!\n\n',
    );
  });

  test("names the role of each message", () => {
    const messages: TemplateMessage[] = [
      { role: "system", text: "Be brief." },
      { role: "user", text: "{{ question }}" },
      { role: null, text: "" },
    ];
    expect(writeVersionFile({ ...DRAFT, messages })).toEndWith(
      "---\n=== system ===\nBe brief.\n=== user ===\n{{ question }}\n=== text ===\n\n",
    );
  });

  test("gives back exactly what was written, whatever it holds", () => {
    fc.assert(
      fc.property(draft, (version) => {
        const back = readBack(writeVersionFile(version));
        expect(back).toEqual(version);
        expect(revisionOf(back)).toBe(revisionOf(version));
      }),
      { numRuns: 300 },
    );
  });

  test("knows the line on which each message begins", () => {
    const messages: TemplateMessage[] = [
      { role: "user", text: "a\nb" },
      { role: "assistant", text: "c" },
    ];
    expect(readVersionFile(writeVersionFile({ ...DRAFT, messages }))).toMatchObject({
      messages: [{ line: 6 }, { line: 9 }],
    });
    expect(readVersionFile(writeVersionFile(DRAFT))).toMatchObject({ messages: [{ line: 5 }] });
  });

  test("may be written by hand: unquoted version, no line end, or CRLF throughout, or a mark of byte order", () => {
    expect(readBack("---\nversion: 1.10\ntemplate: greeting\n---\nHi")).toEqual({
      ...DRAFT,
      messages: [{ role: null, text: "Hi" }],
    });
    expect(
      readBack("\ufeff---\r\ntemplate: greeting\r\nversion: 1.10\r\n---\r\na\r\nb\r\n").messages,
    ).toEqual([{ role: null, text: "a\nb" }]);
  });

  test("may have an empty text", () => {
    expect(readBack("---\ntemplate: a\nversion: 1\n---\n").messages).toEqual([{ role: null, text: "" }]);
  });
});

describe("a faulty file", () => {
  const header = (lines: string) => readVersionFile(`---\n${lines}\n---\ntext\n`);

  test.each([
    ["", 1, "expected a line of ---"],
    ["template: a\n", 1, "expected a line of ---"],
    ["---\ntemplate: a\nversion: 1\n", 1, "expected a second line of ---"],
    [`---\n${"#".repeat(70_000)}\n---\n`, 1, "at most 65536 characters"],
    ["---\n---\n", 2, "expected template and version"],
  ])("%.30j is told", (file, line, message) => {
    expect(readVersionFile(file)).toEqual([{ line, message: expect.stringContaining(message) }]);
  });

  test.each([
    ["- a", 2, "expected template and version"],
    ["template: a\nversion: [", 4, "YAML syntax"],
    ["template: a\ntemplate: b\nversion: 1", 3, "YAML syntax"],
    ["template: ../a\nversion: 1", 2, "begins with a letter"],
    ["template: a\nversion: beta", 3, "begins with a digit"],
    ["template: a\nversion: 1\n\ncolour: red", 5, "expected one of template, version, model, parameters"],
    ["template: a\nversion: 1\n__proto__: 1", 4, "expected one of"],
    ["template: a\nversion:", 3, "version has no text"],
    ["template: {}\nversion: 1", 2, "template has no text"],
    ["version: 1", 2, "template is missing"],
    ["template: a\nversion: 1\nmodel: [x]", 4, "model is a text"],
    ["template: a\nversion: 1\nparameters: 3", 4, "parameters are a mapping"],
    ["template: a\nversion: 1\nparameters:\n  t: .inf", 4, "parameters are a mapping"],
    ["template: a\nversion: 1\nparameters:\n  a: &x [1]\n  b: *x", 6, "found an alias"],
    ["template: a\nversion: 1\nparameters:\n  a: !!set {x}", 4, "parameters are a mapping"],
  ])("%j is told with its line", (lines, line, message) => {
    expect(header(lines)).toEqual([{ line, message: expect.stringContaining(message) }]);
  });

  test("tells all that is wrong at once", () => {
    expect(header("template: ''\nversion: x\nmodel: 1")).toHaveLength(3);
  });

  const opened = (mark: string) => mark.repeat(30_000);
  test.each([
    [opened("[")],
    [opened("{")],
    [`{a: ${opened("[")}${opened("]")}}`],
    [`\n  ${opened("- ")}`],
    [`\n  ${opened("? ")}`],
    [opened("{a: [")],
  ])("nested without end, as in %.12j, is told quickly", (parameters) => {
    const start = performance.now();
    expect(header(`template: a\nversion: 1\nparameters: ${parameters.slice(0, 65_000)}`)).toEqual([
      { line: expect.any(Number), message: expect.stringContaining("at most 100 deep") },
    ]);
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  test("nesting within a text is none", () => {
    const model = `${"[".repeat(200)}\n${"- ".repeat(200)}\n${"{".repeat(200)}`;
    expect(readBack(writeVersionFile({ ...DRAFT, model })).model).toBe(model);
  });
});
