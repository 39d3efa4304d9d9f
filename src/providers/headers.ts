/**
 * Header fields that pass between client and provider. Lists and not exceptions: what nobody thought of does not pass,
 * and so neither does a cookie, an address, or a key. A configuration may add to them.
 */

export const REQUEST_HEADERS: readonly string[] = [
  "accept",
  "accept-encoding",
  "accept-language",
  "content-type",
  "idempotency-key",
  "if-match",
  "if-none-match",
  "if-modified-since",
  "originator",
  "range",
  "session_id",
  "conversation_id",
  "user-agent",
  "version",
  "x-app",
  "x-client-request-id",
];

export const REQUEST_HEADER_PREFIXES: readonly string[] = [
  "anthropic-",
  "openai-",
  "x-stainless-",
  "x-goog-api-client",
  "x-goog-user-project",
  "x-grok-",
  "x-codex-",
];

export const RESPONSE_HEADERS: readonly string[] = [
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-range",
  "content-type",
  "etag",
  "last-modified",
  "request-id",
  "retry-after",
  "retry-after-ms",
  "vary",
  "x-should-retry",
];

export const RESPONSE_HEADER_PREFIXES: readonly string[] = [
  "anthropic-",
  "openai-",
  "x-ratelimit-",
  "x-goog-",
  "x-codex-",
];

/** Fields that describe the body they come with: they pass wherever the body does. */
export const BODY_HEADERS: readonly string[] = ["content-type", "content-encoding"];
