import { isRecord } from "../exchange/read.ts";
import type { JsonChanges } from "../lib/json-changes.ts";
import { isObject } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject, scanObject } from "../lib/scanned-json.ts";
import type { FormatModule, Parameter } from "./format.ts";
import { TEMPLATE_FIELDS } from "./place-texts.ts";
import { type RequestFields, TRACKING_FIELDS } from "./request-fields.ts";

/**
 * What no parameter sets: the conversation itself, what else the gateway decides on (the model, whether the answer is
 * streamed), and its own fields.
 */
export const NEVER_SET: ReadonlySet<string> = new Set([
  "model",
  "stream",
  "stream_options",
  "messages",
  "input",
  "instructions",
  "prompt",
  "conversation",
  "previous_response_id",
  "contents",
  "content",
  "requests",
  "generateContentRequest",
  "generate_content_request",
  "cachedContent",
  "cached_content",
  "system",
  "systemInstruction",
  "system_instruction",
  "strict",
  ...TEMPLATE_FIELDS,
  ...TRACKING_FIELDS,
]);

/**
 * Sets `fields.parameters` where the format has them, and replaces what the client set there. Names that the format's
 * table does not have are set at the top, as they are. Left out without a word: what the table says that the API has
 * not; and the conversation, the model, whether the answer is streamed, and the gateway's own fields (`NEVER_SET`).
 */
export function putParameters(
  changes: JsonChanges,
  body: Buffer,
  { root, parameters }: RequestFields,
  table: Table,
): void {
  const placed = Object.entries(parameters).flatMap(([name, value]) => placesOf(name, value, table));
  const tree: Branch = new Map();
  // A whole object comes before what is set inside it.
  for (const [parameter, value] of placed.toSorted(([a], [b]) => a.path.length - b.path.length))
    grow(tree, parameter, value);
  if (tree.size > 0) putBranch(changes, body, root, tree);
}

/** Whether a parsed body has a value, other than null, where this parameter is put. */
export function isSetIn(
  body: Readonly<Record<string, unknown>>,
  name: string,
  value: unknown,
  table: Table,
): boolean {
  return placesOf(name, value, table).some(([{ path, otherwise = [] }]) => {
    let inside: readonly unknown[] = [body];
    for (const [depth, names] of path.entries()) {
      const all = depth === path.length - 1 ? [...names, ...otherwise] : names;
      inside = inside.flatMap((object) => valuesOf(object, all));
    }
    return inside.length > 0;
  });
}

function valuesOf(object: unknown, names: readonly string[]): unknown[] {
  if (!isRecord(object)) return [];
  const values = names.map((name) => (Object.hasOwn(object, name) ? object[name] : null));
  return values.filter((value) => value !== null);
}

type Table = FormatModule["parameters"];

function placesOf(name: string, value: unknown, table: Table): (readonly [Parameter, unknown])[] {
  if (NEVER_SET.has(name) || value === undefined) return [];
  const parameter = Object.hasOwn(table, name) ? table[name]! : { path: [[name]] };
  if (parameter === null) return [];
  if (parameter.isGroup !== true || !isRecord(value)) return [[parameter, value]];
  const { path } = parameter;
  return Object.entries(value).map(([inner, part]) => {
    const known = Object.hasOwn(table, inner) ? table[inner] : null;
    const isInside = known?.path[0] === path[0] && known !== parameter;
    return [isInside && known !== null && known !== undefined ? known : { path: [...path, [inner]] }, part];
  });
}

/** Members that are to be set in one object, by the first of their names. */
type Branch = Map<string, Twig>;

interface Twig {
  readonly names: readonly string[];
  readonly otherwise: readonly string[];
  readonly write: (value: unknown, name: string) => unknown;
  readonly value: unknown;
  /** What is to be set inside; null for a value. */
  readonly inside: Branch | null;
}

const asItIs = (value: unknown) => value;

function grow(tree: Branch, { path, otherwise = [], write = asItIs }: Parameter, value: unknown): void {
  let branch = tree;
  for (const names of path.slice(0, -1)) {
    const inside = insideOf(branch.get(names[0]!));
    branch.set(names[0]!, { names, otherwise: [], write: asItIs, value: undefined, inside });
    branch = inside;
  }
  const names = path.at(-1)!;
  branch.set(names[0]!, { names, otherwise, write, value, inside: null });
}

function insideOf(twig: Twig | undefined): Branch {
  if (twig?.inside) return twig.inside;
  const branch: Branch = new Map();
  if (isRecord(twig?.value))
    for (const [name, value] of Object.entries(twig.value)) grow(branch, { path: [[name]] }, value);
  return branch;
}

function putBranch(changes: JsonChanges, body: Buffer, object: ScannedObject, branch: Branch): void {
  const change = changes.object(object);
  for (const twig of branch.values()) {
    const names = [...twig.names, ...twig.otherwise].flatMap(keysOf);
    const last = lastMember(object, ...names);
    const inner =
      twig.inside !== null && last !== undefined && isObject(body, last.start)
        ? scanObject(body, last.start)
        : null;
    if (twig.inside !== null && inner !== null) putBranch(changes, body, inner, twig.inside);
    else change.set(names, jsonOf(twig, last?.key ?? names[0]!));
  }
}

/** The keys of a scanned object by which it has a member of this name: UTF-8 is left as Latin-1, but for escapes. */
function keysOf(name: string): readonly string[] {
  const key = Buffer.from(name).toString("latin1");
  return key === name ? [name] : [name, key];
}

function jsonOf({ write, value, inside }: Twig, name: string): string {
  return inside === null ? (JSON.stringify(write(value, name)) ?? "null") : branchJson(inside);
}

function branchJson(branch: Branch): string {
  const members = [...branch].map(([name, twig]) => `${JSON.stringify(name)}:${jsonOf(twig, name)}`);
  return `{${members.join(",")}}`;
}
