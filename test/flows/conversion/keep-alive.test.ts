import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Format } from "../../../src/exchange/formats.ts";
import { callAs } from "../../support/client-call.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { readStreamed } from "../../support/streamed.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets({ config: { server: { sse_keep_alive: 0.1 } } });
});
afterAll(() => targets.stop());

/** What each API sends into a silence. */
const SIGNS: Readonly<Record<Format, RegExp>> = {
  "openai-chat": /^: .*$/gm,
  "openai-responses": /^: .*$/gm,
  "anthropic-messages": /^event: ping\ndata: \{"type": ?"ping"\}$/gm,
  gemini: /^: .*$/gm,
};

const PAIRS = TARGETS.flatMap(({ target, format }) =>
  TARGETS.filter((other) => other.format !== format).map(({ target: to, provider }) => ({
    client: target,
    format: format as Format,
    to,
    provider,
  })),
);

describe.each(PAIRS)("a client of $client, a provider of $to", ({ format, provider }) => {
  test("hears its own format's sign of life between two events while the provider is silent", async () => {
    const response = await callAs(targets.gateway, { format, model: `${provider}/silent`, stream: true });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while ((text.match(SIGNS[format])?.length ?? 0) < 3) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The stream ended:\n${text}`);
      text += decoder.decode(value, { stream: true });
    }
    await reader.cancel();
    expect(readStreamed(format, text).text).not.toBe("");
    expect(text).toMatch(/\n\n(: |event: ping)/);
  });
});
