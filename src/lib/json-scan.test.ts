import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EditedBytes } from "./edited-bytes.ts";
import {
  isArray,
  isObject,
  JsonSyntaxError,
  readElements,
  readMembers,
  removeMembers,
  skipSpace,
  skipValue,
} from "./json-scan.ts";

const space = fc.constantFrom("", " ", "\n", "\t ", "\r\n  ");

/** JSON text of any value, with white space anywhere, and each value's text kept as it stands. */
const jsonText = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      "null",
      "true",
      "false",
      "0",
      "-0",
      "1.0",
      "1e400",
      "-1.5E+3",
      "123456789012345678901234567890",
    ),
    fc.string().map((text) => JSON.stringify(text)),
    fc.constantFrom('"\\u00e9\\\\"', '"\\"}]"', '"{[,:"', '"é😀"', '""', '"\\\\\\""'),
    fc
      .tuple(space, fc.array(tie("value"), { maxLength: 4 }))
      .map(([gap, items]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
    fc
      .tuple(space, fc.array(fc.tuple(fc.string(), tie("value")), { maxLength: 4 }))
      .map(
        ([gap, members]) =>
          `{${gap}${members.map(([key, value]) => `${JSON.stringify(key)}${gap}:${gap}${value}`).join(`${gap},${gap}`)}${gap}}`,
      ),
  ),
})).value;

const members = fc.array(fc.tuple(fc.constantFrom("a", "b", "c", "é", "x y", "\\", '"'), jsonText), {
  maxLength: 8,
});

