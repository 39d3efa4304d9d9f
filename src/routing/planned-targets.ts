import type { Config } from "../config/schema.ts";
import type { SealStash } from "../conversion/seals.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { joinBase } from "../providers/url.ts";
import type { Target } from "../upstream/target.ts";
import { type ConversionRule, type Decision, decide, readRules, ruledFormat } from "./conversions.ts";
import { ConvertibleCall, type FormatCall, isFormatCall, nativePath } from "./converted.ts";
import { isPlainPath } from "./converted-paths.ts";
import type { Door } from "./doors.ts";
import { chooseModel } from "./models.ts";
import type { ProviderPlan } from "./plans.ts";
import type { Provider, Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { TargetMaker } from "./target-maker.ts";

/** What a model's name means at one door. */
export interface PlannedTarget {
  readonly plan: ProviderPlan;
  readonly model: string;
  readonly decision: Decision;
}

const MAX_REMEMBERED = 1000;
/** Clients choose names: a longer one is no model's, and not worth the memory. */
const MAX_REMEMBERED_LENGTH = 200;

/** Models of providers, and in which format each is asked: what becomes of a call to one of them. */
export class PlannedTargets {
  readonly rules: readonly ConversionRule[];
  readonly #config: Config;
  readonly #providers: Providers;
  readonly #maker: TargetMaker;
  readonly #stash: SealStash;
  readonly #plans: ReadonlyMap<Provider, ProviderPlan>;
  /** What models' names were resolved to, by door: few pairs make up all of the traffic. */
  readonly #choices = new WeakMap<Door, Map<string, PlannedTarget>>();

  constructor(config: Config, providers: Providers, maker: TargetMaker, stash: SealStash) {
    this.rules = readRules(config);
    this.#config = config;
    this.#providers = providers;
    this.#maker = maker;
    this.#stash = stash;
    const all = [...new Set(providers.byName.values())];
    this.#plans = new Map(all.map((provider) => [provider, maker.plan(provider)]));
  }

  /** Those that are switched on. */
  get providers(): Iterable<Provider> {
    return this.#plans.keys();
  }

  planOf(provider: Provider): ProviderPlan {
    return this.#plans.get(provider)!;
  }

  /** What a model's name means at a door. Throws as `chooseModel` and `decide`. */
  named(name: string, door: Door): PlannedTarget {
    let byName = this.#choices.get(door);
    if (byName === undefined) {
      byName = new Map();
      this.#choices.set(door, byName);
    }
    const known = byName.get(name);
    if (known !== undefined) return known;
    const planned = this.#plan(name, door);
    if (byName.size < MAX_REMEMBERED && name.length <= MAX_REMEMBERED_LENGTH) byName.set(name, planned);
    return planned;
  }

  /** What is not one of the calls that the gateway reads, or stands under a path of the provider's own, passes as it is. */
  atOwnDoor(
    door: Door & { kind: "provider" },
    path: string,
    provider: Provider,
    model: string | null,
  ): Decision {
    const { call } = door;
    if (!isFormatCall(call)) return { kind: "native" };
    const ruled = ruledFormat(this.rules, call, path, provider, model);
    if (ruled !== null) return decisionFor(ruled, call);
    if (provider.formats[call.format] !== undefined || !isPlainPath(door.rest)) return { kind: "native" };
    return decide(call, provider, model ?? "", true);
  }

  /** Null where the call's format is not known. */
  convertible(call: Call, facts: RequestFacts): ConvertibleCall | null {
    return isFormatCall(call) ? new ConvertibleCall(call, facts.whole ?? facts, this.#stash) : null;
  }

  /** `former` is the target that served the conversation until now; null where that is not known. */
  target(
    { plan, model, decision }: PlannedTarget,
    call: FormatCall,
    facts: RequestFacts,
    convertible: ConvertibleCall | null,
    former: string | null = null,
  ): Target {
    const isNewcomer = former !== null && !former.startsWith(`${plan.provider.name}/`);
    const holdsSeals = isNewcomer && decision.kind === "native" && convertible?.mayHoldSeals === true;
    const taken = unsealed(decision, call, facts, holdsSeals);
    if (taken.kind === "convert" && convertible !== null)
      return this.#maker.converted(plan, { format: taken.to, model, isNewcomer }, convertible, facts);
    const path = joinBase(plan.basePath, plan.provider.formats[call.format] + nativePath(call, model));
    return this.#maker.native(plan, { path, model, rename: model, call }, facts);
  }

  #plan(name: string, door: Door): PlannedTarget {
    const { provider, model } = chooseModel(name, this.#config, this.#providers);
    const ruled = ruledFormat(this.rules, door.call, door.name, provider, model);
    const decision =
      ruled === null
        ? decide(door.call as FormatCall, provider, model, false)
        : decisionFor(ruled, door.call);
    return { plan: this.planOf(provider), model, decision };
  }
}

function decisionFor(format: Format, call: Call): Decision {
  return format === call.format ? { kind: "native" } : { kind: "convert", to: format };
}

/**
 * A body that holds a seal of another API, or of a provider whose conversation another one takes over, is read and written
 * anew without it, also in its own format.
 */
export function unsealed(decision: Decision, call: Call, facts: RequestFacts, holdsSeals = false): Decision {
  if (decision.kind !== "native" || call.operation !== "generate" || call.format === null) return decision;
  return holdsSeals || facts.fields?.sealed === true ? { kind: "convert", to: call.format } : decision;
}
