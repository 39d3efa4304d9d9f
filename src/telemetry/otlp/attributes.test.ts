import { describe, expect, test } from "bun:test";
import { Attributes, attributesOf, nanos } from "./attributes.ts";

describe("times", () => {
  test.each([
    [1_795_000_000_123, "1795000000123000000"],
    [1_795_000_000_123.5, "1795000000123500000"],
    [1_795_000_000_000.001, "1795000000000001000"],
    [1_795_000_000_999 + 4095 / 4096, "1795000000999999000"],
  ])("%d ms are %s ns", (milliseconds, expected) => {
    expect(nanos(milliseconds)).toBe(expected);
  });
});

describe("attributes", () => {
  test("what is absent is left out, and 64-bit integers are texts", () => {
    const { list } = new Attributes()
      .text("a", null)
      .text("b", "")
      .int("c", undefined)
      .int("d", 2 ** 53)
      .double("e", null)
      .double("f", 0.5)
      .flag("g", false)
      .texts("h", [])
      .texts("i", ["x"]);
    expect(list).toEqual([
      { key: "b", value: { stringValue: "" } },
      { key: "d", value: { intValue: "9007199254740992" } },
      { key: "f", value: { doubleValue: 0.5 } },
      { key: "g", value: { boolValue: false } },
      { key: "i", value: { arrayValue: { values: [{ stringValue: "x" }] } } },
    ]);
  });

  test("texts that clients made long are cut, messages are not", () => {
    const long = "x".repeat(10_000);
    const { list } = new Attributes().text("a", long).texts("b", [long]).longText("c", long);
    expect(JSON.stringify(list[0]).length).toBeLessThan(4200);
    expect(JSON.stringify(list[1]).length).toBeLessThan(4300);
    expect(list[2]?.value).toEqual({ stringValue: long });
  });

  test("half a surrogate pair becomes a character that UTF-8 can hold", () => {
    expect(attributesOf({ "a\ud800": "b\udfff" })).toEqual([
      { key: "a\ufffd", value: { stringValue: "b\ufffd" } },
    ]);
  });

  test("names of prototypes are names as all others", () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b"}') as Record<string, string>;
    expect(attributesOf(labels).map(({ key }) => key)).toEqual(["__proto__", "constructor"]);
  });
});
