import { describe, expect, test } from "bun:test";
import { describeValue } from "./describe.ts";
import { formatProblems, makeProblem } from "./problems.ts";
import { problemsIn } from "./testing.ts";

describe("what is shown of a value", () => {
  test.each([
    [null, "nothing"],
    ["", "an empty text"],
    ["a\nb", '"a\\nb"'],
    [5, "5"],
    [false, "false"],
    [[], "an empty list"],
    [[1], "a list"],
    [{}, "a mapping"],
    ["https://u:p@h/x?key=1", '"https://***@h/x?***"'],
    ["postgres://u:p@ss/w@h/db", '"postgres://***@h/db"'],
  ])("%p", (value, shown) => expect(describeValue(value)).toBe(shown));

  test("is cut to a length that fits on a line", () => {
    expect(describeValue("x".repeat(1_000_000)).length).toBeLessThan(70);
  });
});

describe("a secret never appears in a problem", () => {
  const SECRET = "sk-very-secret";
  test.each([
    `providers: {openai: {api_key: [${SECRET}]}}`,
    `providers: {openai: {api_key: ${SECRET}, api_keys: ${SECRET}}}`,
    `providers: {openai: {api_keys: [{a: ${SECRET}}]}}`,
    `endpoints: [{path: /a, target_url: "https://h", custom_headers: {x: "${SECRET}\\n"}}]`,
    `endpoints: [{path: /a, target_url: "https://u:${SECRET}@h"}]`,
    `endpoints: [{path: /a, target_url: "ftp://h?key=${SECRET}"}]`,
    `storage: {url: "mysql://u:${SECRET}@h/db"}`,
    `storage: {url: "postgres://u:a ${SECRET}@h/db"}`,
    `storage: {url: "postgres://u:a/${SECRET}#@h/db"}`,
    `storage: {url: "u:${SECRET}@h/db"}`,
    `providers: {openai: {api_key: }${SECRET}}}`,
    `providers: {openai: {base_url: "https://u:${SECRET}@h/"}}`,
    `providers: {openai: {api_key: !secret ${SECRET}}}`,
    `providers: {openai: {api_key: *${SECRET}}}`,
    `a: "${SECRET}\nb: 1`,
    `OPENAI_API_KEY=${SECRET}`,
    `providers: {openai: ${SECRET}}`,
    `storage: {url: "mysql://u:${SECRET}@\${NONE:-h}/db"}`,
  ])("%s", (text) => {
    const problems = problemsIn(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain(SECRET);
  });

  test("nor does anything that the environment gave", () => {
    const text = `server: {port: "\${S}"}\nlogging: {level: "\${S}"}\nendpoints: [{path: "x\${S}", target_url: "x\${S}"}]`;
    const problems = problemsIn(text, { S: SECRET });
    expect(problems).toHaveLength(4);
    expect(problems.join("\n")).not.toContain(SECRET);
    expect(problems[0]).toBe(`1:16  server.port: found the value of "\${S}", expected a number`);
  });
});

test("a long list of problems is cut", () => {
  const problem = makeProblem({ file: "f", line: 1, column: 2, path: "p" }, { found: "a", expected: "b" });
  const lines = formatProblems(new Array(60).fill(problem)).split("\n");
  expect(lines).toHaveLength(51);
  expect(lines[0]).toBe("f:1:2  p: found a, expected b");
  expect(lines[50]).toBe("… and 10 more");
});
