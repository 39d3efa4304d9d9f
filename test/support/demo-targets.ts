import type { Format } from "../../src/exchange/formats.ts";
import { type DemoProvider, startDemoProvider } from "../../src/providers/demo/server.ts";
import { type Gateway, type GatewayOptions, startGateway } from "./gateway.ts";

interface DemoTarget {
  readonly target: string;
  readonly provider: string;
  readonly format: Format;
  readonly version: string;
}

/** The four formats, three of them under the names of those that made them: the gateway knows what only they take. */
export const TARGETS = [
  { target: "Chat", provider: "speaks-chat", format: "openai-chat", version: "v1" },
  { target: "Responses", provider: "openai", format: "openai-responses", version: "v1" },
  { target: "Messages", provider: "anthropic", format: "anthropic-messages", version: "v1" },
  { target: "Gemini", provider: "gemini", format: "gemini", version: "v1beta" },
] as const satisfies readonly DemoTarget[];

/** The same formats as other providers speak them. */
export const OTHER_TARGETS = [
  { target: "another's Responses", provider: "speaks-responses", format: "openai-responses", version: "v1" },
  { target: "another's Messages", provider: "speaks-messages", format: "anthropic-messages", version: "v1" },
  { target: "another's Gemini", provider: "speaks-gemini", format: "gemini", version: "v1beta" },
] as const satisfies readonly DemoTarget[];

export interface DemoTargets {
  readonly gateway: Gateway;
  readonly demo: DemoProvider;
  stop(): Promise<void>;
}

/** A gateway whose providers are the demo, each in one format, so that every call in another is converted. */
export async function startDemoTargets(options: GatewayOptions = {}): Promise<DemoTargets> {
  const demo = startDemoProvider();
  const providers = Object.fromEntries(
    [...TARGETS, ...OTHER_TARGETS].map(({ provider, format, version }) => [
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
