import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { startFaultUpstream } from "../../../test/support/fault-upstream.ts";
import { answer, stream } from "../../../test/support/faults.ts";
import { gate, until } from "../../../test/support/until.ts";
import type { BodyConsumer } from "../../lib/byte-source.ts";
import type { HttpResponse } from "./exchange.ts";
import { client, requestTo, textOf } from "./testing.ts";

const upstream = startFaultUpstream();
afterAll(() => upstream.stop());

/** A response whose body is `pieces`, each a chunk that has come on its own. */
const responseOf = async (...pieces: Parameters<typeof stream>[0]) =>
  await client.send(requestTo(upstream.script("pieces", stream(pieces))));

/** Collects what comes; `whole` settles with "end" or the failure. */
function collector() {
  const chunks: string[] = [];
  const { promise: whole, resolve } = Promise.withResolvers<Error | "end">();
  const consumer: BodyConsumer = {
    data: (chunk) => void chunks.push(Buffer.from(chunk).toString()),
    end: () => resolve("end"),
    failed: resolve,
  };
  return { consumer, chunks, whole };
}

describe("the whole body", () => {
  test("is given up to its limit", async () => {
    const url = upstream.script("ten", answer(200, {}, "0123456789"));
    expect(Buffer.from((await (await client.send(requestTo(url))).bytes(10))!).toString()).toBe("0123456789");
    const empty = upstream.script("empty", answer(200, {}, ""));
    expect((await (await client.send(requestTo(empty))).bytes(0))?.length).toBe(0);
  });

  test("beyond the limit is held back, and nothing of it is lost to the next consumer", async () => {
    const size = 30 * 1024 * 1024;
    const url = upstream.script("large", answer(200, {}, Buffer.alloc(size, "x")));
    const response = await client.send(requestTo(url));
    expect(await response.bytes(1000)).toBeNull();
    const exchange = upstream.received("large").at(-1)!;
    await Bun.sleep(100);
    expect(exchange.finished).toBeFalse();
    let received = 0;
    const { consumer, whole } = collector();
    response.consume({
      ...consumer,
      data: (chunk) => {
        received += chunk.length;
      },
    });
    response.resume();
    expect(await whole).toBe("end");
    expect(received).toBe(size);
  });

  test("beyond the limit, small enough to have come at once, is not lost either", async () => {
    const url = upstream.script("ten", answer(200, {}, "0123456789"));
    const response = await client.send(requestTo(url));
    expect(await response.bytes(9)).toBeNull();
    expect(await textOf(response)).toBe("0123456789");
  });
});

describe("what was read", () => {
  test("can be given back at any point, and the next consumer gets all of it in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 }),
        fc.nat(6),
        async (pieces, handOver) => {
          const response = await responseOf(...pieces);
          const taken: Uint8Array[] = [];
          await new Promise<void>((resolve) => {
            response.consume({
              data(chunk) {
                taken.push(chunk);
                if (taken.length < handOver) return;
                response.unread(taken);
                resolve();
              },
              end: resolve,
              failed: () => resolve(),
            });
          });
          // The stream may have ended before the hand-over: what was taken is given back all the same.
          if (taken.length < handOver) response.unread(taken);
          expect(await textOf(response)).toBe(pieces.join(""));
        },
      ),
      { numRuns: 60 },
    );
  });

  test("is followed by a failure that came while nobody consumed", async () => {
    const url = upstream.script("cut", stream(["one"], { finish: "reset" }));
    const response = await client.send(requestTo(url));
    await Bun.sleep(50);
    const { consumer, chunks, whole } = collector();
    response.consume(consumer);
    expect(await whole).toMatchObject({ code: "upstream_disconnected" });
    expect(chunks).toEqual(["one"]);
  });

  test("is followed by nothing once the body is given up", async () => {
    const more = gate();
    const response = await responseOf("one", more.passed, "two");
    const { consumer, chunks } = collector();
    response.consume(consumer);
    await until("the first chunk came", () => chunks.length > 0);
    response.cancel();
    more.open();
    await upstream.received("pieces").at(-1)!.left;
    expect(chunks).toEqual(["one"]);
  });
});

describe("a consumer that throws", () => {
  const broken = new Error("a defect of the consumer");
  const failureOf = (response: HttpResponse) =>
    new Promise<Error>((resolve) => {
      response.consume({
        data() {
          throw broken;
        },
        end: () => resolve(new Error("ended")),
        failed: resolve,
      });
    });

  test("on data that had come fails with an error of the gateway's own, and the connection is closed", async () => {
    const response = await responseOf("one", new Promise<void>(() => undefined));
    await Bun.sleep(50);
    expect(await failureOf(response)).toMatchObject({ code: "gateway_error", cause: broken });
    await upstream.received("pieces").at(-1)!.left;
  });

  test("on data that comes fails in the same way", async () => {
    const more = gate();
    const response = await responseOf(more.passed, "one", new Promise<void>(() => undefined));
    const failure = failureOf(response);
    more.open();
    expect(await failure).toMatchObject({ code: "gateway_error", cause: broken });
    await upstream.received("pieces").at(-1)!.left;
  });

  test("on the data of a body that is whole fails in the same way", async () => {
    const response = await client.send(requestTo(upstream.script("ten", answer(200, {}, "0123456789"))));
    await Bun.sleep(50);
    expect(await failureOf(response)).toMatchObject({ code: "gateway_error", cause: broken });
  });

  test("at the end, or when it is told of a failure, is reported, and the process serves on", async () => {
    const here = import.meta.dirname;
    const program = `
      import { client, requestTo, textOf } from ${JSON.stringify(join(here, "testing.ts"))};
      const reported = [];
      process.on("unhandledRejection", (error) => reported.push(error.message));
      for (const [path, how] of [["ten", "end"], ["cut", "failed"], ["stuck", "failed"]]) {
        const response = await client.send(requestTo("${upstream.url}/" + path, { timeout: 50 }));
        response.consume({ data() {}, end() {}, failed() {}, [how]() { throw new Error(path); } });
        await Bun.sleep(200);
      }
      console.log(JSON.stringify([reported, await textOf(await client.send(requestTo("${upstream.url}/ten")))]));
      process.exit(0);`;
    upstream.script("ten", answer(200, {}, "0123456789"));
    upstream.script("cut", stream(["one", () => Bun.sleep(20)], { finish: "reset" }));
    upstream.script("stuck", stream(["one"], { finish: "hang" }));
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(errors).toBe("");
    expect(JSON.parse(output)).toEqual([["ten", "cut", "stuck"], "0123456789"]);
  });
});
