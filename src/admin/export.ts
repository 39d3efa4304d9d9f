import { z } from "zod";
import { FILTER_FIELDS, oneOf, toFilter } from "../records/filter.ts";
import type { RequestRecord } from "../records/record.ts";
import { EXPORT_FORMATS, type ExportFormat, exportHead, exportLines, exportPages } from "./export-rows.ts";
import { listPage } from "./list-page.ts";
import { streamRoute } from "./route.ts";

const TYPES: Readonly<Record<ExportFormat, string>> = {
  jsonl: "application/jsonl",
  csv: "text/csv; charset=utf-8",
};

export const exportRequests = streamRoute({
  method: "GET",
  path: "/admin/export",
  id: "exportRequests",
  summary: "All requests that are meant, oldest first, as a stream of lines.",
  params: z.strictObject({}),
  query: z.strictObject({
    ...FILTER_FIELDS,
    format: oneOf(EXPORT_FORMATS).default("jsonl").describe("jsonl: a Request on each line; csv: a table."),
  }),
  body: null,
  types: ["application/jsonl", "text/csv"],
  description: "Lines, each with one request. A stream that breaks off is not whole.",
  async handle({ query }, { storage, logger }) {
    const { format } = query;
    const filter = toFilter(query);
    const pages = exportPages((page) => listPage(storage.records, filter, page));
    // A storage that is gone is told before anything is sent.
    const first = await pages.next();
    const type = TYPES[format];
    const onFailure = (error: unknown) => logger.error("An export was broken off", { error });
    return new Response(streamOf(format, first, pages, onFailure), {
      headers: { "content-type": type, "content-disposition": `attachment; filename="requests.${format}"` },
    });
  },
});

/** The next page is asked for when the client has taken the one before. */
function streamOf(
  format: ExportFormat,
  first: IteratorResult<readonly RequestRecord[]>,
  pages: AsyncGenerator<readonly RequestRecord[]>,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let next: IteratorResult<readonly RequestRecord[]> | null = first;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const head = exportHead(format);
        if (head !== "") controller.enqueue(encoder.encode(head));
      },
      async pull(controller) {
        try {
          const page = next ?? (await pages.next());
          next = null;
          if (page.done === true) controller.close();
          else controller.enqueue(encoder.encode(exportLines(page.value, format)));
        } catch (error) {
          onFailure(error);
          throw error;
        }
      },
      async cancel() {
        await pages.return(undefined);
      },
    },
    { highWaterMark: 1 },
  );
}
