import type { z } from "zod";
import type { EnvironmentKey } from "../auth/environment-keys.ts";
import type { KeyIdentity, KeyRing } from "../auth/key-ring.ts";
import type { Problem } from "../config/problems.ts";
import type { ExperimentDesk } from "../experiments/desk.ts";
import type { Logger } from "../lib/logger.ts";
import type { PromptCatalogue } from "../prompts/catalogue.ts";
import type { RouteDesk } from "../routing/route-desk.ts";
import type { Router } from "../routing/router.ts";
import type { Storage } from "../storage/interface.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import type { LiveTail } from "./live-tail.ts";

/** How the configuration in force came to be. */
export interface ConfigStatus {
  /** Absolute path; null where there is no file. */
  readonly file: string | null;
  /** Unix milliseconds at which the configuration in force was taken over. */
  readonly loadedAt: number;
  readonly warnings: readonly Problem[];
  /** The last change that was refused, if it was made after that. */
  readonly refused: { readonly at: number; readonly problems: readonly Problem[] } | null;
}

/** What the management API tells of and acts on. */
export interface AdminParts {
  readonly storage: Pick<Storage, "records" | "feedback" | "keys">;
  readonly prompts: PromptCatalogue;
  readonly experiments: ExperimentDesk;
  readonly routes: RouteDesk;
  /** Takes over in this process, at once, what was changed of prompts, experiments and routes. */
  readonly follow: () => Promise<void>;
  readonly ring: KeyRing;
  readonly environmentKeys: readonly Pick<EnvironmentKey, "id" | "name">[];
  readonly upstreams: Upstreams;
  readonly tail: LiveTail;
  readonly logger: Logger;
  readonly configStatus: () => ConfigStatus;
  readonly version: string;
}

/** One call's surroundings. */
export interface AdminContext extends AdminParts {
  readonly router: Router;
  readonly caller: KeyIdentity;
}

/** What a route answers: JSON of a schema, or a stream whose bytes only the content type describes. */
export type RouteAnswer =
  | JsonAnswer<z.ZodType>
  | { readonly kind: "stream"; readonly types: readonly string[]; readonly description: string };

interface JsonAnswer<A extends z.ZodType> {
  readonly kind: "json";
  readonly status: 200 | 201;
  readonly schema: A;
}

/** A path of the management API: how it is described, what it takes, and what it does. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `{name}` stands for one segment, percent-encoded. */
  readonly path: string;
  /** Unique name of the operation. */
  readonly id: string;
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  readonly body: z.ZodObject | null;
  /** Bytes that the body may have; 64 KB where it is absent. */
  readonly maxBody?: number;
  readonly answer: RouteAnswer;
  /** Called with what was checked. Rejects with a GatewayError or a StorageError. */
  readonly handle: (input: never, context: AdminContext) => Promise<unknown>;
}

/** One whose answer's type is known. */
export type JsonRoute<A extends z.ZodType> = Route & { readonly answer: JsonAnswer<A> };

interface Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject | null> {
  readonly method: Route["method"];
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly maxBody?: number;
}

interface Input<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject | null> {
  readonly params: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: B extends z.ZodObject ? z.output<B> : null;
}

/** A route that answers JSON: what `handle` returns is what the answer's schema says. */
export function jsonRoute<
  P extends z.ZodObject,
  Q extends z.ZodObject,
  B extends z.ZodObject | null,
  A extends z.ZodType,
>(
  definition: Definition<P, Q, B> & {
    readonly status?: 201;
    readonly answer: A;
    readonly handle: (input: Input<P, Q, B>, context: AdminContext) => Promise<z.output<A>>;
  },
): JsonRoute<A> {
  const { status = 200, answer, ...route } = definition;
  return { ...route, answer: { kind: "json", status, schema: answer } };
}

/** A route that answers with a stream. */
export function streamRoute<P extends z.ZodObject, Q extends z.ZodObject>(
  definition: Definition<P, Q, null> & {
    readonly types: readonly string[];
    readonly description: string;
    readonly handle: (input: Input<P, Q, null>, context: AdminContext) => Promise<Response>;
  },
): Route {
  const { types, description, ...route } = definition;
  return { ...route, answer: { kind: "stream", types, description } };
}
