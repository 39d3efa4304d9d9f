import { isArray, JsonSyntaxError, type Member, readElements, readMembers, skipValue } from "./json-scan.ts";

/** Bytes [start, end) of a body. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** An object as it stands in a body: where it begins, and its members in order. */
export interface ScannedObject {
  readonly start: number;
  readonly members: readonly Member[];
}

/** The object at `at`; null where none can be read. */
export function scanObject(json: Buffer, at: number): ScannedObject | null {
  return unlessMalformed(() => ({ start: at, members: readMembers(json, at) }));
}

/** The elements of the array at `at`; null where none can be read. */
export function scanArray(json: Buffer, at: number): readonly Span[] | null {
  if (!isArray(json, at)) return null;
  return unlessMalformed(() =>
    readElements(json, at).map((start) => ({ start, end: skipValue(json, start) })),
  );
}

/** The last member of one of these names, which is the one that counts; undefined where there is none. */
export function lastMember({ members }: ScannedObject, ...names: readonly string[]): Member | undefined {
  for (let i = members.length - 1; i >= 0; i--) if (names.includes(members[i]!.key)) return members[i];
  return undefined;
}

/** What is malformed below the places that are always read is left for the upstream to refuse. */
function unlessMalformed<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return null;
    throw error;
  }
}
