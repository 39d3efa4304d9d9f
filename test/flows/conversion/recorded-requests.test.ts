import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Format } from "../../../src/exchange/formats.ts";
import { callAs, isErrorOf } from "../../support/client-call.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { type RecordedExchange, recordedExchanges } from "../../support/exchanges.ts";
import { breaches } from "../../support/protocol.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

/** What is wrong with the answer to a recorded request; null where it is a valid one, or a refusal with its reason. */
async function faultOf(
  client: Format,
  provider: string,
  recording: RecordedExchange,
): Promise<string | null> {
  const { model: _model, ...body } = recording.request;
  const response = await callAs(targets.gateway, {
    format: client,
    model: `${provider}/echo`,
    stream: recording.stream,
    body,
  });
  const text = await response.text();
  const got = `${recording.id}: ${response.status} ${text.slice(0, 400)}`;
  if (!response.ok) {
    const isRefusal = response.status === 400 && /cannot express|cannot take|has no/.test(text);
    return isRefusal && mayBeRefused(recording) && isErrorOf(client, text) ? null : got;
  }
  const { stream } = recording;
  const includeUsage = body.stream_options !== undefined;
  const found = breaches(client, { text, stream, includeUsage });
  return found.length === 0 ? null : `${got}: ${found.slice(0, 3).join("; ")}`;
}

/** Tools that one provider alone runs cannot be had from another, nor its own cache, nor several answers everywhere. */
function mayBeRefused({ features, request }: RecordedExchange): boolean {
  const isOnesOwn = features.some((feature) => feature.startsWith("builtin:") || feature === "n>1");
  return isOnesOwn || request.cachedContent !== undefined;
}

const PAIRS = TARGETS.flatMap(({ provider, format, target }) =>
  TARGETS.filter((client) => client.format !== format).map((client) => ({
    client: client.format,
    provider,
    target,
  })),
);

describe.each(PAIRS)("requests recorded in $client", ({ client, provider, target }) => {
  test(`are answered by a provider that speaks ${target}, or refused for what is not to be had there`, async () => {
    const recordings = recordedExchanges(client).filter(({ status }) => status === 200);
    expect(recordings.length).toBeGreaterThan(20);
    const faults: (string | null)[] = [];
    for (const recording of recordings) faults.push(await faultOf(client, provider, recording));
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });
});
