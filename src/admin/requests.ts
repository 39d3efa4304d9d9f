import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import { FILTER_FIELDS, oneOf, toFilter } from "../records/filter.ts";
import type { RequestRecord } from "../records/record.ts";
import { RECORD_ORDERS } from "../storage/record-store.ts";
import { feedbackJson, feedbackShape } from "./feedback-shape.ts";
import { cursorShape, listPage, pageFields } from "./list-page.ts";
import { requestJson, requestShape } from "./request-shape.ts";
import { type AdminParts, jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const pageShape = named(
  "RequestPage",
  z.object({
    requests: z
      .array(requestShape)
      .describe(
        "Of a page; few or none may stand before others, since bodies are searched for a bounded time.",
      ),
    cursor: cursorShape,
  }),
);

const detailShape = named(
  "RequestDetail",
  z.object({
    request: requestShape,
    feedback: z.array(feedbackShape).describe("On this request; the newest 1,000, oldest first."),
  }),
);

const bodyShape = named(
  "Body",
  z
    .object({
      bytes: z.int(),
      encoding: z.enum(["utf-8", "base64"]),
      data: z.string().describe("Text as it is, anything else as base64."),
    })
    .describe("A body as the client sent or got it."),
);

const bodiesShape = named(
  "Bodies",
  z.object({
    id: z.string(),
    kept: z.boolean().describe("Whether anything was kept, which `records` in the configuration decides."),
    cut: z.boolean().describe("Whether either was cut off at the limit."),
    request: bodyShape.nullable(),
    response: bodyShape.nullable(),
  }),
);

/** The `{id}` of paths about one request. */
export const REQUEST_ID = z.strictObject({
  id: z.string().min(1).max(500).describe("Of the record, or `request_id` (of several the newest)."),
});

export const listRequests = jsonRoute({
  method: "GET",
  path: "/admin/requests",
  id: "listRequests",
  summary: "Finished requests, page by page.",
  params: z.strictObject({}),
  query: z.strictObject({
    ...FILTER_FIELDS,
    order: oneOf(RECORD_ORDERS).default("newest").describe("What comes first."),
    ...pageFields({ of: "Requests", limit: 50, most: 1000 }),
  }),
  body: null,
  answer: pageShape,
  async handle({ query }, { storage }) {
    const { records, cursor } = await listPage(storage.records, toFilter(query), query);
    return { requests: records.map(requestJson), cursor };
  },
});

export const showRequest = jsonRoute({
  method: "GET",
  path: "/admin/requests/{id}",
  id: "showRequest",
  summary: "One request with its attempts, its losses and the feedback on it.",
  params: REQUEST_ID,
  query: z.strictObject({}),
  body: null,
  answer: detailShape,
  async handle({ params }, { storage }) {
    const record = await recordOf(params.id, storage);
    const feedback = await fromStorage(storage.feedback.forTarget("request", record.requestId));
    return { request: requestJson(record), feedback: feedback.map(feedbackJson) };
  },
});

export const showBodies = jsonRoute({
  method: "GET",
  path: "/admin/requests/{id}/bodies",
  id: "showBodies",
  summary: "What was sent and answered, as far as it was kept.",
  params: REQUEST_ID,
  query: z.strictObject({}),
  body: null,
  answer: bodiesShape,
  async handle({ params }, { storage }) {
    const { id } = await recordOf(params.id, storage);
    const bodies = await fromStorage(storage.records.bodies(id));
    return {
      id,
      kept: bodies !== null,
      cut: bodies?.cut ?? false,
      request: bodyJson(bodies?.request ?? null),
      response: bodyJson(bodies?.response ?? null),
    };
  },
});

/** Throws not_found. */
async function recordOf(id: string, storage: AdminParts["storage"]): Promise<RequestRecord> {
  const record = await fromStorage(storage.records.get(id));
  if (record !== null) return record;
  throw new GatewayError("not_found", `No request is recorded under "${id.slice(0, 100)}".`);
}

function bodyJson(body: Uint8Array | null): z.output<typeof bodyShape> | null {
  if (body === null) return null;
  const { buffer, byteOffset, length } = body;
  const bytes = Buffer.from(buffer, byteOffset, length);
  const text = bytes.toString("utf8");
  // What is no UTF-8 holds replacement characters, and is longer or shorter when it is written again.
  const isText = !text.includes("\ufffd") && !text.includes("\0");
  return isText
    ? { bytes: length, encoding: "utf-8", data: text }
    : { bytes: length, encoding: "base64", data: bytes.toString("base64") };
}
