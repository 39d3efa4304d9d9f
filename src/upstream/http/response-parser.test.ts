import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ParserEvents, ProtocolError, ResponseParser } from "./response-parser.ts";

interface Seen {
  status: number;
  headers: [string, string][];
  body: string;
  ended: boolean;
  persistent: boolean;
  /** Heads and ends that were told; one each at most. */
  heads: number;
  ends: number;
}

/** What a parser tells of `pieces`, and of the connection's end after them where `close` says so. Latin-1 text. */
function parse(pieces: readonly Buffer[], method = "GET", close = false): Seen {
  const seen: Seen = { status: 0, headers: [], body: "", ended: false, persistent: false, heads: 0, ends: 0 };
  const events: ParserEvents = {
    head(status, { names, values }) {
      seen.status = status;
      seen.headers = names.map((name, index) => [name, values[index]!]);
      seen.heads++;
    },
    data(chunk) {
      expect(seen.heads).toBe(1);
      expect(seen.ends).toBe(0);
      seen.body += Buffer.from(chunk).toString("latin1");
    },
    end: () => seen.ends++,
  };
  const parser = new ResponseParser(method, events);
  for (const piece of pieces) parser.feed(piece);
  if (close) seen.ended = parser.close();
  else seen.ended = parser.done;
  seen.persistent = parser.persistent;
  return seen;
}

const parseText = (text: string, method = "GET", close = false) =>
  parse([Buffer.from(text, "latin1")], method, close);

function cut(text: string, points: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text, "latin1");
  const at = [...new Set(points.map((point) => point % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length));
}

const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}transfer-encoding: chunked\r\n\r\n`;

const WELL_FORMED: [what: string, text: string, method: string, close: boolean, expected: Partial<Seen>][] = [
  ["a length", `${OK}Content-Length: 5\r\n\r\nhello`, "GET", false, { body: "hello", persistent: true }],
  ["the length 0", `${OK}content-length: 0\r\n\r\n`, "GET", false, { body: "", persistent: true }],
  [
    "a repeated length that agrees",
    `${OK}content-length: 5, 5\r\ncontent-length: 5\r\n\r\nhello`,
    "GET",
    false,
    { body: "hello" },
  ],
  [
    "chunks",
    `${CHUNKED}5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n`,
    "GET",
    false,
    { body: "hello!", persistent: true },
  ],
  [
    "chunk extensions, sizes in either case and with leading zeros",
    `${CHUNKED}00A;name="v;\\"w" \r\n0123456789\r\na \r\n0123456789\r\n000;last\r\n\r\n`,
    "GET",
    false,
    { body: "01234567890123456789", persistent: true },
  ],
  [
    "trailers",
    `${CHUNKED}1\r\nx\r\n0\r\nx-checksum: 12\r\nserver-timing: a\r\n\r\n`,
    "GET",
    false,
    { body: "x", persistent: true, headers: [["transfer-encoding", "chunked"]] },
  ],
  ["chunk lines that end in a line feed alone", `${CHUNKED}2\nhi\n0\n\n`, "GET", false, { body: "hi" }],
  ["the end of the connection", `${OK}\r\nhello`, "GET", true, { body: "hello", persistent: false }],
  ["HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nhello", "GET", true, { body: "hello", persistent: false }],
  [
    "HTTP/1.0 with keep-alive",
    "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\ncontent-length: 2\r\n\r\nhi",
    "GET",
    false,
    { body: "hi", persistent: true },
  ],
  [
    "HTTP/1.0 with chunks, after which the connection is in doubt",
    "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "GET",
    false,
    { body: "hi", persistent: false },
  ],
  [
    "chunks and a length: the chunks count, the connection is in doubt",
    `${OK}content-length: 3\r\ntransfer-encoding: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    "GET",
    false,
    { body: "hello", persistent: false },
  ],
  [
    "connection: close",
    `${OK}connection: Close\r\ncontent-length: 2\r\n\r\nhi`,
    "GET",
    false,
    { body: "hi", persistent: false },
  ],
  ["HEAD with a length", `${OK}content-length: 5\r\n\r\n`, "HEAD", false, { body: "", persistent: true }],
  ["HEAD with chunks announced", CHUNKED, "HEAD", false, { body: "", persistent: true }],
  ["204", "HTTP/1.1 204 No Content\r\n\r\n", "POST", false, { status: 204, persistent: true }],
  [
    "304 with a length",
    "HTTP/1.1 304 N\r\ncontent-length: 9\r\n\r\n",
    "GET",
    false,
    { status: 304, body: "" },
  ],
  ["no reason", "HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx", "GET", false, { body: "x" }],
  ["an empty reason", "HTTP/1.1 200 \r\ncontent-length: 1\r\n\r\nx", "GET", false, { body: "x" }],
  ["no header fields", "HTTP/1.1 204 N\r\n\r\n", "GET", false, { headers: [] }],
  [
    "interim responses before it",
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${OK}content-length: 2\r\n\r\nhi`,
    "POST",
    false,
    { status: 200, body: "hi", headers: [["content-length", "2"]], persistent: true },
  ],
  [
    "bytes after a length: the response stands, the connection does not",
    `${OK}content-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nbad`,
    "GET",
    false,
    { body: "hi", persistent: false },
  ],
  [
    "bytes after the last chunk",
    `${CHUNKED}2\r\nhi\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n`,
    "GET",
    false,
    { body: "hi", persistent: false },
  ],
  [
    "a body after HEAD, which is none of its",
    `${OK}content-length: 2\r\n\r\nhi`,
    "HEAD",
    false,
    { body: "", persistent: false },
  ],
  ["a body after 204", "HTTP/1.1 204 N\r\n\r\nhi", "GET", false, { body: "", persistent: false }],
  [
    "values with any Latin-1 byte, trimmed of spaces and tabs alone",
    `${OK}x-a: \t caf\xc3\xa0\t \r\nX-B:\xa0\r\nx-c:\r\nx-d: a\tb\x80\xff\r\ncontent-length: 0\r\n\r\n`,
    "GET",
    false,
    {
      headers: [
        ["x-a", "caf\xc3\xa0"],
        ["x-b", "\xa0"],
        ["x-c", ""],
        ["x-d", "a\tb\x80\xff"],
        ["content-length", "0"],
      ],
    },
  ],
  [
    "repeated names in their order",
    `${OK}set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n`,
    "GET",
    false,
    {
      headers: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
        ["content-length", "0"],
      ],
    },
  ],
];

