import type { RESPONSE_TYPES, RetryConfig } from "../config/schema.ts";
import type { HttpRequest } from "./http/request.ts";
import type { Upstream } from "./upstream.ts";

export type ResponseType = (typeof RESPONSE_TYPES)[number];

/** Limits of one call, in milliseconds. */
export interface CallSettings {
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly totalTimeout: number;
  readonly retry: RetryConfig;
}

export type TargetRequest = Pick<HttpRequest, "origin" | "method" | "target" | "headerLines" | "body">;

/** One place that may answer a request. */
export interface Target {
  /** For records and headers: `provider/model`, or the endpoint's URL. */
  readonly name: string;
  readonly upstream: Upstream;
  readonly provider: string | null;
  /** The model's name as the upstream is told it. */
  readonly model: string | null;
  readonly settings: CallSettings;
  /** How the answer is to be delivered; null leaves it to its content type. */
  readonly responseType: ResponseType | null;
  /** Keys that are taken in turn: a refused one is worth another try with the next. */
  readonly keyCount: number;
  /** Texts that must not come back to a client in an upstream's error. */
  readonly secrets: readonly string[];
  /** Whether a redirect is passed to the client; it is never followed. */
  readonly passRedirects: boolean;
  /** Makes the request for one try. */
  prepare(): TargetRequest;
}
