import { Deadlines } from "../../lib/deadlines.ts";
import { HttpClient } from "./client.ts";
import type { HttpResponse } from "./exchange.ts";
import { originOf } from "./origin.ts";
import type { HttpRequest } from "./request.ts";

/** For tests: timeouts that are met within 10 ms. */
export const deadlines = new Deadlines(10);

export const client = new HttpClient({ deadlines });

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
    ...over,
  };
}

/** The whole body as text. */
export async function textOf(response: HttpResponse): Promise<string> {
  return Buffer.from((await response.bytes(Number.MAX_SAFE_INTEGER))!).toString();
}
