import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chatProvider } from "../../support/chat.ts";
import { callAs, isErrorOf } from "../../support/client-call.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { dropBeforeHead, hang, json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { closedPort } from "../../support/raw-server.ts";

const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;
const CASES = FORMATS.flatMap((format) => [false, true].map((stream) => ({ format, stream })));

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  const talkError = { error: { message: "talk is broken", type: "server_error", param: null, code: null } };
  const claudeError = { type: "error", error: { type: "overloaded_error", message: "claude is overloaded" } };
  const tripping = { breaker: { enabled: true, minimum_calls: 1, open: 600 } };
  const claude = { formats: ["anthropic-messages"] };
  gateway = await startGateway({
    config: {
      global_timeout: 1,
      global_retry: { max_attempts: 2, base_delay_ms: 1, max_delay_ms: 2 },
      retry_budget: { minimum: 1000 },
      breaker: { enabled: false },
      providers: {
        talk: chatProvider(upstream.script("talk", json(talkError, 500))),
        claude: chatProvider(upstream.script("claude", json(claudeError, 529)), claude),
        slow: chatProvider(upstream.script("slow", hang())),
        gone: chatProvider(`http://127.0.0.1:${closedPort()}`),
        breaks: chatProvider(upstream.script("breaks", dropBeforeHead("reset"))),
        "fragile-talk": chatProvider(upstream.script("fragile-talk", json(talkError, 500)), tripping),
        "fragile-claude": chatProvider(upstream.script("fragile-claude", json(claudeError, 529)), {
          ...claude,
          ...tripping,
        }),
      },
      routes: {
        broken: { targets: ["talk/a", "claude/b"] },
        "broken-too": { targets: ["claude/b", "talk/a"] },
        wordless: { targets: ["gone/a", "breaks/b", "slow/c"] },
        fragile: { targets: ["fragile-talk/a", "fragile-claude/b"] },
      },
    },
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

describe("when nothing is left, the client is told in its own format", () => {
  test.each(CASES)("what the last upstream said: $format, streamed: $stream", async ({ format, stream }) => {
    for (const [route, status, words, attempts] of [
      ["broken", 529, "claude is overloaded", "talk/a=500, talk/a=500, claude/b=529, claude/b=529"],
      ["broken-too", 500, "talk is broken", "claude/b=529, claude/b=529, talk/a=500, talk/a=500"],
    ] as const) {
      const response = await callAs(gateway, { format, model: route, stream });
      const text = await response.text();
      expect([route, response.status]).toEqual([route, status]);
      expect(isErrorOf(format, text), text).toBeTrue();
      expect(text).toContain(words);
      expect(response.headers.get("content-type")).toStartWith("application/json");
      expect(response.headers.get("x-amsterdam-attempts")).toBe(attempts);
      expect(response.headers.get("x-amsterdam-route")).toBe(route);
    }
  });

  test.each(CASES)(
    "and what was tried, where no upstream has said anything: $format, streamed: $stream",
    async ({ format, stream }) => {
      const response = await callAs(gateway, { format, model: "wordless", stream });
      const text = await response.text();
      expect(response.status).toBe(504);
      expect(isErrorOf(format, text), text).toBeTrue();
      expect(text).toContain(
        "Tried: gone/a (upstream_unreachable, 2 times), breaks/b (upstream_disconnected, 2 times), slow/c (first_byte_timeout).",
      );
      expect(response.headers.get("x-amsterdam-attempts")).toEndWith(", slow/c=first_byte_timeout");
    },
  );
});

describe("when all targets are down and their breakers open", () => {
  test("nothing is asked, and the client is told when to come back", async () => {
    while (
      (await callAs(gateway, { format: "openai-chat", model: "fragile", stream: false })).headers.get(
        "x-amsterdam-attempts",
      ) !== "fragile-talk/a=breaker_open, fragile-claude/b=breaker_open"
    );
    const asked = () => upstream.received("fragile-talk").length + upstream.received("fragile-claude").length;
    const before = asked();
    for (const { format, stream } of CASES) {
      const response = await callAs(gateway, { format, model: "fragile", stream });
      const text = await response.text();
      expect(response.status).toBe(503);
      expect(isErrorOf(format, text), text).toBeTrue();
      expect(text).toContain("Tried: fragile-talk/a (breaker_open), fragile-claude/b (breaker_open).");
      expect(Number(response.headers.get("retry-after"))).toBeWithin(500, 601);
    }
    expect(asked()).toBe(before);
  });
});
