import { GatewayError } from "../exchange/errors.ts";
import { codingsOf, decompress } from "../lib/decompress.ts";
import type { Presence } from "../lib/presence.ts";
import { joinBase } from "../providers/url.ts";
import { keyLine } from "../routing/prepare.ts";
import type { Provider } from "../routing/providers.ts";
import type { HttpClient } from "../upstream/http/client.ts";
import { headerLines } from "../upstream/http/forward-headers.ts";
import { originOf } from "../upstream/http/origin.ts";

/** A client waits for the list. */
const PATIENCE_MS = 4000;
const MAX_LIST = 16 * 1024 * 1024;
/** As many as one page may hold; nobody has more. */
const PAGE = { gemini: "?pageSize=1000", "anthropic-messages": "?limit=1000" } as const;

/** Asks a provider for its list of models; the parsed body. Rejects with a GatewayError. */
export async function askForModels(client: HttpClient, provider: Provider): Promise<unknown> {
  const format = Object.keys(provider.formats)[0] ?? "openai-chat";
  const custom = provider.config?.custom_headers ?? {};
  const sendsKey = !Object.keys(custom).some((name) => name.toLowerCase() === provider.keyStyle.header);
  const response = await client.send({
    origin: originOf(provider.baseUrl),
    method: "GET",
    target:
      joinBase(provider.baseUrl.pathname.replace(/\/+$/, ""), "models") +
      (format in PAGE ? PAGE[format as keyof typeof PAGE] : ""),
    headerLines: `accept: application/json\r\naccept-encoding: identity\r\n${headerLines(provider.defaultHeaders.other)}${sendsKey ? keyLine(provider, 0) : ""}${headerLines(custom)}`,
    body: null,
    connectTimeout: PATIENCE_MS,
    timeout: PATIENCE_MS,
    totalAt: performance.now() + PATIENCE_MS,
    presence: patient(),
  });
  const packed = await response.bytes(MAX_LIST);
  if (packed === null || response.status !== 200) {
    response.cancel();
    throw new GatewayError("upstream_error", `The list of models came with status ${response.status}.`);
  }
  const plain = await decompress(packed, codingsOf(response.headers.get("content-encoding")), MAX_LIST);
  return JSON.parse(new TextDecoder().decode(plain));
}

/** Nobody goes while a list is fetched: whoever asks next takes it. */
const patient = (): Presence => ({ gone: false, onGone: null });
