import type { Operation } from "../exchange/formats.ts";
import { withParameters } from "../formats/templated.ts";
import type { Target } from "../upstream/target.ts";
import type { FormatCall } from "./converted.ts";
import type { Door } from "./doors.ts";
import type { PlannedTargets } from "./planned-targets.ts";
import { PROVIDER_RESPONSES } from "./plans.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Resolution } from "./resolution.ts";
import type { FoundRoute, Routes } from "./routes.ts";

/** Targets of one request: who waits for more has gone. */
const MOST_TRIED = 12;
/** Calls that a route's parameters, such as `temperature`, are for: others refuse what they do not know. */
const PARAMETRIC: ReadonlySet<Operation> = new Set(["generate", "completions"]);

/** The targets of a request that names a route. Throws as `Routes.choose`, and as `decide` where no target can serve the call. */
export function resolveRoute(
  found: FoundRoute,
  door: Door,
  facts: RequestFacts,
  { routes, targets: all }: { readonly routes: Routes; readonly targets: PlannedTargets },
): Resolution {
  const call = door.call as FormatCall;
  const decision = routes.choose(found, call, facts);
  const { former } = decision;
  const takesParameters = PARAMETRIC.has(call.operation);
  const possible = plannable(decision.targets.slice(0, MOST_TRIED), (chosen) => ({
    planned: all.named(chosen.target.name, door),
    parameters: takesParameters ? routes.parametersOf(chosen) : null,
  }));
  // A target that counts is asked before the gateway estimates.
  const able = possible.filter(({ planned }) => planned.decision.kind !== "count");
  const asked = able.length > 0 ? able : possible;
  const convertible = all.convertible(call, facts);
  const targets = asked.map(({ planned, parameters }) => {
    const target = all.target(planned, call, facts, convertible, former);
    if (parameters === null) return target;
    return preparedAs(target, () => {
      const own = withParametersOf(call, facts, parameters);
      return all.target(planned, call, own, all.convertible(call, own), former);
    });
  });
  return {
    route: found.route.name,
    targets,
    responseFilter: asked.length === 1 ? asked[0]!.planned.plan.responseFilter : PROVIDER_RESPONSES,
    counted: able.length === 0 ? convertible : null,
    decision,
    fallback: found.fallback,
    deadline: found.config.deadline === undefined ? null : found.config.deadline * 1000,
  };
}

/** The same target, whose request another one makes. That is made when it is asked: of several targets few are. */
function preparedAs(target: Target, make: () => Target): Target {
  let made: Target | null = null;
  return {
    ...target,
    prepare() {
      made ??= make();
      return made.prepare();
    },
  };
}

/** The request with parameters that its target's route adds. */
function withParametersOf(
  { format }: FormatCall,
  facts: RequestFacts,
  parameters: Readonly<Record<string, unknown>>,
): RequestFacts {
  const { body, fields, whole } = facts;
  if (!Buffer.isBuffer(body) || fields === null) return facts;
  const own = { ...facts, fields: withParameters(body, fields, format, parameters) };
  if (whole === undefined || !Buffer.isBuffer(whole.body) || whole.fields === null) return own;
  const wholeFields = withParameters(whole.body, whole.fields, format, parameters);
  return { ...own, whole: { ...whole, fields: wholeFields } };
}

/** Targets that can serve the call; where none can, the first one's reason is thrown. */
function plannable<T, U>(targets: readonly T[], plan: (target: T) => U): U[] {
  const planned: U[] = [];
  let reason: unknown;
  for (const target of targets) {
    try {
      planned.push(plan(target));
    } catch (error) {
      reason ??= error;
    }
  }
  if (planned.length === 0) throw reason;
  return planned;
}
