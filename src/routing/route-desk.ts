import {
  definitionFindings,
  nameFindings,
  type RouteFinding,
  type RouteSurroundings,
} from "../config/checks/route-findings.ts";
import { formatPath } from "../config/paths.ts";
import { makeProblem } from "../config/problems.ts";
import type { RouteConfig } from "../config/route-schema.ts";
import type { Config } from "../config/schema.ts";
import { Refusal } from "../lib/refusal.ts";
import { KNOWN_PROVIDERS } from "../providers/catalogue.ts";
import type { KeptRoute, RouteStore } from "../storage/route-store.ts";
import type { Requirements } from "../strategies/abilities.ts";
import type { Explanation } from "../strategies/choose.ts";
import { cycleIn } from "../strategies/cycles.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import { type ForeseenRequest, foreseenFacts } from "./foreseen-request.ts";
import { noneCalled } from "./none-called.ts";
import { type TargetDetails, targetDetails } from "./route-details.ts";
import type { Router } from "./router.ts";
import { readStored, withStoredRoutes } from "./stored-routes.ts";

/** What a desk works with. */
export interface RouteDeskParts {
  readonly store: RouteStore;
  /** The configuration of the moment, without the stored routes. */
  readonly config: () => Config;
  /** The router of the moment. */
  readonly router: () => Router;
  /** Null where no requests are served, as on the command line. */
  readonly upstreams: Upstreams | null;
}

/** A route of the configuration, or a stored one. */
export interface ListedRoute {
  readonly name: string;
  readonly source: "configuration" | "stored";
  /** Null of a stored one that this version of the gateway cannot read. */
  readonly definition: RouteConfig | null;
  /** Why it does not act, in a sentence; null where it does. */
  readonly problem: string | null;
  /** Unix milliseconds; null of one of the configuration, here and below. */
  readonly updatedAt: number | null;
  /** The key's id; null also of a change on the command line. */
  readonly updatedBy: string | null;
}

export interface RouteDetails extends ListedRoute {
  readonly targets: readonly TargetDetails[];
}

/** Where a request would go. */
export interface Forecast {
  /** The alias that was asked by; null where the route's own name was. */
  readonly alias: string | null;
  readonly route: string;
  /** In the order in which they would be tried, those that are switched off left out. */
  readonly targets: readonly string[];
  readonly explanation: Explanation;
  readonly needs: Requirements;
}

/**
 * What people do with routes: those of the configuration are looked at, stored ones are also made, changed and deleted.
 * Every call rejects with a StorageError, and with a Refusal where it cannot be done.
 */
export class RouteDesk {
  readonly #parts: RouteDeskParts;

  constructor(parts: RouteDeskParts) {
    this.#parts = parts;
  }

  /** By name; and what names stand for by the configuration's aliases. */
  async list(): Promise<{
    readonly routes: readonly ListedRoute[];
    readonly aliases: Config["aliases"];
  }> {
    const config = this.#parts.config();
    const stored = await this.#parts.store.list();
    const merged = withStoredRoutes(config, stored);
    const problems = new Map(merged.refused.map((one) => [one.name, one.reason]));
    const { providers } = this.#parts.router();
    const uncalled = (name: string) => noneCalled(name, merged.config.routes, providers);
    const routes = [
      ...Object.entries(config.routes).map(
        ([name, definition]): ListedRoute => ({
          name,
          source: "configuration",
          definition,
          problem: uncalled(name),
          updatedAt: null,
          updatedBy: null,
        }),
      ),
      ...stored.map(
        (one): ListedRoute => ({
          ...one,
          source: "stored",
          definition: definitionOf(one),
          problem: problems.get(one.name) ?? shadow(one.name, config) ?? uncalled(one.name),
        }),
      ),
    ];
    return { routes: routes.toSorted((a, b) => (a.name < b.name ? -1 : 1)), aliases: config.aliases };
  }

  /** The route that acts, where the configuration and the storage have one of this name. */
  async show(name: string): Promise<RouteDetails> {
    const { routes } = await this.list();
    const named = routes.filter((route) => route.name === name);
    const shown = named.find(({ source }) => source === "configuration") ?? named[0];
    if (shown === undefined) throw none(name);
    const { router, upstreams } = this.#parts;
    return {
      ...shown,
      targets: shown.definition === null ? [] : targetDetails(name, shown.definition, router(), upstreams),
    };
  }

  /** Stores a route in the place of the stored one of its name; `made` where there was none. With what its author may not have meant. */
  async put(
    name: string,
    definition: RouteConfig,
    by: string | null,
  ): Promise<{ readonly made: boolean; readonly warnings: readonly string[] }> {
    const { store, config } = this.#parts;
    if (!NAME.test(name)) throw new Refusal("invalid", NAME_NEEDED);
    this.#refuseConfigured(name);
    const stored = await store.list();
    const routes: Record<string, RouteConfig> = Object.assign(
      Object.create(null),
      withStoredRoutes(config(), stored).config.routes,
      { [name]: definition },
    );
    const around = surroundings(config(), new Set(Object.keys(routes)));
    const findings = [...nameFindings(name, around), ...definitionFindings(definition, around)];
    const wrong = findings
      .filter(({ isWarning }) => !isWarning)
      .map((finding) => sentence(finding, definition));
    const cycle = cycleIn(new Map(Object.entries(routes).map(([route, to]) => [route, leadsTo(to)])));
    if (cycle !== null) wrong.push(`It leads back to itself: ${cycle.join(" -> ")}.`);
    if (wrong.length > 0) throw new Refusal("invalid", wrong.join(" "));
    await store.put({ name, definition, updatedAt: Date.now(), updatedBy: by });
    return {
      made: stored.every((route) => route.name !== name),
      warnings: findings.map((finding) => sentence(finding, definition)),
    };
  }

