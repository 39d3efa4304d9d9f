import type { Format } from "../exchange/formats.ts";

/** How a provider's key is sent: in which header, after which word. */
export interface KeyStyle {
  readonly header: string;
  readonly prefix: string;
}

/** What a provider's Responses API has beside making them. */
export interface ResponsesApi {
  /** Whether it keeps what it answered. */
  readonly keeps: boolean;
  /** Whether it counts tokens. */
  readonly counts: boolean;
}

/** A provider as the table below knows it. Adding a provider is one entry. */
export interface ProviderEntry {
  /** Base URL with the API's version as its last segment where it has one. */
  readonly baseUrl: string;
  /** Environment variables that hold its key; the first that is set counts. */
  readonly env: readonly string[];
  readonly key: KeyStyle;
  /** The formats it speaks, and for each the path between base URL and the format's own path ("" for none). */
  readonly formats: Partial<Record<Format, string>>;
  /** The format that calls in another one are converted to; the first of `formats` where it is not said. */
  readonly convertTo?: Format;
  /** Models that are served in one of the formats only: exact, or with `*` at either end. */
  readonly formatOnly?: Partial<Record<Format, readonly string[]>>;
  /** Models of the legacy completions API; the others' completions become chats. */
  readonly completions?: readonly string[];
  /**
   * Whether its documentation has `stream_options.include_usage` for Chat, and for legacy completions where it has these,
   * and streams tell no usage without it.
   */
  readonly streamUsage?: boolean;
  /** Where it speaks Responses. */
  readonly responses?: ResponsesApi;
  /** Bare model names that belong to it: exact, or with `*` for any ending. */
  readonly models: readonly string[];
  /** Headers that it needs, set where the client did not send them. */
  readonly defaultHeaders?: Readonly<Record<string, string>>;
  /** Other names in doors and model names. */
  readonly aliases?: readonly string[];
}

export const BEARER: KeyStyle = { header: "authorization", prefix: "Bearer " };
