import { expect } from "bun:test";
import type { z } from "zod";
import type { JsonRoute } from "../../src/admin/route.ts";
import { ROUTES } from "../../src/admin/table.ts";
import type { AdminSetup } from "./admin-room.ts";
import { type Schema, SchemaChecker } from "./json-schema.ts";

interface Operation {
  readonly responses: Readonly<Record<string, { content: Record<string, { schema: Schema }> }>>;
}
interface Description {
  readonly components: { readonly schemas: Record<string, Schema> };
  readonly paths: Record<string, Record<string, Operation>>;
}

/** Asks routes that answer JSON, and remembers which were asked. */
export class AnswerChecker {
  readonly #asked = new Set<string>();

  /** Asks, and holds the answer against the route's own schema and against the published description. */
  async ask<A extends z.ZodType>(
    admin: AdminSetup,
    route: JsonRoute<A>,
    url: string,
    body?: unknown,
  ): Promise<z.output<A>> {
    const { method, path, answer, id } = route;
    this.#asked.add(id);
    const description = (await admin.ask("GET", "/openapi.json")).json as Description;
    const { json, status, error, trace } = await admin.ask(method, url, body);
    if (error !== null) throw error;
    expect([trace.door, status]).toEqual([path, answer.status]);
    // A member that the schema does not know would be missing here.
    expect<unknown>(answer.schema.parse(json)).toEqual(json);
    const operation = description.paths[path]?.[method.toLowerCase()];
    const schema = operation?.responses[answer.status]?.content["application/json"]?.schema;
    expect(new SchemaChecker(description.components.schemas).check(json, schema!)).toEqual([]);
    return json;
  }

  /** Fails unless all routes of these paths that answer JSON were asked, and no other. */
  expectAll(isMeant: (path: string) => boolean): void {
    const meant = ROUTES.filter(({ answer, path }) => answer.kind === "json" && isMeant(path));
    expect([...this.#asked].toSorted()).toEqual(meant.map(({ id }) => id).toSorted());
  }
}
