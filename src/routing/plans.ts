import { KEY_HEADERS } from "../auth/presented-key.ts";
import { CONNECTION_HEADERS } from "../config/reserved.ts";
import type { EndpointConfig } from "../config/schema.ts";
import {
  BODY_HEADERS,
  REQUEST_HEADER_PREFIXES,
  REQUEST_HEADERS,
  RESPONSE_HEADER_PREFIXES,
  RESPONSE_HEADERS,
} from "../providers/headers.ts";
import { HeaderFilter, headerLines } from "../upstream/http/forward-headers.ts";
import { type Origin, originOf } from "../upstream/http/origin.ts";
import type { CallSettings } from "../upstream/target.ts";
import type { Upstream } from "../upstream/upstream.ts";
import type { DefaultHeaders, Provider } from "./providers.ts";

/** What is made once of a provider. */
export interface ProviderPlan {
  readonly provider: Provider;
  readonly origin: Origin;
  readonly upstream: Upstream;
  readonly settings: CallSettings;
  /** Path of the base URL, without a trailing slash, and its query. */
  readonly basePath: string;
  readonly baseSearch: string;
  readonly requestFilter: HeaderFilter;
  /** Of a request that was converted: fields that speak of the client's own API do not go along. */
  readonly convertedFilter: HeaderFilter;
  readonly responseFilter: HeaderFilter;
  readonly customLines: string;
  /** Custom headers take the place of the key's and the default ones of the same name. */
  readonly sendsKey: boolean;
  readonly defaultHeaders: DefaultHeaders;
  readonly secrets: readonly string[];
}

/** What is made once of an endpoint. */
export interface EndpointPlan {
  readonly requestFilter: HeaderFilter;
  readonly convertedFilter: HeaderFilter;
  readonly responseFilter: HeaderFilter;
  readonly customLines: string;
  readonly secrets: readonly string[];
}

/** Never passed in either direction: they speak of the connection. */
const CONNECTION: readonly string[] = [...CONNECTION_HEADERS];
/** Bodies are forwarded decompressed; the trace's fields are the gateway's own. */
const REQUEST_EXCLUDED: readonly string[] = [...CONNECTION, "content-encoding", "traceparent", "tracestate"];
/** Set by the gateway for a converted body, or of the client's own API. */
const CONVERTED_EXCLUDED: readonly string[] = ["accept", "accept-encoding", "content-type"];
const CONVERTED_REQUESTS: readonly string[] = [
  "accept-language",
  "idempotency-key",
  "user-agent",
  "x-client-request-id",
];
/** What passes back where nothing nearer says so. */
export const PROVIDER_RESPONSES = new HeaderFilter(RESPONSE_HEADERS, RESPONSE_HEADER_PREFIXES, CONNECTION);
/** Endpoints hand redirects on, which say nothing without their place. */
const ENDPOINT_RESPONSES = new HeaderFilter(
  [...RESPONSE_HEADERS, "location"],
  RESPONSE_HEADER_PREFIXES,
  CONNECTION,
);

export function planProvider(provider: Provider, upstream: Upstream, settings: CallSettings): ProviderPlan {
  const { config, baseUrl } = provider;
  const custom = lowerCaseNames(config?.custom_headers ?? {});
  const requestFilter = new HeaderFilter(
    [...REQUEST_HEADERS, ...(config?.forward_request_headers ?? [])],
    REQUEST_HEADER_PREFIXES,
    [...REQUEST_EXCLUDED, ...KEY_HEADERS, ...Object.keys(custom)],
  );
  return {
    provider,
    basePath: baseUrl.pathname.replace(/\/+$/, ""),
    baseSearch: baseUrl.search,
    customLines: headerLines(custom) + encodingLine(custom, requestFilter),
    sendsKey: !(provider.keyStyle.header in custom),
    defaultHeaders: withoutNames(provider.defaultHeaders, custom),
    secrets: [...provider.keys, ...secretsOf(custom)],
    origin: originOf(provider.baseUrl),
    upstream,
    settings,
    requestFilter,
    convertedFilter: new HeaderFilter(
      [...CONVERTED_REQUESTS, ...(config?.forward_request_headers ?? [])],
      [],
      [...REQUEST_EXCLUDED, ...CONVERTED_EXCLUDED, ...KEY_HEADERS, ...Object.keys(custom)],
    ),
    responseFilter: new HeaderFilter(
      [...RESPONSE_HEADERS, ...(config?.forward_response_headers ?? [])],
      RESPONSE_HEADER_PREFIXES,
      CONNECTION,
    ),
  };
}

/** An endpoint that names no list forwards what the providers' doors do; one that does forwards that, and the body's. */
export function planEndpoint(endpoint: EndpointConfig): EndpointPlan {
  const { forward_request_headers: request, forward_response_headers: response } = endpoint;
  const custom = lowerCaseNames(endpoint.custom_headers);
  const excluded = [...REQUEST_EXCLUDED, ...Object.keys(custom)];
  const requestFilter =
    request === undefined
      ? new HeaderFilter(REQUEST_HEADERS, REQUEST_HEADER_PREFIXES, excluded)
      : new HeaderFilter([...BODY_HEADERS, ...request], [], excluded);
  return {
    requestFilter,
    convertedFilter: new HeaderFilter(
      request ?? CONVERTED_REQUESTS,
      [],
      [...excluded, ...CONVERTED_EXCLUDED],
    ),
    responseFilter:
      response === undefined
        ? ENDPOINT_RESPONSES
        : new HeaderFilter([...BODY_HEADERS, "location", ...response], [], CONNECTION),
    customLines: headerLines(custom) + encodingLine(custom, requestFilter),
    secrets: [...secretsOf(custom), ...querySecrets(endpoint)],
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** Where the client's own wish does not pass, a compressed answer could come to one that cannot read it. */
function encodingLine(custom: Readonly<Record<string, string>>, filter: HeaderFilter): string {
  return "accept-encoding" in custom || filter.allows("accept-encoding")
    ? ""
    : "accept-encoding: identity\r\n";
}

/** Values in the targets' queries, which may be keys. */
function querySecrets(endpoint: EndpointConfig): string[] {
  return [endpoint.target_url, ...endpoint.fallback_urls].flatMap((url) => {
    const query = url.indexOf("?");
    return query < 0 ? [] : [...new URLSearchParams(url.slice(query)).values()];
  });
}

/** The keys among custom headers, without the word before them: an upstream may repeat the key alone. */
function secretsOf(custom: Readonly<Record<string, string>>): string[] {
  return Object.entries(custom)
    .filter(([name]) => /auth|key|token|secret|cookie|password/.test(name))
    .map(([, value]) => value.slice(value.lastIndexOf(" ") + 1));
}

function withoutNames(defaults: DefaultHeaders, custom: Readonly<Record<string, string>>): DefaultHeaders {
  const without = (headers: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !(name in custom)));
  const byFormat = Object.entries(defaults).map(([format, headers]) => [format, without(headers)]);
  return { ...Object.fromEntries(byFormat), other: without(defaults.other) };
}
