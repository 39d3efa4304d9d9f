import type { RequestFields } from "../formats/request-fields.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { Tracking } from "../records/tracking.ts";

/** What of a request the targets' own requests are made from. */
export interface RequestFacts {
  readonly method: string;
  /** Query string with its question mark, the gateway's key taken out; empty when there is none. */
  readonly search: string;
  readonly headers: HeaderFields;
  /** Header fields that carried a gateway key. */
  readonly keyHeaders: ReadonlySet<string>;
  /** The body as it came, decompressed; a stream where it is passed on unread; null when there is none. */
  readonly body: Buffer | ReadableStream<Uint8Array> | null;
  /** What was read in the body, where it is JSON that the gateway understands. */
  readonly fields: RequestFields | null;
  /** The model or route that is asked for: the path's, the body's, or the one that was chosen in its place; null for none. */
  readonly model: string | null;
  /** Whether the gateway chose it. */
  readonly isModelChosen: boolean;
  /** Whether it is a copy of another request, which the gateway sends to this model too. */
  readonly isMirrored?: boolean;
  /** The gateway key that asks, by its id, and its name. */
  readonly owner: string;
  readonly ownerName: string;
  /** What the request says that it belongs to. */
  readonly tracking: Tracking | null;
  /** What requests of one kind have in common, for whatever learns from them: the template version; "" where there is none. */
  readonly kind: string;
  /** Whether nothing may be lost in a conversion. */
  readonly strict: boolean;
  /** The length that the client stated for a body that is a stream. */
  readonly contentLength: string | null;
  /** The same with what the body refers to in its place, for a target that is converted to; absent where it is the same. */
  readonly whole?: RequestFacts;
  readonly traceparent: string;
  readonly tracestate: string | null;
}