  /** Deletes a stored route. One that others lead to is refused. */
  async delete(name: string): Promise<void> {
    const stored = await this.#parts.store.list();
    if (stored.every((route) => route.name !== name)) {
      this.#refuseConfigured(name);
      throw none(name);
    }
    // What the configuration has of this name serves those that lead to it.
    const config = this.#parts.config();
    const users = Object.hasOwn(config.routes, name)
      ? []
      : stored.filter((route) => route.name !== name && leadsTo(definitionOf(route)).includes(name));
    if (users.length > 0) {
      const names = users.map((route) => `"${route.name}"`).join(", ");
      throw new Refusal("conflict", `The route "${name}" is a target of ${names}. Change that first.`);
    }
    await this.#parts.store.delete(name);
  }

  /**
   * Where a request would go now, by the name that it asks for: a route's, also with a share as in `auto:0.3`, or an
   * alias. Nothing is sent, and no strategy is told; where chance decides, it decides anew each time.
   */
  async explain(asked: string, request: ForeseenRequest): Promise<Forecast> {
    const router = this.#parts.router();
    const meant = router.aliases.of(asked);
    const name = meant ?? asked;
    const found = router.routes.find(name);
    if (found === null) throw await this.#noRoute(asked, name);
    const { call, facts } = foreseenFacts(request);
    const decision = router.routes.foresee(found, call, facts);
    const { targets, explanation } = decision;
    const off = targetDetails(found.route.name, found.config, router, null).flatMap(({ target, problem }) =>
      problem === null ? [] : { target, reason: problem },
    );
    return {
      alias: meant === null ? null : asked,
      route: found.route.name,
      targets: targets.map(({ target }) => target.name),
      explanation: { ...explanation, candidates: [...explanation.candidates, ...off] },
      needs: decision.asked.needs,
    };
  }

  async #noRoute(asked: string, name: string): Promise<Refusal> {
    if (asked !== name)
      return new Refusal("missing", `"${asked}" is an alias of "${name}", which is no route: it goes there.`);
    const { routes } = await this.list();
    const kept = routes.find((route) => route.name === name);
    if (kept === undefined) return none(name);
    const why = kept.problem ?? "It was made a moment ago; ask again.";
    return new Refusal("conflict", `The route "${name}" does not act here. ${why}`);
  }

  #refuseConfigured(name: string): void {
    if (Object.hasOwn(this.#parts.config().routes, name))
      throw new Refusal("conflict", `The route "${name}" is one of the configuration, and is changed there.`);
  }
}

/** Of up to 200 characters that can be seen, since clients write it as a model's name and headers carry it. */
const NAME = /^[^\p{C}\p{Z}]{1,200}$/u;
const NAME_NEEDED = "A route's name has 1 to 200 characters, without spaces and without control characters.";

function surroundings(config: Config, routes: ReadonlySet<string>): RouteSurroundings {
  const own = Object.entries(config.providers);
  return {
    providers: [...new Set([...KNOWN_PROVIDERS, ...own.map(([name]) => name)])],
    switchedOff: new Set(own.flatMap(([name, { enabled }]) => (enabled === false ? name : []))),
    routes,
    aliases: Object.keys(config.aliases),
  };
}

/** An alias that the configuration has got since goes before the route. */
function shadow(name: string, { aliases }: Config): string | null {
  return Object.hasOwn(aliases, name)
    ? `The configuration has an alias of this name, which requests for it follow; other routes still lead here.`
    : null;
}

function definitionOf({ definition }: KeptRoute): RouteConfig | null {
  const read = readStored(definition);
  return "route" in read ? read.route : null;
}

function leadsTo(route: RouteConfig | null): readonly string[] {
  if (route === null) return [];
  const { targets, mirror } = route;
  return mirror === undefined ? targets : [...targets, mirror.target];
}

/** `targets[1]: found "opnai/x", expected … (did you mean "openai/x"?).` */
function sentence({ path, aboutKey, details }: RouteFinding, definition: RouteConfig): string {
  const found = aboutKey ? undefined : valueAt(definition, path);
  const shown =
    details.message === undefined && details.found === undefined ? { found: JSON.stringify(found) } : {};
  const { message } = makeProblem({ file: null }, { ...details, ...shown });
  const place = formatPath(path);
  return `${place === "" ? "" : `${place}: `}${message}${/[.?]$/.test(message) ? "" : "."}`;
}

function valueAt(value: unknown, path: RouteFinding["path"]): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | undefined)?.[step], value);
}

function none(name: string): Refusal {
  return new Refusal("missing", `There is no route "${name.slice(0, 200)}".`);
}
