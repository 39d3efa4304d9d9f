import type { Format } from "../../src/exchange/formats.ts";
import type { RecordedExchange } from "./exchanges.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { REPLAY_HEADER, type ReplayUpstream, startReplayUpstream } from "./replay-upstream.ts";

/** The version that stands first in each API's paths. */
export const VERSIONS: Readonly<Record<Format, string>> = {
  "openai-chat": "v1",
  "openai-responses": "v1",
  "anthropic-messages": "v1",
  gemini: "v1beta",
};

export interface ReplayTargets {
  readonly gateway: Gateway;
  readonly upstream: ReplayUpstream;
  stop(): Promise<void>;
}

/** A gateway with a provider for each format, of the format's own name, that replays what `x-replay` asks for. */
export async function startReplayTargets(recordings?: readonly RecordedExchange[]): Promise<ReplayTargets> {
  const upstream = startReplayUpstream(recordings);
  const provider = (format: Format) => ({
    base_url: `${upstream.url}/${VERSIONS[format]}`,
    api_key: "provider-key",
    formats: [format],
    forward_request_headers: [REPLAY_HEADER],
  });
  const gateway = await startGateway({
    config: {
      providers: Object.fromEntries(
        (Object.keys(VERSIONS) as Format[]).map((format) => [format, provider(format)]),
      ),
      breaker: { enabled: false },
      global_retry: { max_attempts: 1 },
      server: { sse_keep_alive: 0 },
      logging: { requests: false },
    },
  });
  return {
    gateway,
    upstream,
    async stop() {
      await gateway.stop();
      upstream.stop();
    },
  };
}
