import { Deadlines } from "../../lib/deadlines.ts";
import { EditedBytes } from "../../lib/edited-bytes.ts";
import type { Presence } from "../../lib/presence.ts";
import { HttpClient } from "./client.ts";
import type { HttpResponse } from "./exchange.ts";
import { originOf } from "./origin.ts";
import type { HttpRequest } from "./request.ts";

/** For tests: timeouts that are met within 10 ms. */
export const deadlines = new Deadlines(10);

export const client = new HttpClient({ deadlines });

/** A client that leaves when it is told to. */
export class TestPresence implements Presence {
  gone = false;
  onGone: (() => void) | null = null;

  leave(): void {
    this.gone = true;
    this.onGone?.();
  }
}

/** A body as it is. */
export const plain = (bytes: Buffer) => new EditedBytes(bytes, []);

/** A request to `url` with generous limits. */
export function requestTo(url: string, over: Partial<HttpRequest> = {}): HttpRequest {
  const { pathname, search } = new URL(url);
  return {
    origin: originOf(new URL(url)),
    method: "GET",
    target: pathname + search,
    headerLines: "",
    body: null,
    connectTimeout: 5000,
    timeout: 10_000,
    totalAt: performance.now() + 20_000,
    presence: new TestPresence(),
    ...over,
  };
}

/** The whole body as text. */
export async function textOf(response: HttpResponse): Promise<string> {
  return Buffer.from((await response.bytes(Number.MAX_SAFE_INTEGER))!).toString();
}