describe("walking", () => {
  test("finds the end of any value, whatever follows", () => {
    fc.assert(
      fc.property(jsonText, fc.constantFrom("", " ", ",1", "]", "}", "\n"), (text, after) => {
        expect(skipValue(Buffer.from(text + after), 0)).toBe(Buffer.byteLength(text));
      }),
    );
  });

  test("finds an object's members and their values' bytes", () => {
    fc.assert(
      fc.property(members, space, (list, gap) => {
        const text = `${gap}{${gap}${list.map(([key, value]) => `${JSON.stringify(key)}:${gap}${value}${gap}`).join(",")}}`;
        const json = Buffer.from(text);
        const found = readMembers(json, skipSpace(json, 0));
        expect(found.map(({ start, end }) => json.toString("utf8", start, end))).toEqual(
          list.map(([, value]) => value),
        );
        expect(found.map(({ key }) => Buffer.from(key, "latin1").toString())).toEqual(
          list.map(([key]) => key),
        );
        for (const [index, { keyStart }] of found.entries())
          expect(json.toString("utf8", keyStart)).toStartWith(JSON.stringify(list[index]![0]));
      }),
    );
  });

  test("finds an array's elements", () => {
    fc.assert(
      fc.property(fc.array(jsonText, { maxLength: 6 }), space, (list, gap) => {
        const json = Buffer.from(`[${gap}${list.join(`${gap},${gap}`)}${gap}]`);
        const found = readElements(json, 0).map((start) =>
          json.toString("utf8", start, skipValue(json, start)),
        );
        expect(found).toEqual(list);
      }),
    );
  });

  test("tells objects and arrays by their first byte", () => {
    const json = Buffer.from(" {[x");
    expect([isObject(json, 1), isArray(json, 1), isObject(json, 2), isArray(json, 2)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
    expect([isObject(json, 9), isArray(json, 9)]).toEqual([false, false]);
  });

  test("resolves escapes in keys, as an upstream will", () => {
    const json = Buffer.from('{"mod\\u0065l":1,"a\\"b":2,"\\\\":3}');
    expect(readMembers(json, 0).map(({ key }) => key)).toEqual(["model", 'a"b', "\\"]);
  });
});

describe("malformed text", () => {
  test.each([
    "{",
    '{"a',
    '{"a"',
    '{"a":',
    '{"a":1',
    '{"a":1,',
    '{"a":1,}',
    '{"a" 1}',
    '{"a":1 "b":2}',
    '{"a":}',
    "{a:1}",
    "{,}",
    '{"a":1]',
    '{"a":[1',
    '{"a":"',
    '{"a":"\\"}',
    '{"a":"x\\\\\\"}',
    '{"a\\x":1}',
    '{"a":#}',
    "{'a':1}",
    "{\u00a0}",
  ])("%j is no object", (text) => {
    expect(() => readMembers(Buffer.from(text), 0)).toThrow(JsonSyntaxError);
  });

  test.each(["[", "[1", "[1,", "[1,]", "[,]", "[1 2]", '["', "[}"])("%j is no array", (text) => {
    expect(() => readElements(Buffer.from(text), 0)).toThrow(JsonSyntaxError);
  });

  test("of any kind is refused, or walked to its end; it never hangs or fails otherwise", () => {
    const noise = fc.array(
      fc.constantFrom("{", "}", "[", "]", '"', "\\", ",", ":", "1", "true", " ", "a", "é"),
      {
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(noise, (parts) => {
        const json = Buffer.from(`{${parts.join("")}`);
        try {
          for (const { start, end } of readMembers(json, 0)) expect(end).toBeGreaterThan(start);
        } catch (error) {
          expect(error).toBeInstanceOf(JsonSyntaxError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("of more members than any request has is refused before they fill the memory", () => {
    const many = (count: number) => Buffer.from(`{${Array(count).fill('"a":1').join(",")}}`);
    expect(readMembers(many(10_000), 0)).toHaveLength(10_000);
    expect(() => readMembers(many(10_001), 0)).toThrow("more than 10000 members");
  });

  test("tells where it went wrong", () => {
    expect(() => readMembers(Buffer.from('{"a" 1}'), 0)).toThrow("malformed JSON at byte 5");
  });
});

describe("removing members", () => {
  test("leaves the others as they were, and the rest a valid object", () => {
    fc.assert(
      fc.property(members, space, fc.func(fc.boolean()), (list, gap, unwanted) => {
        const text = `{${gap}${list.map(([key, value]) => `${JSON.stringify(key)}${gap}:${value}${gap}`).join(`,${gap}`)}}`;
        const json = Buffer.from(text);
        const found = readMembers(json, 0);
        const isUnwanted = (member: { keyStart: number }) => unwanted(member.keyStart);
        const result = new EditedBytes(json, removeMembers(found, isUnwanted)).toBytes();
        const kept = list.filter((_, index) => !isUnwanted(found[index]!));
        const left = readMembers(result, 0);
        expect(left.map(({ keyStart, end }) => result.toString("utf8", keyStart, end))).toEqual(
          kept.map(([key, value]) => `${JSON.stringify(key)}${gap}:${value}`),
        );
        expect(JSON.parse(result.toString())).toBeObject();
      }),
    );
  });

  test("and edits in any order replace exactly what they name", () => {
    const json = Buffer.from("0123456789");
    const edits = [
      { start: 8, end: 10, bytes: null },
      { start: 0, end: 0, bytes: Buffer.from("<") },
      { start: 3, end: 5, bytes: Buffer.from("abc") },
    ];
    expect(new EditedBytes(json, edits).toBytes().toString()).toBe("<012abc567");
    expect(new EditedBytes(json, []).toBytes()).toBe(json);
  });
});

describe("hostile text", () => {
  test.each([
    ["arrays", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("of a million nested %s is walked without a deep stack", (_, open, close) => {
    const nested = `${open.repeat(1_000_000)}1${close.repeat(1_000_000)}`;
    expect(skipValue(Buffer.from(nested), 0)).toBe(nested.length);
    expect(() => skipValue(Buffer.from(nested.slice(0, -1)), 0)).toThrow(JsonSyntaxError);
  });

  test.each([
    ["backslashes", "\\\\".repeat(8_000_000)],
    ["escaped quotes", '\\"'.repeat(8_000_000)],
    ["backslashes and quotes", '\\\\\\"'.repeat(4_000_000)],
    ["brackets", "[{".repeat(8_000_000)],
  ])("of 16 MB of %s in one string is walked in linear time", (_, inside) => {
    const json = Buffer.from(`{"a":"${inside}","b":1}`);
    const started = performance.now();
    expect(readMembers(json, 0).map(({ key }) => key)).toEqual(["a", "b"]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  test("of a million short strings is walked in linear time", () => {
    const json = Buffer.from(`[${'"\\\\",'.repeat(1_000_000)}"x"]`);
    const started = performance.now();
    expect(readElements(json, 0)).toHaveLength(1_000_001);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
