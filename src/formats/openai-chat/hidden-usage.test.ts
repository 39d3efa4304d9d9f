import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import type { BodyConsumer, ByteSource } from "../../lib/byte-source.ts";
import { HiddenUsage } from "./hidden-usage.ts";

/** What comes through of a body that comes in pieces cut at these offsets. */
function through(text: string, cuts: readonly number[], fails = false): { out: string; hidden: string } {
  const bytes = Buffer.from(text);
  const source: ByteSource = {
    consume(consumer: BodyConsumer) {
      const edges = [
        0,
        ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b),
        bytes.length,
      ];
      for (let i = 1; i < edges.length; i++) consumer.data(bytes.subarray(edges[i - 1], edges[i]));
      if (fails) consumer.failed(new Error("broken"));
      else consumer.end();
    },
    pause() {},
    resume() {},
    cancel() {},
  };
  const out: Uint8Array[] = [];
  const hidden: Uint8Array[] = [];
  new HiddenUsage(source, (event) => hidden.push(event)).consume({
    data: (chunk) => out.push(chunk),
    end() {},
    failed() {},
  });
  return { out: Buffer.concat(out).toString(), hidden: Buffer.concat(hidden).toString() };
}

const events = (text: string) => text.split(/(?<=\n\r?\n)/);
const isAlone = (event: string) => /"choices":\s*\[\]/.test(event) && /"usage":\s*\{/.test(event);
const streams = recordedExchanges("openai-chat").filter(({ status, stream }) => status === 200 && stream);
const anyCuts = fc.array(fc.nat(1_000_000), { maxLength: 30 });

describe("the chunk that tells usage alone", () => {
  test("is among the recordings", () => {
    expect(streams.filter(({ body }) => events(body).some(isAlone)).length).toBeGreaterThan(1);
  });

  test.each(streams.map(({ id, body }) => [id, body]))(
    "is left out and nothing else, wherever it is cut: %s",
    (_, body) => {
      const [kept, hidden] = [events(body).filter((event) => !isAlone(event)), events(body).filter(isAlone)];
      const numRuns = Math.max(3, Math.floor(200_000 / body.length));
      fc.assert(
        fc.property(anyCuts, fc.boolean(), (cuts, fails) => {
          expect(through(body, cuts, fails)).toEqual({ out: kept.join(""), hidden: hidden.join("") });
        }),
        { numRuns },
      );
      const crlf = body.replace(/\n/g, "\r\n");
      const single = Array.from({ length: Math.min(crlf.length, 20_000) }, (_, i) => i);
      expect(through(crlf, single).out).toBe(kept.join("").replace(/\n/g, "\r\n"));
    },
  );
});

describe("what is no such chunk passes as it came", () => {
  test.each([
    'data: {"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1}}\n\n',
    'data: {"choices":[{"delta":{"content":"\\"usage\\":{"}}],"usage":null}\n\n',
    'data: {"choices":[]}\n\n',
    'data: {"usage":{"a":1}}\n\n',
    'data: "usage":{\n\n',
    ': comment "usage":{\n\n',
    "data: [DONE]\n\n",
    'data: {"choices":[],"usage":{"prompt_tokens":1',
  ])("%s", (text) => {
    for (let cut = 0; cut <= text.length; cut++)
      expect(through(text, [cut])).toEqual({ out: text, hidden: "" });
  });

  test("an event that is too long to be held", () => {
    const long = `data: {"choices":[{"delta":{"content":"${"x".repeat(200_000)}"}}]}\n\n`;
    const usage = 'data: {"choices":[],"usage":{"prompt_tokens":1}}\n\n';
    const cuts = Array.from({ length: 50 }, (_, i) => i * 4_000);
    expect(through(long + usage + long, cuts)).toEqual({ out: long + long, hidden: usage });
  });
});
