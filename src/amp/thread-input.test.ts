import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../exchange/errors.ts";
import { isThreadId, readThread } from "./thread-input.ts";

const LIMITS = { keyId: "key_1", maxThreadMb: 1, now: 5_000 };

const read = (change: Record<string, unknown>) =>
  readThread({ id: "T-1", v: 1, messages: [], ...change }, LIMITS);

const user = (text: string, sentAt?: unknown) => ({
  role: "user",
  content: [{ type: "text", text }],
  ...(sentAt === undefined ? {} : { meta: { sentAt } }),
});

describe("an uploaded thread", () => {
  test("gives the facts that lists show", () => {
    const result = { role: "user", content: [{ type: "tool_result", run: {} }], meta: { sentAt: 9_999 } };
    const kept = read({
      v: 7,
      created: 1_000,
      title: "A title",
      mainThreadID: "T-0",
      archived: true,
      meta: { visibility: "private" },
      messages: [user("a", 2_000), { role: "assistant" }, result, user("b", 1_500), user("c", "x"), null, 7],
      agentMode: "deep",
    });
    expect(kept).toMatchObject({
      id: "T-1",
      keyId: "key_1",
      version: 7,
      title: "A title",
      messageCount: 7,
      mainId: "T-0",
      createdAt: 1_000,
      updatedAt: 5_000,
      archived: true,
      meta: '{"visibility":"private"}',
    });
    expect(JSON.parse(kept.listing)).toEqual({
      mainThreadID: "T-0",
      agentMode: "deep",
      messageCount: 3,
      userLastInteractedAt: 2_000,
    });
  });

  test("passes over facts of a wrong type: what was said counts", () => {
    const kept = read({ created: "x", title: {}, mainThreadID: 7, meta: "x", archived: "yes" });
    expect(kept).toMatchObject({ createdAt: 5_000, title: null, mainId: null, meta: null, archived: false });
    expect(read({ created: -1 }).createdAt).toBe(5_000);
    expect(read({ title: "x".repeat(5000) }).title).toHaveLength(1000);
    expect(JSON.parse(read({ env: "x".repeat(50_000) }).listing)).not.toHaveProperty("env");
  });

  test("is refused with the wrong field's name", () => {
    const wrong: [Record<string, unknown>, string][] = [
      [{ id: "" }, "thread.id"],
      [{ id: "T-/../x" }, "thread.id"],
      [{ id: "x".repeat(129) }, "thread.id"],
      [{ v: 1.5 }, "thread.v"],
      [{ v: "1" }, "thread.v"],
      [{ v: 2 ** 60 }, "thread.v"],
      [{ messages: undefined }, "thread.messages"],
    ];
    for (const [change, named] of wrong) expect(() => read(change)).toThrow(named);
    for (const value of [null, 7, "x", []]) expect(() => readThread(value, LIMITS)).toThrow("thread");
    expect(() => read({ text: "é".repeat(600_000) })).toThrow("1 MB");
  });

  test("is taken or refused, whatever JSON can hold, and never fails otherwise", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const record = fc.record({
      id: fc.constant("T-1"),
      v: fc.nat(),
      messages: fc.array(value),
      meta: value,
      env: value,
    });
    fc.assert(
      fc.property(fc.oneof(value, record), (thread) => {
        try {
          expect(JSON.parse(readThread(thread, LIMITS).data)).toEqual(JSON.parse(JSON.stringify(thread)));
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
        }
      }),
    );
  });
});

test("ids of threads are what clients make, and nothing that means something elsewhere", () => {
  expect(isThreadId("T-01a2026f-28f8-771d-95e6-aa8a72579863")).toBe(true);
  for (const id of ["", ".", "../x", "a b", "a/b", "a\u0000", "__proto__", "-x", 7, null, {}, ["T-1"]])
    expect(isThreadId(id)).toBe(false);
});