describe("a response", () => {
  test.each(WELL_FORMED)("with %s is read", (_, text, method, close, expected) => {
    const seen = parseText(text, method, close);
    expect(seen).toMatchObject({ ended: true, heads: 1, ends: 1, ...expected });
  });

  test.each(WELL_FORMED)("with %s reads the same in any pieces", (_, text, method, close) => {
    const whole = parseText(text, method, close);
    // Where bytes follow in pieces of their own the connection has been given back, and it is there that they show.
    const { persistent: _whole, ...told } = whole;
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 12 }), (points) => {
        const { persistent, ...seen } = parse(cut(text, points), method, close);
        expect(seen).toEqual(told);
        if (whole.persistent) expect(persistent).toBeTrue();
      }),
    );
    const bytes = [...Buffer.from(text, "latin1")].map((byte) => Buffer.from([byte]));
    const { persistent: _bytes, ...single } = parse(bytes, method, close);
    expect(single).toEqual(told);
  });

  test("in any chunks is the body that was sent", () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(chunks, fc.array(fc.nat(), { maxLength: 20 }), (parts, points) => {
        const body = parts.map((part) => Buffer.from(part).toString("latin1"));
        const wire = body.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
        const seen = parse(cut(`${CHUNKED}${wire}0\r\n\r\n`, points));
        expect(seen).toMatchObject({ body: body.join(""), ended: true, persistent: true });
      }),
    );
  });
});

