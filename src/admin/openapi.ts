import { z } from "zod";
import type { ErrorCode } from "../exchange/errors.ts";
import type { Route } from "./route.ts";
import { SHAPES } from "./shape-parts.ts";
import { ROUTES } from "./table.ts";

type Json = { readonly [name: string]: unknown };

const REF = "#/components/schemas/";

/** Answers that any route may give, by status, with the code of the error. */
const ERRORS: readonly (readonly [string, ErrorCode, string])[] = [
  ["400", "invalid_request", "Something of what was sent is wrong; the message names it."],
  ["401", "invalid_api_key", "No valid gateway key was sent."],
  ["403", "permission_denied", "The key may not use the management API."],
  ["503", "storage_unavailable", "The database cannot be asked at the moment."],
];
const NOT_FOUND = ["404", "not_found", "There is none of this id."] as const;
const CONFLICT = ["409", "conflict", "It cannot be done as things are; the message says why."] as const;
const TOO_LARGE = [
  "413",
  "body_too_large",
  "The body is larger than this call takes; most take 64 KB.",
] as const;

/** The OpenAPI 3.1 description of the management API; `version` is the gateway's. */
export function openApi(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of ROUTES) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Amsterdam management API",
      version,
      description:
        "What the gateway recorded, and what it is made of. It needs a gateway key with the scope `admin`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    // Wherever this description is.
    servers: [{ url: "/" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    paths,
    components: {
      schemas: { ...schemas(), Error: errorSchema() },
      responses: Object.fromEntries(
        [...ERRORS, NOT_FOUND, CONFLICT, TOO_LARGE].map(([, code, description]) => [
          code,
          errorAnswer(description),
        ]),
      ),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer" },
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
      },
    },
  };
}

function operationOf(route: Route): Json {
  const { id, summary, params, query, body } = route;
  const failures = [
    ...ERRORS,
    ...(route.path.includes("{") ? [NOT_FOUND] : []),
    ...(route.method === "GET" ? [] : [CONFLICT]),
    ...(body === null ? [] : [TOO_LARGE]),
  ];
  return {
    operationId: id,
    summary,
    parameters: [...parametersOf(params, "path"), ...parametersOf(query, "query")],
    ...(body === null ? {} : { requestBody: { content: { "application/json": { schema: refOf(body) } } } }),
    responses: {
      ...successOf(route),
      ...Object.fromEntries(
        failures.map(([status, code]) => [status, { $ref: `#/components/responses/${code}` }]),
      ),
    },
  };
}

function successOf({ answer }: Route): Json {
  if (answer.kind === "json") {
    const content = { "application/json": { schema: refOf(answer.schema) } };
    return { [String(answer.status)]: { description: answer.status === 201 ? "Made." : "Found.", content } };
  }
  const content = Object.fromEntries(answer.types.map((type) => [type, { schema: { type: "string" } }]));
  return { "200": { description: answer.description, content } };
}

/** One for each member; those of the path are always required. */
function parametersOf(schema: z.ZodObject, place: "path" | "query"): Json[] {
  const { properties, required } = plain(z.toJSONSchema(schema, { io: "input" })) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties ?? {}).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === "path" || (required ?? []).includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

/** Every answer and body has a name of its own. */
function refOf(schema: z.ZodType): Json {
  const id = SHAPES.get(schema)?.id;
  if (id === undefined) throw new Error("A schema of the management API has no name.");
  return { $ref: REF + id };
}

/** Answers are told as they leave, bodies as they come in: what has a default may be left out. */
function schemas(): Record<string, Json> {
  const bodies = new Set<string>(ROUTES.flatMap(({ body }) => (body === null ? [] : [SHAPES.get(body)!.id])));
  const uri = (id: string) => REF + id;
  const outgoing = z.toJSONSchema(SHAPES, { uri, io: "output" }).schemas;
  const incoming = z.toJSONSchema(SHAPES, { uri, io: "input" }).schemas;
  return Object.fromEntries(
    Object.keys(outgoing).map((id) => [id, plain((bodies.has(id) ? incoming : outgoing)[id] as Json)]),
  );
}

/** Without what only a file of its own needs. */
function plain(schema: object): Json {
  const { $schema: _, $id: __, ...rest } = schema as Record<string, unknown>;
  return rest;
}

function errorSchema(): Json {
  const text = { type: "string" };
  const properties = { code: text, message: text, request_id: text };
  const error = { type: "object", properties, required: ["code", "message", "request_id"] };
  return { type: "object", properties: { error }, required: ["error"] };
}

function errorAnswer(description: string): Json {
  return { description, content: { "application/json": { schema: { $ref: `${REF}Error` } } } };
}
