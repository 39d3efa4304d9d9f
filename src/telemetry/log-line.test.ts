import { describe, expect, test } from "bun:test";
import { jsonLine, timestamp, toLogEntry } from "./log-line.ts";
import { prettyLine } from "./pretty-line.ts";

const HOSTILE = 'a\n{"level":"error"}\r\x1b[2J\x9b31m\u2028\u2029\x85\u202e\0"\\';

describe("JSON lines", () => {
  test("time, level and message come first, then the fields", () => {
    const line = jsonLine({
      time: 1_795_000_000_123,
      level: "info",
      message: "Ready.",
      fields: { port: 3000, a: [1] },
    });
    expect(line).toBe(
      '{"time":"2026-11-18T11:06:40.123Z","level":"info","msg":"Ready.","port":3000,"a":[1]}\n',
    );
  });

  test("hostile text stays one line, comes back unchanged, and shows a terminal no control character", () => {
    const line = jsonLine(
      toLogEntry("warn", HOSTILE, { [HOSTILE]: HOSTILE, nested: { [HOSTILE]: [HOSTILE] } }),
    );
    expect(line.slice(0, -1)).toMatch(/^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]*$/);
    expect(JSON.parse(line)).toMatchObject({
      msg: HOSTILE,
      [HOSTILE]: HOSTILE,
      nested: { [HOSTILE]: [HOSTILE] },
    });
  });

  test("a field cannot take the place of the line's own", () => {
    const line = jsonLine(toLogEntry("info", "Real.", { level: "error", msg: "Forged.", time: "never" }));
    expect(JSON.parse(line)).toMatchObject({
      level: "info",
      msg: "Real.",
      level_: "error",
      msg_: "Forged.",
      time_: "never",
    });
    expect(line.match(/"level":/g)).toHaveLength(1);
  });

  test("times are RFC 3339 with milliseconds, also when they repeat or go back", () => {
    for (const time of [1000, 1000.9, 2000, 1000]) expect(timestamp(time)).toBe(new Date(time).toISOString());
  });
});

describe("lines for a terminal", () => {
  test("one line of time, level, message and pairs", () => {
    const line = prettyLine(
      toLogEntry("info", "Listening.", { url: "http://a/", text: "two words", n: 1, o: { a: "b" } }),
      false,
    );
    expect(line).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} INFO {2}Listening\. url=http:\/\/a\/ text="two words" n=1 o=\{"a":"b"\}\n$/,
    );
  });

  test("colours mark the level and end with it", () => {
    expect(prettyLine(toLogEntry("error", "No.", undefined), true)).toMatch(/\x1b\[31mERROR\x1b\[0m No\.\n$/);
  });

  test("no text breaks the line or reaches the terminal as a control character", () => {
    const error = new Error(HOSTILE, { cause: HOSTILE });
    const line = prettyLine(
      toLogEntry("warn", HOSTILE, { [HOSTILE]: HOSTILE, list: [HOSTILE], error }),
      false,
    );
    expect(line.slice(0, -1)).toMatch(/^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202e]*$/);
  });

  test("an error is its message, the nearest frames and its cause", () => {
    const line = prettyLine(
      toLogEntry("error", "Failed.", { error: new TypeError("bad", { cause: new Error("deep") }) }),
      false,
    );
    expect(line).toMatch(/error=TypeError: bad \| at .*log-line\.test\.ts.* <- Error: deep/);
  });
});
