import { authenticate } from "../auth/authenticate.ts";
import type { KeyRing } from "../auth/key-ring.ts";
import { toGatewayError } from "../exchange/errors.ts";
import { openaiError } from "../formats/openai-error.ts";
import type { Logger } from "../lib/logger.ts";
import { splitUrl } from "../lib/request-url.ts";
import type { Handler } from "../server/http-server.ts";
import type { SocketTalk, WebSocketDoor } from "../server/web-sockets.ts";
import { ResponsesTalk } from "./socket-talk.ts";

export interface ResponsesSocketOptions {
  readonly handle: Handler;
  readonly logger: Logger;
  readonly ring: KeyRing;
  /** Bytes of the longest message, as of a request's body. */
  readonly maxMessageBytes: number;
  /** Milliseconds that a client may leave what was sent to it unread. */
  readonly stallTimeout: number;
  /** Milliseconds after which a connection is to be made anew; OpenAI's 60 minutes unless told otherwise. */
  readonly maxAge?: number;
}

const MAX_AGE_MS = 3_600_000;

/**
 * The Responses API over a WebSocket, at the path where it takes requests. A client needs a key to open one, and each of
 * its requests is checked again, so that a key which is revoked ends what an open connection may do.
 */
export function responsesSocket(options: ResponsesSocketOptions): WebSocketDoor {
  const { handle, logger, ring, maxMessageBytes, stallTimeout, maxAge = MAX_AGE_MS } = options;
  return {
    path: "/v1/responses",
    maxMessageBytes,
    stallTimeout,
    accept(request): SocketTalk | Response {
      const { search } = splitUrl(request.url);
      try {
        authenticate(ring, request.headers.toJSON(), search, Date.now());
      } catch (error) {
        const refusal = toGatewayError(error);
        const init = { status: refusal.status, headers: refusal.headers ?? {} };
        return Response.json({ error: openaiError(refusal) }, init);
      }
      return new ResponsesTalk({
        handle,
        logger,
        maxAge,
        asker: { headers: new Headers(request.headers), search },
      });
    },
  };
}
