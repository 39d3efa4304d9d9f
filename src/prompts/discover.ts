import { type Arguments, type Template, type Token, TypeGuards, toValueSync, Value } from "liquidjs";
import { LimitReached, MAX_NESTING } from "./limits.ts";

type Argument = Arguments extends Iterable<infer Item> ? Item : never;

/**
 * Names of the variables that parsed templates read from outside, in the order of their first appearance, where a tag's
 * own conditions come before what stands in it. What a text assigns itself, and loop variables within their loop, do not
 * count. The engine has the like, which finds the line of each use by reading the source from its beginning: half a
 * minute for a large template.
 */
export function discoverVariables(templates: readonly Template[]): string[] {
  const found = new Set<string>();
  const assigned = new Set<string>();
  const loops: string[] = [];
  const read = (name: string) => {
    if (!assigned.has(name) && !loops.includes(name)) found.add(name);
  };
  const visit = (template: Template, depth: number) => {
    if (depth > MAX_NESTING) {
      throw new LimitReached("limit", `tags are nested more than ${MAX_NESTING} deep`);
    }
    for (const argument of template.arguments?.() ?? []) readArgument(argument, read);
    for (const name of template.localScope?.() ?? []) assigned.add(name.content);
    if (template.children === undefined) return;
    const own = [...(template.blockScope?.() ?? [])];
    loops.push(...own);
    for (const child of childrenOf(template)) visit(child, depth + 1);
    loops.length -= own.length;
  };
  for (const template of templates) visit(template, 1);
  return [...found];
}

function childrenOf(template: Template): readonly Template[] {
  return toValueSync(template.children!(false, true)) as unknown as readonly Template[];
}

function readArgument(argument: Argument, read: (name: string) => void): void {
  if (!(argument instanceof Value)) {
    readToken(argument, read);
    return;
  }
  for (const token of argument.initial.postfix) readToken(token, read);
  for (const filter of argument.filters) {
    for (const arg of filter.args) readToken(Array.isArray(arg) ? arg[1] : arg, read);
  }
}

function readToken(token: Token | undefined, read: (name: string) => void): void {
  if (TypeGuards.isRangeToken(token)) {
    readToken(token.lhs, read);
    readToken(token.rhs, read);
  } else if (TypeGuards.isPropertyAccessToken(token)) {
    const [root, ...members] = token.props;
    if (token.variable === undefined && root !== undefined) {
      if (TypeGuards.isWordToken(root) || TypeGuards.isQuotedToken(root)) read(root.content);
      else readToken(root, read);
    } else readToken(root, read);
    readToken(token.variable, read);
    for (const member of members) readToken(member, read);
  }
}
