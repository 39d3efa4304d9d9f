import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseFeedback } from "./feedback.ts";

const RECEIPT = { keyId: "key_1", receivedAt: 1_000 };
const GOOD = { request_id: "req_1", name: "correct", value: true };

function items(body: unknown) {
  const parsed = parseFeedback(body, RECEIPT);
  if ("error" in parsed) throw new Error(parsed.error.message);
  return parsed.items;
}

function problem(body: unknown) {
  const parsed = parseFeedback(body, RECEIPT);
  if ("items" in parsed) throw new Error("It was taken.");
  return parsed.error;
}

describe("good feedback", () => {
  test("with every field is read as it is", () => {
    const body = { ...GOOD, id: "mine", comment: "Łódź 🚋", source: "user" };
    expect(items(body)).toEqual([
      {
        id: "mine",
        target: "request",
        targetId: "req_1",
        name: "correct",
        value: true,
        comment: "Łódź 🚋",
        source: "user",
        ...RECEIPT,
      },
    ]);
  });

  test("without an id gets one of its own", () => {
    const [first, second] = items([GOOD, GOOD]);
    expect(first!.id).toMatch(/^fb_[0-9a-f-]{36}$/);
    expect(first!.id).not.toBe(second!.id);
    expect(first).toMatchObject({ comment: null, source: null });
  });

  test.each(["request", "run", "thread"])("may be about a %s", (target) => {
    expect(items({ [`${target}_id`]: "x", name: "n", value: 1 })).toMatchObject([{ target, targetId: "x" }]);
  });

  test.each([
    true,
    false,
    0,
    -1.5,
    "",
    "x".repeat(10_000),
    { correction: "It is 42." },
    { correction: "x".repeat(100_000) },
  ])("may have a value of any kind (%#)", (value) => {
    expect(items({ ...GOOD, value })[0]?.value).toEqual(value);
  });

  test("may come one, in an array, or in an object, up to 1,000", () => {
    expect(items(GOOD)).toHaveLength(1);
    expect(items([GOOD])).toHaveLength(1);
    expect(items({ feedback: Array(1_000).fill(GOOD) })).toHaveLength(1_000);
  });

  test("may hold nulls for what is absent", () => {
    const nulls = { id: null, run_id: null, thread_id: null, comment: null, source: null };
    expect(items({ ...GOOD, ...nulls })).toHaveLength(1);
  });

  test("is taken at the current time when nothing is known of the sender", () => {
    const before = Date.now();
    const parsed = parseFeedback(GOOD);
    expect(
      "items" in parsed && parsed.items[0]!.receivedAt >= before && parsed.items[0]!.keyId === null,
    ).toBe(true);
  });
});

describe("bad feedback is refused with the field and what was expected:", () => {
  test.each([
    [null, null, "an object or an array"],
    ["text", null, "an object or an array"],
    [[], null, "1 to 1000 items"],
    [Array(1_001).fill(GOOD), null, "1 to 1000 items"],
    [{ feedback: [] }, "feedback", "1 to 1000 items"],
    [{ feedback: GOOD }, "feedback", "1 to 1000 items"],
    [{ feedback: [GOOD], extra: 1 }, null, 'unknown field "extra"'],
    [[GOOD, 7], "[1]", "an object"],
    [[[GOOD]], "[0]", "an object"],
    [{ name: "n", value: 1 }, null, "exactly one of request_id, run_id and thread_id"],
    [{ ...GOOD, run_id: "r" }, null, "exactly one of"],
    [{ feedback: [GOOD, { ...GOOD, request_id: null }] }, "feedback[1]", "exactly one of"],
    [{ ...GOOD, request_id: 7 }, "request_id", "text of 1 to 256 characters"],
    [{ ...GOOD, request_id: "" }, "request_id", "text of 1 to 256 characters"],
    [{ ...GOOD, id: "x".repeat(257) }, "id", "text of 1 to 256 characters"],
    [{ request_id: "r", value: 1 }, "name", "text of 1 to 128 characters"],
    [{ ...GOOD, name: "x".repeat(129) }, "name", "text of 1 to 128 characters"],
    [{ ...GOOD, name: "a\0b" }, "name", "without NUL"],
    [{ ...GOOD, comment: "\ud800" }, "comment", "broken surrogate pairs"],
    [{ ...GOOD, comment: "x".repeat(10_001) }, "comment", "at most 10,000 characters"],
    [{ ...GOOD, source: 1 }, "source", "text of 1 to 128"],
    [{ request_id: "r", name: "n" }, "value", "true, false, a number"],
    [{ ...GOOD, value: null }, "value", "true, false, a number"],
    [{ ...GOOD, value: Infinity }, "value", "true, false, a number"],
    [{ ...GOOD, value: [1] }, "value", "true, false, a number"],
    [{ ...GOOD, value: "x".repeat(10_001) }, "value", "at most 10,000"],
    [{ ...GOOD, value: { correction: 7 } }, "value", '{"correction"'],
    [{ ...GOOD, value: { correction: "x", other: 1 } }, "value", 'unknown field "other"'],
    [{ feedback: [GOOD, { ...GOOD, coment: "x" }] }, "feedback[1]", 'unknown field "coment"'],
  ])("%#", (body, param, message) => {
    const error = problem(body);
    expect(error.param).toBe(param);
    expect(error.message).toContain(message);
  });

  test("the message shows no value, and only the beginning of a long field name", () => {
    const { message } = problem({ ...GOOD, ["f".repeat(1_000)]: "private" });
    expect(message.length).toBeLessThan(120);
    expect(problem({ ...GOOD, comment: { secret: "private" } }).message).not.toContain("private");
  });
});

test("anything that JSON can hold is either taken or refused, never thrown at", () => {
  const field = fc.constantFrom("feedback", "request_id", "run_id", "name", "value", "id", "__proto__", "x");
  const body = fc.oneof(
    fc.jsonValue(),
    fc.dictionary(field, fc.jsonValue()),
    fc.array(fc.dictionary(field, fc.jsonValue())),
  );
  fc.assert(
    fc.property(body, (value) => {
      const parsed = parseFeedback(JSON.parse(JSON.stringify(value)), RECEIPT);
      expect("items" in parsed || parsed.error.message.length > 0).toBe(true);
    }),
    { numRuns: 500 },
  );
});
