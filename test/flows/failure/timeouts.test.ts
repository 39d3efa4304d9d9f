import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatChunk, chatProvider, chatText, errorOf } from "../../support/chat.ts";
import { RawClient } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import * as faults from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { gate, until } from "../../support/until.ts";

/** An event every 50 ms, for ever. */
const STEADY: (string | (() => Promise<void>))[] = Array.from({ length: 2000 }, (_, index) =>
  index % 2 ? () => Bun.sleep(50) : faults.sseEvents(chatChunk("x"))[0]!,
);

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  // It takes connections but has no TLS to offer: a handshake with it never ends.
  const deaf = upstream.url.replace("http:", "https:");
  const provider = (name: string, settings: Record<string, unknown>) =>
    chatProvider(`${upstream.url}/${name}`, settings);
  upstream.script("steady", faults.stream(STEADY));
  upstream.script("hang", faults.hang());
  upstream.script("silent", faults.stream(faults.sseEvents(chatChunk("one")), { finish: "hang" }));
  gateway = await startGateway({
    config: {
      global_timeout: 1,
      global_connect_timeout: 60,
      global_retry: { max_attempts: 1 },
      breaker: { enabled: false },
      server: { sse_keep_alive: 0.2 },
      providers: {
        deaf: chatProvider(deaf, { connect_timeout: 1, timeout: 60 }),
        patient: provider("patient", { timeout: 60 }),
        hang: provider("hang", {}),
        silent: provider("silent", {}),
        steady: provider("steady", { total_timeout: 2 }),
        "hang-total": provider("hang", { timeout: 60, total_timeout: 1 }),
        "retried-total": provider("limited", {
          total_timeout: 1,
          retry: { max_attempts: 10, max_delay_ms: 60_000 },
        }),
      },
      endpoints: [{ path: "/quick", target_url: `${upstream.url}/hang`, timeout: 0.3 }],
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

test("a connection that does not come about is 504", async () => {
  expect(await errorOf(await chat(gateway, "deaf"))).toMatchObject({ status: 504, code: "connect_timeout" });
});

test("an answer that does not begin is 504, by the endpoint's timeout or the global one", async () => {
  expect(await errorOf(await chat(gateway, "hang"))).toMatchObject({
    status: 504,
    code: "first_byte_timeout",
  });
  const response = await fetch(`${gateway.url}/quick`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}` },
    body: "{}",
  });
  expect(await errorOf(response)).toMatchObject({ status: 504, code: "first_byte_timeout" });
});

test("a provider's longer timeout wins over the global one, and the client is kept alive meanwhile", async () => {
  const door = gate();
  upstream.script("patient", faults.stream([door.passed, ...faults.sseEvents(chatChunk("late"), "[DONE]")]));
  const client = await RawClient.connect(gateway.url);
  await client.send(chatText(gateway, "patient", { stream: true }));
  const asked = performance.now();
  await client.untilText("\n: ");
  await until("the global timeout has passed", () => performance.now() - asked > 1500);
  door.open();
  expect((await client.response()).text).toEndWith(faults.sseEvents(chatChunk("late"), "[DONE]").join(""));
  client.close();
});

test("silence in mid-stream ends it with an error event", async () => {
  expect(await (await chat(gateway, "silent", { stream: true })).text()).toContain("silence_timeout");
});

describe("the total timeout", () => {
  test("ends a stream that is never silent", async () => {
    const response = await chat(gateway, "steady", { stream: true });
    expect(response.status).toBe(200);
    const text = await response.text();
    expect(text).toContain('"content":"x"');
    expect(text).toContain("total_timeout");
    await upstream.received("steady")[0]!.left;
  });

  test("ends the wait for the first byte", async () => {
    const error = await errorOf(await chat(gateway, "hang-total"));
    expect(error).toMatchObject({ status: 504, code: "total_timeout" });
  });

  test("leaves no room for a retry that would come after it", async () => {
    upstream.script(
      "limited",
      faults.flaky(1, faults.json({}, 429, { "retry-after": "30" }), faults.json(CHAT_ANSWER)),
    );
    expect((await chat(gateway, "retried-total")).status).toBe(429);
    expect(upstream.received("limited")).toHaveLength(1);
  });
});
