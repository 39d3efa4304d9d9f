import type { EditedBytes } from "../../lib/edited-bytes.ts";
import type { Presence } from "../../lib/presence.ts";
import type { Origin } from "./origin.ts";

export interface HttpRequest {
  readonly origin: Origin;
  readonly method: string;
  /** Path and query, as they go on the request line. */
  readonly target: string;
  /** Header lines, each `name: value\r\n`, without host, content-length and transfer-encoding. */
  readonly headerLines: string;
  /** Bytes are sent whole and may be sent again; a stream is sent as it comes, once. */
  readonly body: EditedBytes | ReadableStream<Uint8Array> | null;
  /** Milliseconds for the connection. */
  readonly connectTimeout: number;
  /** Milliseconds to the first byte of the response, and of every silence after it. */
  readonly timeout: number;
  /** `performance.now()` moment at which the exchange ends in any case. */
  readonly totalAt: number;
  /** Who waits for the response; when it goes, the exchange ends. */
  readonly presence: Presence;
}
