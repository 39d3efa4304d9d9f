import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { outdated } from "../scripts/generate.ts";

const root = join(import.meta.dirname, "..");
const DOCUMENTS = [
  ...new Bun.Glob("*.md").scanSync({ cwd: root }),
  ...new Bun.Glob("docs/**/*.md").scanSync({ cwd: root }),
].sort();

const read = (name: string) => readFileSync(join(root, name), "utf8");

test("what is generated from the code is up to date; otherwise run npm run generate", () => {
  expect([...outdated(root).keys()]).toEqual([]);
});

test.each([
  ["README.md", ["config", "providers", "demo-models"]],
  ["docs/management-api.md", ["admin", "filters"]],
  ["docs/architecture.md", ["errors"]],
])("%s has its generated tables", (name, tables) => {
  for (const table of tables)
    expect(read(name)).toMatch(
      new RegExp(`<!-- ${table}:begin -->\\n\\|[\\s\\S]*\\|\\n<!-- ${table}:end -->`),
    );
});

describe.each(DOCUMENTS)("%s", (name) => {
  const text = read(name);

  test("links to files and headings that are there", () => {
    for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = "", heading] = link.split("#");
      const target = path === "" ? name : join(dirname(name), path);
      expect(existsSync(join(root, target)), `${name} links to ${link}`).toBe(true);
      if (heading !== undefined)
        expect(anchorsOf(read(target)), `${name} links to ${link}`).toContain(heading);
    }
  });

  test("names commands that are there", () => {
    for (const [, script = ""] of text.matchAll(/\b(?:npm|bun) run ([a-z-]+)/g))
      expect(Object.keys(pkg.scripts), `${name} says npm run ${script}`).toContain(script);
  });
});

test("every file of the sources that a document names is there", () => {
  for (const name of ["CONTRIBUTING.md", "docs/architecture.md", ...DOCUMENTS.filter(isDecision)]) {
    for (const [, path = ""] of read(name).matchAll(/`((?:[a-z-]+\/)+[\w-]+\.ts)`/g)) {
      const found = [path, join("src", path)].some((candidate) => existsSync(join(root, candidate)));
      expect(found, `${name} names ${path}`).toBe(true);
    }
  }
});

test("docs/dependencies.md has a line for every dependency, and for no other", () => {
  const [taken = ""] = read("docs/dependencies.md").split("## Looked at");
  const rows = taken.split("\n").filter((line) => line.startsWith("| `"));
  const named = rows.flatMap((row) => [...row.split("|")[1]!.matchAll(/`([^`]+)`/g)].map(([, one]) => one!));
  expect(named.sort()).toEqual(
    [...Object.keys(pkg.dependencies), ...Object.keys(pkg.devDependencies)].sort(),
  );
});

function isDecision(name: string): boolean {
  return name.startsWith("docs/decisions/");
}

/** A heading's anchor: lower case, spaces as hyphens, punctuation left out. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
