import { Context, type Emitter, Output, type Template, TypeGuards, toValueSync } from "liquidjs";
import { discoverVariables } from "./discover.ts";
import { BoundedText, engine } from "./engine.ts";
import type { TextFault } from "./render-error.ts";
import { textFault } from "./text-fault.ts";

/** A text that was read as a template. */
export interface CompiledText {
  readonly templates: Template[];
  /** Names of the variables that it reads. */
  readonly variables: readonly string[];
}

/** The bounds that several texts share, taken from the first one's rendering. */
export type Bounds = Pick<Context, "memoryLimit" | "renderLimit">;

/** Reads a text as Liquid. */
export function compileText(source: string): CompiledText | TextFault {
  try {
    const templates = engine.parse(source);
    return { variables: discoverVariables(templates), templates: templates.map(withoutDetour) };
  } catch (error) {
    return textFault(error, "parse");
  }
}

/** The bounds and variables of rendering one version. The variables are copied, as `increment` writes to them. */
export function renderingContext(variables: Readonly<Record<string, unknown>>, bounds?: Bounds): Context {
  const scope: Record<string, unknown> = Object.assign(Object.create(null), variables);
  return new Context(scope, engine.options, { sync: true }, { ...bounds, liquid: engine });
}

/** What the text becomes. Values are put in as they are: braces in them mean nothing. */
export function renderText(compiled: CompiledText, context: Context): string | TextFault {
  const output = new BoundedText(context);
  try {
    toValueSync(engine.renderer.renderTemplates(compiled.templates, context, output));
    return output.buffer;
  } catch (error) {
    return textFault(error, "render");
  }
}

/** Static text and plain `{{ name }}`, most of every prompt, are written straight: the engine takes generators for them. */
function withoutDetour(template: Template): Template {
  const { token } = template;
  if (TypeGuards.isHTMLToken(token)) {
    const text = token.getContent();
    return { token, render: (_, emitter: Emitter) => emitter.write(text) };
  }
  const name = template instanceof Output ? plainName(template) : null;
  if (name === null) return template;
  const render = (context: Context, emitter: Emitter) => {
    const value: unknown = (context.environments as Record<string, unknown>)[name];
    if (typeof value === "string" && !(name in context.bottom())) emitter.write(value);
    else return template.render(context, emitter);
  };
  return { token, render };
}

/** The name of the variable that is all that the output reads; null where there is more to it. */
function plainName({ value }: Output): string | null {
  const [token, ...others] = value.initial.postfix;
  if (others.length > 0 || value.filters.length > 0 || !TypeGuards.isPropertyAccessToken(token)) return null;
  const [name, ...members] = token.props;
  if (token.variable !== undefined || members.length > 0 || !TypeGuards.isWordToken(name)) return null;
  return name.content;
}
