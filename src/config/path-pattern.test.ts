import { describe, expect, test } from "bun:test";
import { type PathPattern, parsePathPattern, patternShape, type Segment } from "./path-pattern.ts";

function parsed(path: string): PathPattern {
  const pattern = parsePathPattern(path);
  if ("error" in pattern) throw new Error(pattern.error);
  return pattern;
}

function errorOf(path: string): string {
  const pattern = parsePathPattern(path);
  return "error" in pattern ? pattern.error : "(valid)";
}

const literal = (text: string): Segment => ({ kind: "literal", text });

describe("a path pattern", () => {
  test("without wildcards is all literals, a colon included", () => {
    expect(parsed("/v1beta/models/gemini-pro:generateContent").segments).toEqual([
      literal("v1beta"),
      literal("models"),
      literal("gemini-pro:generateContent"),
    ]);
    expect(parsed("/").segments).toEqual([literal("")]);
    expect(parsed("/a/").segments).toEqual([literal("a"), literal("")]);
  });

  test("binds whole segments, and segments with a literal action", () => {
    expect(parsed("/m/{model}").segments[1]).toEqual({ kind: "param", name: "model", suffix: "" });
    const action = { kind: "param", name: "model", suffix: ":generateContent" } as const;
    expect(parsed("/m/{model}:generateContent").segments[1]).toEqual(action);
    expect(parsed("/{a}/x/{b}").segments).toHaveLength(3);
  });

  test("binds the rest at its end, in both spellings", () => {
    expect(parsed("/google/*").segments[1]).toEqual({ kind: "rest", name: "rest" });
    expect(parsed("/google/{*tail}").segments[1]).toEqual({ kind: "rest", name: "tail" });
  });

  test.each([
    ["v1", 'a path that starts with "/"'],
    ["/a/*/b", "`*` and `{*rest}` only as the last segment"],
    ["/a/{*rest}/b", "`*` and `{*rest}` only as the last segment"],
    ["/a/x*", "`*` and `{*rest}` only as a whole segment, the last one"],
    ["/a/{*rest}:x", "`*` and `{*rest}` only as a whole segment, the last one"],
    ["/a/x{y}", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{y}x", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{x}:{y}", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{}", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{1}", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{x", "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`"],
    ["/a/{x}/{x}", "each name once; {x} stands there twice"],
    ["/a/../b", 'a path without "." and ".." (clients resolve them before they send)'],
    ["/a//b", 'a path without "//"'],
  ])("%s is refused", (path, error) => {
    expect(errorOf(path)).toBe(error);
  });
});

describe("the shape of a pattern", () => {
  test("is the same when only names differ", () => {
    expect(patternShape(parsed("/a/{x}"))).toBe(patternShape(parsed("/a/{y}")));
    expect(patternShape(parsed("/a/*"))).toBe(patternShape(parsed("/a/{*rest}")));
  });

  test("differs between kinds, actions and a trailing slash", () => {
    const paths = ["/a", "/a/", "/a/{x}", "/a/{x}:b", "/a/{x}:c", "/a/*", "/a/b", "/a/{x}/{y}"];
    expect(new Set(paths.map((path) => patternShape(parsed(path)))).size).toBe(paths.length);
  });
});
