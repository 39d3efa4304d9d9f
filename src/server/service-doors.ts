import { splitUrl } from "../lib/request-url.ts";
import type { Handler } from "./http-server.ts";

/** A door that needs no key and reaches nothing: health, metrics, the front page. Answers GET and HEAD. */
export type ServiceDoors = Readonly<Record<string, () => Response | Promise<Response>>>;

/** Answers the service doors, and hands everything else to `next`. */
export function withServiceDoors(doors: ServiceDoors, next: Handler): Handler {
  const paths = new Map(Object.entries(doors));
  return (request, server) => {
    const door = paths.get(splitUrl(request.url).path);
    if (door === undefined) return next(request, server);
    if (request.method === "GET" || request.method === "HEAD") return door();
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  };
}
