import { type Context, type Emitter, type FilterImplOptions, Liquid } from "liquidjs";
import {
  LimitReached,
  MAX_FILTERED_ITEMS,
  MAX_RENDER_MS,
  MAX_RENDERED_CHARS,
  MAX_SOURCE_CHARS,
  MAX_WORK,
} from "./limits.ts";

type FilterHandler = Exclude<FilterImplOptions, { readonly raw: boolean }>;

/** Those that read other files, and `liquid`, which would hide any number of tags in one. */
const REMOVED_TAGS = ["include", "render", "layout", "block", "liquid"];
/** Those that read a text as an expression, which might be a variable's, and one that answers by chance. */
const REMOVED_FILTERS = [
  "where_exp",
  "reject_exp",
  "group_by_exp",
  "has_exp",
  "find_exp",
  "find_index_exp",
  "sample",
];
/** Their first argument is the path of a member: some read it as an expression, all read it anew for each item. */
const PATH_FILTERS = new Set([
  "where",
  "reject",
  "group_by",
  "has",
  "find",
  "find_index",
  "map",
  "sum",
  "sort",
  "sort_natural",
]);
const PATH = /^[\w.-]{1,200}$/;

/**
 * Liquid for prompts: what is read but not given is an error, except in conditions and before `default`; only own
 * members of the variables are seen; nothing is escaped; no tag reads a file; time and work are bounded; times are in
 * UTC and English, so that every node renders alike.
 */
export const engine: Liquid = makeEngine();

function makeEngine(): Liquid {
  const liquid = new Liquid({
    strictVariables: true,
    strictFilters: true,
    lenientIf: true,
    ownPropertyOnly: true,
    templates: {},
    timezoneOffset: 0,
    locale: "en-US",
    parseLimit: MAX_SOURCE_CHARS,
    renderLimit: MAX_RENDER_MS,
    memoryLimit: MAX_WORK,
  });
  for (const name of REMOVED_TAGS) delete liquid.tags[name];
  for (const name of REMOVED_FILTERS) liquid.unregisterFilter(name);
  for (const [name, filter] of Object.entries(liquid.filters)) {
    liquid.registerFilter(name, bounded(filter, PATH_FILTERS.has(name)));
  }
  const renderTemplates = liquid.renderer.renderTemplates.bind(liquid.renderer);
  liquid.renderer.renderTemplates = (templates, context, emitter = new BoundedText(context)) => {
    context.memoryLimit.use(templates.length);
    return renderTemplates(templates, context, emitter);
  };
  return liquid;
}

/** The engine looks at the clock between tags only, and counts the work of some filters; this does so for each filter. */
function bounded(filter: FilterImplOptions, takesPath: boolean): FilterImplOptions {
  const handler = typeof filter === "function" ? filter : filter.handler;
  const wrapped: FilterHandler = function (value: unknown, ...args: unknown[]) {
    this.context.renderLimit.check(performance.now());
    if (takesPath && args.length > 0 && !(typeof args[0] === "string" && PATH.test(args[0]))) {
      throw new TypeError("expected the path of a member");
    }
    spend(this.context, value);
    for (const arg of args) spend(this.context, arg);
    return handler.call(this, value, ...args);
  };
  return typeof filter === "function" ? wrapped : { ...filter, handler: wrapped };
}

function spend(context: Context, value: unknown): void {
  if (typeof value === "string") context.memoryLimit.use(value.length);
  if (!Array.isArray(value)) return;
  if (value.length > MAX_FILTERED_ITEMS) {
    throw new LimitReached("limit", `a filter takes lists of at most ${MAX_FILTERED_ITEMS} items`);
  }
  context.memoryLimit.use(value.length);
}

/** Collects a text of bounded length. Engine-made ones have no bound: doubling captures would fill the memory. */
export class BoundedText implements Emitter {
  buffer = "";
  readonly #work: Context["memoryLimit"];

  constructor(context: Context) {
    this.#work = context.memoryLimit;
  }

  write(value: unknown): void {
    const text = typeof value === "string" ? value : printed(value);
    if (this.buffer.length + text.length > MAX_RENDERED_CHARS) {
      throw new LimitReached("too-long", `the text becomes longer than ${MAX_RENDERED_CHARS} characters`);
    }
    this.#work.use(text.length);
    this.buffer += text;
  }
}

/** As Liquid prints: nothing for nil, lists item after item; but objects as JSON, where Liquid has no use for them. */
function printed(value: unknown): string {
  if (typeof value === "string") return value;
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(printed).join("");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
