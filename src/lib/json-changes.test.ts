import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EditedBytes } from "./edited-bytes.ts";
import { JsonChanges } from "./json-changes.ts";
import { lastMember, type ScannedObject, scanArray, scanObject } from "./scanned-json.ts";

/** The text after the changes that `make` asks of its outermost object. */
function changed(text: string, make: (changes: JsonChanges, object: ScannedObject) => void): string {
  const json = Buffer.from(text);
  const changes = new JsonChanges(json);
  make(changes, scanObject(json, text.indexOf("{"))!);
  return new EditedBytes(json, changes.edits()).toBytes().toString();
}

const list = (text: string, make: (changes: JsonChanges, start: number) => void): string =>
  changed(`{"l": ${text} ,"x":0}`, (changes, object) => make(changes, lastMember(object, "l")!.start)).slice(
    '{"l": '.length,
    -' ,"x":0}'.length,
  );

describe("members", () => {
  test.each([
    ["{}", '{"b":2}'],
    ["{ }", '{"b":2 }'],
    ['{ "a" : 1.0 }', '{"b":2, "a" : 1.0 }'],
    ['{"b" : 1}', '{"b" : 2}'],
    ['{"b":{"c":1},"a":1, "b":[1] }', '{"a":1, "b":2 }'],
  ])("set in %s", (text, expected) =>
    expect(changed(text, (changes, object) => changes.object(object).set(["b"], "2"))).toBe(expected),
  );

  test("are set by whichever of their names the object has", () => {
    const set = (text: string) =>
      changed(text, (changes, object) => changes.object(object).set(["b", "c"], "2"));
    expect(set('{"a":1,"c":0}')).toBe('{"a":1,"c":2}');
    expect(set('{"c":1,"b":0,"a":1}')).toBe('{"b":2,"a":1}');
    expect(set('{"a":1}')).toBe('{"b":2,"a":1}');
  });

  test("of the same object scanned twice are those of one", () => {
    const json = Buffer.from('{"a":1,"b":2}');
    const changes = new JsonChanges(json);
    for (const _ of [1, 2]) changes.object(scanObject(json, 0)!).take(scanObject(json, 0)!.members[0]!);
    changes.object(scanObject(json, 0)!).take(scanObject(json, 0)!.members[1]!);
    expect(changes.object(scanObject(json, 0)!).isEmpty).toBeTrue();
    changes.object(scanObject(json, 0)!).set(["c"], "3");
    expect(new EditedBytes(json, changes.edits()).toBytes().toString()).toBe('{"c":3}');
  });

  test("taken, set and added at once leave all others byte for byte", () => {
    const space = fc.constantFrom("", " ", "\n\t");
    const member = fc.record({
      value: fc.constantFrom("1.0", '"\\u00e9"', "[ 1,2]", '{"m0" :0}', "null"),
      fate: fc.constantFrom("stays", "goes", "is set"),
    });
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), fc.nat(2), space, (members, added, gap) => {
        const written = members.map(({ value }, i) => `"m${i}"${gap}:${gap}${value}`);
        const text = `{${gap}${written.join(`${gap},${gap}`)}${gap}}`;
        const result = changed(text, (changes, object) => {
          const change = changes.object(object);
          for (const [i, { fate }] of members.entries()) {
            if (fate === "goes") change.take(object.members[i]!);
            if (fate === "is set") change.set([`m${i}`], `"set ${i}"`);
          }
          for (let i = 0; i < added; i++) change.set([`added${i}`], `${i}`);
        });
        const expected = members.flatMap(({ value, fate }, i) =>
          fate === "goes" ? [] : [[`m${i}`, fate === "is set" ? `set ${i}` : JSON.parse(value)]],
        );
        const more = Array.from({ length: added }, (_, i) => [`added${i}`, i]);
        expect(JSON.parse(result)).toEqual(Object.fromEntries([...expected, ...more]));
        for (const [i, { fate }] of members.entries())
          if (fate === "stays") expect(result).toContain(written[i]!);
      }),
    );
  });
});

