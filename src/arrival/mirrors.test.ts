import { afterEach, describe, expect, test } from "bun:test";
import type { Logger } from "../lib/logger.ts";
import { readTracking } from "../records/tracking.ts";
import { factsOf, routerOf } from "../routing/testing.ts";
import { Admission } from "../server/admission.ts";
import { arrive } from "./arrive.ts";
import { innerFacts } from "./inner-facts.ts";
import { Mirrors } from "./mirrors.ts";

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const ROUTER = routerOf({
  providers: { off: { enabled: false, base_url: "http://127.0.0.1:9" } },
  routes: {
    seen: { targets: ["demo/one"], mirror: { target: "demo/shadow" } },
    again: { targets: ["demo/one"], mirror: { target: "seen" } },
    half: { targets: ["demo/one"], mirror: { target: "demo/shadow", share: 0.5 } },
    lost: { targets: ["demo/one"], mirror: { target: "off/x" } },
    plain: { targets: ["demo/one"] },
  },
});
const CHAT = { messages: [{ role: "user", content: "Is water wet?" }] };

/** Copies that were put to the handler; each is answered once `answer` is called. */
const copies: { request: Request; headers: Record<string, string>; answer: () => void }[] = [];
afterEach(() => {
  for (const { answer } of copies.splice(0)) answer();
});

interface Over {
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly isMirrored?: boolean;
}

function mirror(
  mirrors: Mirrors,
  body: object,
  { path = "/v1/chat/completions", headers = {}, isMirrored = false }: Over = {},
) {
  const request = new Request(`http://localhost${path}`, { method: "POST", headers });
  const arrival = arrive(request, ROUTER);
  const { call } = arrival.door;
  const read = factsOf(body, headers);
  const tracking = readTracking(read.fields?.tracking ?? null, arrival.headers);
  arrival.trace.tracking = tracking;
  const facts = { ...read, tracking, isMirrored };
  if (call.format === null) throw new Error("The path is no call.");
  const decision = ROUTER.routes.choose(
    ROUTER.routes.find(facts.model!)!,
    { ...call, format: call.format },
    facts,
  );
  mirrors.send(decision, arrival, facts, (copy) => {
    const { promise, resolve } = Promise.withResolvers<Response>();
    copies.push({ request: copy, headers: copy.headers.toJSON(), answer: () => resolve(new Response("{}")) });
    return promise;
  });
}

const mirrorsOf = (admission = new Admission(1_000)) => new Mirrors(admission, SILENT);

describe("a mirrored request", () => {
  test("is a copy with a body of its own, for the other model, below the one that was answered", async () => {
    const body = {
      model: "seen",
      ...CHAT,
      run_id: "run-1",
      agent_id: "agent",
      tags: { city: "Rome" },
      request_id: "r1",
    };
    mirror(mirrorsOf(), body, {
      headers: {
        authorization: "Bearer gateway-key",
        "content-type": "application/json; charset=utf-8",
        "content-length": "9999",
        "idempotency-key": "once",
        "x-amsterdam-thread-id": "thread",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "user-agent": "tests",
      },
    });
    const [{ request, headers }] = copies as [(typeof copies)[0]];
    const text = await request.text();
    expect(JSON.parse(text)).toEqual({ model: "seen", ...CHAT });
    expect(innerFacts(request)).toEqual({ mirroredTo: "demo/shadow" });
    expect(headers).toEqual({
      authorization: "Bearer gateway-key",
      "content-type": "application/json",
      "content-length": String(text.length),
      "user-agent": "tests",
      "x-amsterdam-request-parent-id": "r1",
      "x-amsterdam-run-id": "run-1",
      "x-amsterdam-agent-id": "agent",
      "x-amsterdam-tags": "city=Rome,mirror",
    });
  });

  test("leaves out of its header fields what is no text for them", () => {
    mirror(mirrorsOf(), { model: "seen", ...CHAT, run_id: "läuft\r\nx-evil: 1" });
    expect(copies[0]!.headers).not.toHaveProperty("x-amsterdam-run-id");
    expect(copies[0]!.headers).not.toHaveProperty("x-evil");
  });

  test("of the Responses API is kept nowhere, nor made in the background", async () => {
    const path = "/v1/responses";
    mirror(mirrorsOf(), { model: "seen", input: "Is water wet?", store: true, background: true }, { path });
    expect(JSON.parse(await copies[0]!.request.text())).toMatchObject({ store: false, background: false });
    mirror(mirrorsOf(), { model: "seen", input: "Is water wet?", conversation: "conv_1" }, { path });
    expect(copies).toHaveLength(1);
  });

  test("has no copies of its own", () => {
    mirror(mirrorsOf(), { model: "again", ...CHAT });
    expect(innerFacts(copies[0]!.request)).toEqual({ mirroredTo: "seen" });
    mirror(mirrorsOf(), { model: "seen", ...CHAT }, { isMirrored: true });
    expect(copies).toHaveLength(1);
  });

  test.each([
    ["a route without a mirror", { model: "plain", ...CHAT }, {}],
    ["a mirror whose provider is switched off", { model: "lost", ...CHAT }, {}],
    ["a call that counts tokens", { model: "seen", ...CHAT }, { path: "/v1/messages/count_tokens" }],
    ["embeddings", { model: "seen", input: "x" }, { path: "/v1/embeddings" }],
  ])("is not made of %s", (_, body, over) => {
    mirror(mirrorsOf(), body, over);
    expect(copies).toEqual([]);
  });

  test("is one of a share of the conversations, and then of all of a conversation", () => {
    const mirrors = mirrorsOf();
    const isMirrored = (run_id: string) => {
      const before = copies.length;
      mirror(mirrors, { model: "half", ...CHAT, run_id });
      return copies.length > before;
    };
    const runs = Array.from({ length: 60 }, (_, at) => `run-${at}`);
    const first = runs.map(isMirrored);
    expect(first.filter(Boolean).length).toBeWithin(15, 46);
    expect(runs.slice(0, 20).map(isMirrored)).toEqual(first.slice(0, 20));
  });

  test("takes no client's place, and waits for no more than a hundred", async () => {
    const admission = new Admission(4);
    const mirrors = mirrorsOf(admission);
    admission.admit();
    mirror(mirrors, { model: "seen", ...CHAT });
    admission.admit();
    mirror(mirrors, { model: "seen", ...CHAT });
    expect(copies).toHaveLength(1);
    admission.release();
    for (let at = 0; at < 120; at++) mirror(mirrors, { model: "seen", ...CHAT });
    expect(copies).toHaveLength(100);
    copies[0]!.answer();
    await Bun.sleep(5);
    mirror(mirrors, { model: "seen", ...CHAT });
    expect(copies).toHaveLength(101);
    void admission.drain(0);
    mirror(mirrors, { model: "seen", ...CHAT });
    expect(copies).toHaveLength(101);
  });
});
