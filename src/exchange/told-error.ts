/** An error as a provider told it, in its own words. */
export interface ToldError {
  /** The HTTP status, or the one that stands for it where it was told inside a stream. */
  readonly status: number;
  readonly message: string;
  /** The provider's own code or, where its errors have none, type, as `context_length_exceeded`, `overloaded_error`. */
  readonly code?: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
}
