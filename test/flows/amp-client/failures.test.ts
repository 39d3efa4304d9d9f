import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type DemoProvider, startDemoProvider } from "../../../src/providers/demo/server.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Behaviour } from "../../support/raw-server.ts";
import { type Machine, makeMachine, type Run, runAmp } from "./cli.ts";

let demo: DemoProvider;
let upstream: FaultUpstream;
let machine: Machine;
const gateways: Gateway[] = [];

beforeAll(() => {
  demo = startDemoProvider();
  upstream = startFaultUpstream();
  machine = makeMachine();
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.stop();
  await demo.stop();
  await upstream.stop();
  machine.remove();
});

/** A gateway whose providers are at `baseUrl`. */
async function gatewayTo(baseUrl: string, settings: Record<string, unknown> = {}): Promise<Gateway> {
  const provider = { base_url: baseUrl, api_key: "none", ...settings };
  const gateway = await startGateway({ config: { providers: { anthropic: provider, openai: provider } } });
  gateways.push(gateway);
  return gateway;
}

/** Answers as the demo does, but for streams: those end after `events` of theirs. */
function breaksAfter(events: number, finish: "reset" | "close" | "hang"): Behaviour {
  return async (exchange) => {
    const body = Buffer.from(await exchange.body);
    const path = exchange.target.slice(exchange.target.indexOf("/v1/"));
    const answer = await fetch(demo.url + path, {
      method: "POST",
      body,
      headers: { "content-type": "application/json" },
    });
    const text = await answer.text();
    if (!answer.headers.get("content-type")?.includes("event-stream"))
      return json(JSON.parse(text))(exchange);
    const parts = text.split(/(?<=\n\n)/).slice(0, events);
    return stream(parts, { finish })(exchange);
  };
}

/** What the person at the terminal reads. */
const said = (run: Run) => run.stdout + run.stderr;

/** A turn takes 2 s, and the client and the gateway try a failing one again for a little longer. */
const BOUND_MS = 20_000;

describe("the Amp CLI ends, with an error that a person understands", () => {
  test("with a wrong key", async () => {
    const gateway = await gatewayTo(`${demo.url}/v1`);
    const run = await runAmp(machine, { url: gateway.url, key: "wrong" }, ["-x", "hi"]);
    expect(run.exitCode).toBe(1);
    expect(said(run)).toContain("Invalid or missing API key");
    expect(run.ms).toBeLessThan(BOUND_MS);
  });

  test.each(["smart", "deep"])("when the provider cannot be reached, in mode %s", async (mode) => {
    const closed = startFaultUpstream();
    await closed.stop();
    const gateway = await gatewayTo(`${closed.url}/v1`);
    const run = await runAmp(machine, gateway, ["-x", "hi", "-m", mode]);
    expect(said(run)).toContain("502");
    expect(said(run)).toContain("The upstream could not be reached.");
    expect(run.ms).toBeLessThan(BOUND_MS);
  });

  test.each(["smart", "deep"])("when the provider is overloaded, in mode %s", async (mode) => {
    const url = upstream.script("busy", json({ error: { message: "No capacity today." } }, 503));
    const gateway = await gatewayTo(`${url}/v1`);
    const run = await runAmp(machine, gateway, ["-x", "hi", "-m", mode]);
    expect(said(run)).toContain("No capacity today.");
    expect(run.ms).toBeLessThan(BOUND_MS);
  });

  test.each(["smart", "deep"])("when the provider breaks off in mid-answer, in mode %s", async (mode) => {
    const url = upstream.script(`breaks-${mode}`, breaksAfter(5, "reset"));
    const gateway = await gatewayTo(`${url}/v1`);
    const run = await runAmp(machine, gateway, ["-x", "hi", "-m", mode]);
    expect(run.exitCode).toBe(1);
    expect(said(run)).toContain("The upstream closed the connection before its answer was complete.");
    expect(run.ms).toBeLessThan(BOUND_MS);
  });

  test.each(["smart", "deep"])("when the provider falls silent in mid-answer, in mode %s", async (mode) => {
    const url = upstream.script(`silent-${mode}`, breaksAfter(5, "hang"));
    const gateway = await gatewayTo(`${url}/v1`, { timeout: 1 });
    const run = await runAmp(machine, gateway, ["-x", "hi", "-m", mode]);
    expect(run.exitCode).toBe(1);
    expect(said(run)).toContain("The upstream fell silent for 1 s in mid-answer");
    expect(run.ms).toBeLessThan(BOUND_MS);
  });

  test("when its thread cannot be stored, after it has shown the answer", async () => {
    const provider = { base_url: `${demo.url}/v1`, api_key: "none" };
    const gateway = await startGateway({
      config: { providers: { anthropic: provider }, amp: { max_thread_mb: 0.0001 } },
    });
    gateways.push(gateway);
    const run = await runAmp(machine, gateway, ["-x", "hi"]);
    expect(run.stdout).toContain("no model was called");
    expect(run.exitCode).toBe(1);
    expect(run.ms).toBeLessThan(BOUND_MS);
  });
});