const MALFORMED: [what: string, text: string][] = [
  ["garbage", "this is no HTTP at all\r\n\r\n"],
  ["garbage without a line's end", "\x15\x03\x01\x00\x02\x02\x16"],
  ["HTTP/2", "HTTP/2 200 OK\r\n\r\n"],
  ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
  ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n"],
  ["a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
  ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n"],
  ["a status above 599", "HTTP/1.1 600 OK\r\n\r\n"],
  ["a status that only Number reads", "HTTP/1.1 2e2 OK\r\ncontent-length: 0\r\n\r\n"],
  ["a status with a sign", "HTTP/1.1 +20 OK\r\n\r\n"],
  ["no status", "HTTP/1.1 \r\n\r\n"],
  ["101", "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"],
  ["two lengths", `${OK}content-length: 5\r\ncontent-length: 6\r\n\r\nhello!`],
  ["two lengths in one field", `${OK}content-length: 5, 6\r\n\r\nhello!`],
  ["a negative length", `${OK}content-length: -1\r\n\r\n`],
  ["a length with a sign", `${OK}content-length: +5\r\n\r\nhello`],
  ["a hexadecimal length", `${OK}content-length: 0x5\r\n\r\nhello`],
  ["a fractional length", `${OK}content-length: 5.0\r\n\r\nhello`],
  ["an empty length", `${OK}content-length:\r\n\r\nhello`],
  ["a length beyond all numbers", `${OK}content-length: 9999999999999999999\r\n\r\nhello`],
  ["a length followed by a no-break space", `${OK}content-length: 5\xa0\r\n\r\nhello`],
  ["an unknown transfer coding", `${OK}transfer-encoding: gzip\r\n\r\n`],
  ["a second transfer coding", `${OK}transfer-encoding: gzip, chunked\r\n\r\n`],
  ["chunked twice", `${OK}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ["a space before the colon", `${OK}content-length : 5\r\n\r\nhello`],
  ["a space in a name", `${OK}x-ratelimit limit: 5\r\n\r\n`],
  ["a letter beyond ASCII in a name", `${OK}x-ratelimit-\xe9: 5\r\n\r\n`],
  ["a folded line", `${OK}x-a: 1\r\n 2\r\n\r\n`],
  ["a line without a colon", `${OK}nonsense\r\n\r\n`],
  ["an empty name", `${OK}: 5\r\n\r\n`],
  ["a bare carriage return in a value", `${OK}x-a: 1\r2\r\n\r\n`],
  ["a bare line feed in a value", `${OK}x-a: 1\nx-b: 2\r\n\r\n`],
  ["a zero byte in a value", `${OK}x-a: 1\0\r\n\r\n`],
  ["a control character in a value", `${OK}x-a: 1\x01b\r\n\r\n`],
  ["a form feed at a value's end", `${OK}x-a: 1\x0c\r\n\r\n`],
  ["an escape in the last of many values", `${OK}x-a: 1\r\nx-b: 2\r\ncontent-type: \x1b[0m\r\n\r\n`],
  ["a delete character in a value", `${OK}x-a: 1\x7f\r\n\r\n`],
  ["a chunk size that is no number", `${CHUNKED}ZZ\r\n`],
  ["a chunk size with a sign", `${CHUNKED}-5\r\nhello\r\n`],
  ["a chunk size with a prefix", `${CHUNKED}0x5\r\nhello\r\n`],
  ["an empty chunk size", `${CHUNKED}\r\nhello\r\n`],
  ["a chunk size cut in two by a carriage return", `${CHUNKED}1\r0\r\n0123456789abcdef\r\n`],
  ["a carriage return in a chunk extension", `${CHUNKED}1;a\rb\r\nx\r\n`],
  ["a chunk size beyond all memory", `${CHUNKED}ffffffffffffffff\r\n`],
  ["a chunk that is longer than its size", `${CHUNKED}2\r\nhello\r\n`],
  ["two carriage returns after a chunk", `${CHUNKED}2\r\nhi\r\r\n0\r\n\r\n`],
  ["an endless head", `${OK}x-a: ${"a".repeat(70_000)}`],
  ["a whole head that is too long", `${OK}x-a: ${"a".repeat(70_000)}\r\n\r\n`],
  ["an endless chunk line", `${CHUNKED}1;${"a".repeat(2000)}`],
  ["endless trailers", `${CHUNKED}0\r\n${"x: y\r\n".repeat(4000)}`],
];

describe("what is no valid response", () => {
  test.each(MALFORMED)("%s is refused", (_, text) => {
    expect(() => parseText(text)).toThrow(ProtocolError);
  });

  test.each(MALFORMED)("%s is refused in single bytes", (_, text) => {
    const bytes = [...Buffer.from(text, "latin1")].map((byte) => Buffer.from([byte]));
    expect(() => parse(bytes)).toThrow(ProtocolError);
  });

  test("any other bytes are refused or waited on, and harm nothing", () => {
    const noise = fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string().map(Buffer.from));
    const starts = fc.constantFrom("", OK, CHUNKED, `${OK}content-length: 7\r\n`, "HTTP/1.1 ");
    fc.assert(
      fc.property(starts, noise, (start, bytes) => {
        try {
          expect(parse([Buffer.from(start), Buffer.from(bytes)]).ends).toBeLessThanOrEqual(1);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

describe("a connection that is closed", () => {
  test.each([
    ["before anything came", ""],
    ["in the status line", "HTTP/1.1 20"],
    ["in the head", `${OK}content-length: 5`],
    ["after an interim response", "HTTP/1.1 100 Continue\r\n\r\n"],
    ["within the length", `${OK}content-length: 5\r\n\r\nhell`],
    ["in a chunk", `${CHUNKED}5\r\nhe`],
    ["between chunks", `${CHUNKED}2\r\nhi\r\n`],
    ["in the trailer", `${CHUNKED}0\r\n`],
  ])("%s leaves the response incomplete", (_, text) => {
    expect(parseText(text, "GET", true)).toMatchObject({ ended: false, ends: 0 });
  });
});