describe("elements", () => {
  test.each([
    ["[]", "[1,2]"],
    ["[ ]", "[1,2 ]"],
    ["[ 0 ]", "[1, 0,2 ]"],
    ["0", "[1,0,2]"],
    ['{"a":0}', '[1,{"a":0},2]'],
    ["[1 2", "refused"],
  ])("put first and last in %s", (text, expected) => {
    if (expected === "refused") expect(scanArray(Buffer.from(text), 0)).toBeNull();
    else
      expect(
        list(text, (changes, start) => {
          changes.list(start).addFirst("1");
          changes.list(start).addLast("2");
        }),
      ).toBe(expected);
  });

  test("of an array that cannot be read are its own", () => {
    expect(list("[1 2]", (changes, start) => changes.list(start).addFirst("0"))).toBe("[0,[1 2]]");
  });

  test("become others, one or several, or go", () => {
    const put = (texts: string[]) => (changes: JsonChanges, start: number) =>
      changes.list(start).put(0, texts);
    expect(list("[ 0 , 1]", put(["a", "b"]))).toBe("[ a,b , 1]");
    expect(list("[ 0 , 1]", put([]))).toBe("[ 1]");
    expect(list("[0]", put([]))).toBe("[]");
    expect(list("0", put(["a"]))).toBe("[a]");
    expect(list("0", put([]))).toBe("[]");
    expect(list("0", (changes, start) => changes.list(start).wrap())).toBe("[0]");
    expect(list("0", (changes, start) => changes.list(start))).toBe("0");
  });

  test("taken, replaced and added at once leave all others byte for byte", () => {
    const fate = fc.record({
      puts: fc.option(fc.array(fc.constant("7"), { maxLength: 2 })),
      after: fc.boolean(),
    });
    const ends = fc.record({ first: fc.boolean(), last: fc.boolean(), gap: fc.constantFrom("", " ", "\n") });
    fc.assert(
      fc.property(fc.array(fate, { maxLength: 6 }), ends, (fates, { first, last, gap }) => {
        const text = `[${gap}${fates.map((_, i) => `[ ${i}]`).join(`${gap},${gap}`)}${gap}]`;
        const result = list(text, (changes, start) => {
          const change = changes.list(start);
          if (first) change.addFirst('"first"');
          if (last) change.addLast('"last"');
          for (const [i, { puts, after }] of fates.entries()) {
            if (puts !== null) change.put(i, puts);
            else if (after) change.addAfter(i, '"after"');
          }
        });
        const middle = fates.flatMap(({ puts, after }, i) => [
          ...(puts === null ? [[i]] : puts.map(Number)),
          ...(puts === null && after ? ["after"] : []),
        ]);
        expect(JSON.parse(result)).toEqual([
          ...(first ? ["first"] : []),
          ...middle,
          ...(last ? ["last"] : []),
        ]);
        for (const [i, { puts }] of fates.entries()) if (puts === null) expect(result).toContain(`[ ${i}]`);
      }),
    );
  });
});

test("a change of the whole overrides changes inside it, in whichever order they were asked for", () => {
  const text = '{"a":{"b":[1,{"c":2}]},"d":3}';
  for (const order of [false, true]) {
    const result = changed(text, (changes, object) => {
      const inner = scanObject(Buffer.from(text), lastMember(object, "a")!.start)!;
      const whole = () => changes.replace(lastMember(object, "a")!, '"x"');
      const inside = () => {
        changes.object(inner).set(["e"], "4");
        changes.list(lastMember(inner, "b")!.start).put(1, []);
        changes.insert(lastMember(inner, "b")!.start, "!");
      };
      if (order) whole();
      inside();
      if (!order) whole();
      changes.object(object).set(["f"], "5");
    });
    expect(result).toBe('{"f":5,"a":"x","d":3}');
  }
});

test("what is malformed, or has too many members, is no object and no array", () => {
  expect(scanObject(Buffer.from('{"a" 1}'), 0)).toBeNull();
  expect(scanObject(Buffer.from(`{${'"a":1,'.repeat(10_000)}"a":1}`), 0)).toBeNull();
  expect(scanArray(Buffer.from("[1,]"), 0)).toBeNull();
  expect(scanArray(Buffer.from('{"a":1}'), 0)).toBeNull();
});
