import { expect, test } from "bun:test";
import { join } from "node:path";
import { outdated, withTables } from "./generate.ts";

const root = join(import.meta.dir, "..");

test("the generated files are those of the code; otherwise run npm run generate", () => {
  expect([...outdated(root).keys()]).toEqual([]);
});

test("an empty folder lacks the JSON Schema", () => {
  expect([...outdated(import.meta.dir).keys()]).toEqual(["schema/amsterdam.schema.json"]);
});

test("the table goes between its markers, and nowhere else", () => {
  const readme = "a\n<!-- config:begin -->\nOLD\n<!-- config:end -->\nb\n";
  const written = withTables(readme);
  expect(written).toStartWith("a\n<!-- config:begin -->\n| Key |");
  expect(written).toEndWith("|\n<!-- config:end -->\nb\n");
  expect(written).not.toContain("OLD");
  expect(withTables(written)).toBe(written);
  expect(withTables("no markers")).toBe("no markers");
});
