import type { Trace } from "../records/trace.ts";

/** What the gateway knows of a request that it makes itself, beside what stands in it. */
export interface InnerFacts {
  /** What was made of its templates before it was made. */
  readonly filled?: Pick<Trace, "templates" | "decisions">;
  /** Of a copy of a request: the model or route that is asked in place of the one that it names. */
  readonly mirroredTo?: string;
}

const known = new WeakMap<Request, InnerFacts>();
const NOTHING: InnerFacts = {};

/** Says of a request what only the gateway can say. */
export function noteInner(request: Request, facts: InnerFacts): void {
  known.set(request, facts);
}

/** Nothing for a request from outside. */
export function innerFacts(request: Request): InnerFacts {
  return known.get(request) ?? NOTHING;
}
