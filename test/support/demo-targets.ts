import type { Format } from "../../src/exchange/formats.ts";
import { type DemoProvider, startDemoProvider } from "../../src/providers/demo/server.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";

/** The four formats, each with the name of a provider that speaks nothing else. */
export const TARGETS = [
  { target: "Chat", provider: "speaks-chat", format: "openai-chat", version: "v1" },
  { target: "Responses", provider: "speaks-responses", format: "openai-responses", version: "v1" },
  { target: "Messages", provider: "speaks-messages", format: "anthropic-messages", version: "v1" },
  { target: "Gemini", provider: "speaks-gemini", format: "gemini", version: "v1beta" },
] as const satisfies readonly { target: string; provider: string; format: Format; version: string }[];

export interface DemoTargets {
  readonly gateway: Gateway;
  readonly demo: DemoProvider;
  stop(): Promise<void>;
}

/** A gateway whose four providers are the demo, each in one format, so that every call in another is converted. */
export async function startDemoTargets(options: GatewayOptions = {}): Promise<DemoTargets> {
  const demo = startDemoProvider();
  const providers = Object.fromEntries(
    TARGETS.map(({ provider, format, version }) => [
      provider,
      { base_url: `${demo.url}/${version}`, api_key: "provider-key", formats: [format] },
    ]),
  );
  const gateway = await startGateway({ ...options, config: { ...(options.config as object), providers } });
  return {
    gateway,
    demo,
    async stop() {
      await gateway.stop();
      await demo.stop();
    },
  };
}
