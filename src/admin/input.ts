import type { z } from "zod";
import { GatewayError } from "../exchange/errors.ts";
import type { Route } from "./route.ts";

const MAX_BODY = 64 * 1024;

/** Segments of the path, the query string and the body as they came. */
export interface RawInput {
  readonly params: Readonly<Record<string, string>>;
  readonly search: string;
  readonly body: Buffer | ReadableStream<Uint8Array> | null;
}

/**
 * What a route takes, checked. Throws invalid_request, which names every parameter that is wrong, malformed_body or
 * body_too_large.
 */
export function readInput(route: Route, raw: RawInput): object {
  const wrong: Wrong[] = [];
  const params = check(route.params, raw.params, "", wrong);
  const query = check(route.query, queryOf(raw.search, wrong), "", wrong);
  const body =
    route.body === null ? null : check(route.body, readBody(raw.body, route.maxBody), "body.", wrong);
  if (wrong.length > 0) {
    throw new GatewayError("invalid_request", wrong.map(({ message }) => message).join(" "), {
      param: wrong[0]!.param,
    });
  }
  return { params, query, body };
}

interface Wrong {
  readonly param: string;
  readonly message: string;
}

function queryOf(search: string, wrong: Wrong[]): Record<string, string> {
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) {
    if (Object.hasOwn(query, name))
      wrong.push({ param: name, message: `\`${shown(name)}\` is given twice.` });
    else if (value.trim() === "") wrong.push({ param: name, message: `\`${shown(name)}\` has no value.` });
    query[name] = value;
  }
  return query;
}

function readBody(body: RawInput["body"], most = MAX_BODY): unknown {
  if (body === null) return {};
  if (!(body instanceof Buffer) || body.length > most)
    throw new GatewayError("body_too_large", `The body may have ${most / 1024} KB.`);
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw new GatewayError("malformed_body", "The request body is not valid JSON.");
  }
}

/** The checked value; what is wrong with it is put down. */
function check(schema: z.ZodObject, value: unknown, prefix: string, wrong: Wrong[]): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) {
    if (issue.code === "unrecognized_keys") {
      const within = issue.path.length > 0;
      const known = within ? "" : `; known: ${Object.keys(schema.shape).join(", ") || "none"}`;
      for (const name of issue.keys) {
        const param = prefix + [...issue.path, name].join(".");
        wrong.push({ param, message: `There is no \`${shown(param)}\`${known}.` });
      }
      continue;
    }
    // Lists stand as one text in a query: which of its items it is, the message says.
    const path = prefix === "" ? issue.path.slice(0, 1) : issue.path;
    const param = prefix + path.join(".");
    wrong.push({
      param: param === "body." ? "body" : param,
      message: `\`${shown(param.replace(/\.$/, ""))}\`: ${issue.message}.`,
    });
  }
  return null;
}

function shown(name: string): string {
  return name.replace(/\p{C}/gu, "�").slice(0, 100);
}
