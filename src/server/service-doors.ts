import { splitUrl } from "../lib/request-url.ts";

/** A door that needs no key and reaches nothing: health, metrics, the front page. Answers GET and HEAD. */
export type ServiceDoors = Readonly<Record<string, () => Response | Promise<Response>>>;

/** Answers the service doors, and hands everything else to `next`. */
export function withServiceDoors(
  doors: ServiceDoors,
  next: (request: Request) => Promise<Response>,
): (request: Request) => Response | Promise<Response> {
  const paths = new Map(Object.entries(doors));
  return (request) => {
    const door = paths.get(splitUrl(request.url).path);
    if (door === undefined) return next(request);
    if (request.method === "GET" || request.method === "HEAD") return door();
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD" } });
  };
}
