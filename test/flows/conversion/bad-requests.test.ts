import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Format } from "../../../src/exchange/formats.ts";
import { type BadBody, BODIES, type Body, CASES } from "../../support/bad-bodies.ts";
import { callAs, isErrorOf } from "../../support/client-call.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { breaches } from "../../support/protocol.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

/** What is wrong with what a client got; null where it is a valid answer or a client's error of its own format. */
async function faultOf(client: Format, provider: string, { body, refused, what }: BadBody, stream: boolean) {
  const model = `${provider}/echo`;
  const response = await callAs(targets.gateway, {
    format: client,
    model,
    stream,
    body: withModel(client, body, model),
  });
  const text = await response.text();
  const got = `${what}: ${response.status} ${text.slice(0, 300)}`;
  if (response.ok) {
    if (refused) return got;
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    const found = breaches(client, { text, stream: isStream });
    return found.length === 0 ? null : `${got}: ${found.slice(0, 3).join("; ")}`;
  }
  return response.status < 500 && isErrorOf(client, text) ? null : got;
}

/** Bodies of text name the model too, as far as they are an object. */
function withModel(client: Format, body: Body | string, model: string): Body | string {
  if (typeof body !== "string" || client === "gemini" || !body.startsWith("{")) return body;
  return body.replace("{", `{"model":${JSON.stringify(model)}${body.startsWith("{}") ? "" : ","}`);
}

const PAIRS = TARGETS.flatMap(({ provider, format, target }) =>
  (Object.keys(CASES) as Format[])
    .filter((client) => client !== format)
    .map((client) => ({ client, provider, target })),
);

describe.each(PAIRS)("a client of $client, a provider of $target", ({ client, provider }) => {
  test.each([false, true])(
    "for every wrong request, streamed: %p, gets its own format's error or a valid answer",
    async (stream) => {
      const faults: (string | null)[] = [];
      for (const bad of [...CASES[client], ...BODIES])
        faults.push(await faultOf(client, provider, bad, stream));
      expect(faults.filter((fault) => fault !== null)).toEqual([]);
    },
  );
});
