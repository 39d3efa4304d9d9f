export type ClientReportKind = "telemetry" | "error";

/** What a client tells of itself. */
export interface ClientReport {
  readonly kind: ClientReportKind;
  readonly keyId: string;
  /** JSON text of an object, as the client wrote it. */
  readonly body: string;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

export interface ClientReportStore {
  /** Stores all or none. */
  add(reports: readonly ClientReport[]): Promise<void>;
  /** The newest of a kind, newest first. */
  newest(kind: ClientReportKind, limit: number): Promise<ClientReport[]>;
  /**
   * Deletes the oldest, at most `limit`: those received before a moment, and as many as it takes until the bodies
   * together are no more than `maxCharacters`. Returns how many were deleted; fewer than `limit` says that it is done.
   */
  prune(bounds: {
    readonly before: number;
    readonly maxCharacters: number;
    readonly limit: number;
  }): Promise<number>;
}
