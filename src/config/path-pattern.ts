/**
 * The paths of `endpoints`, as AMP Server's file and its users write them.
 *
 *     /v1/chat/completions                     exact
 *     /v1beta/models/{model}:generateContent   {name}: one segment, without a literal suffix that begins with ":"
 *     /v1beta/{*rest}      /v1beta/*           the rest, at least one character, slashes included; `*` names it "rest"
 *
 * Of two patterns that match a path the more specific one serves it: segment by segment from the left, literal before
 * `{name}:suffix` (the longer suffix first) before `{name}` before the rest. Only patterns of the same shape tie.
 */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  /** `suffix` is "" or begins with ":". */
  | { readonly kind: "param"; readonly name: string; readonly suffix: string }
  | { readonly kind: "rest"; readonly name: string };

export interface PathPattern {
  /** One for each part between slashes: `/a/b` has two, `/` has one that is the literal "". */
  readonly segments: readonly Segment[];
}

const PARAM = /^\{([A-Za-z_][A-Za-z0-9_]*)\}(:[^{}*]+)?$/;
const REST = /^\{\*([A-Za-z_][A-Za-z0-9_]*)\}$/;

/** Parses a path that starts with "/"; otherwise says what was expected, to stand after "expected". */
export function parsePathPattern(path: string): PathPattern | { readonly error: string } {
  if (!path.startsWith("/")) return { error: 'a path that starts with "/"' };
  const segments: Segment[] = [];
  const parts = path.slice(1).split("/");
  for (const [index, part] of parts.entries()) {
    const segment = parseSegment(part, index === parts.length - 1);
    if ("error" in segment) return segment;
    if (
      segment.kind !== "literal" &&
      segments.some((other) => other.kind !== "literal" && other.name === segment.name)
    ) {
      return { error: `each name once; {${segment.name}} stands there twice` };
    }
    segments.push(segment);
  }
  return { segments };
}

function parseSegment(part: string, isLast: boolean): Segment | { readonly error: string } {
  const rest = part === "*" ? "rest" : REST.exec(part)?.[1];
  if (rest !== undefined) {
    return isLast ? { kind: "rest", name: rest } : { error: "`*` and `{*rest}` only as the last segment" };
  }
  const param = PARAM.exec(part);
  if (param !== null) return { kind: "param", name: param[1] ?? "", suffix: param[2] ?? "" };
  if (part.includes("*")) return { error: "`*` and `{*rest}` only as a whole segment, the last one" };
  if (/[{}]/.test(part))
    return { error: "`{name}` only as a whole segment, or followed by a literal such as `:generateContent`" };
  if (part === "." || part === "..")
    return { error: 'a path without "." and ".." (clients resolve them before they send)' };
  if (part === "" && !isLast) return { error: 'a path without "//"' };
  return { kind: "literal", text: part };
}

/** The same for two patterns exactly when they match the same paths with the same rank; names do not count. */
export function patternShape(pattern: PathPattern): string {
  return pattern.segments
    .map((segment) => {
      if (segment.kind === "literal") return `/${segment.text}`;
      return segment.kind === "param" ? `/{}${segment.suffix}` : "/{*}";
    })
    .join("");
}

/** The name of the pattern's rest, when it ends in one. */
export function restName(pattern: PathPattern): string | undefined {
  const last = pattern.segments.at(-1);
  return last?.kind === "rest" ? last.name : undefined;
}
