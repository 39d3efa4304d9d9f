export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolated {
  readonly text: string;
  /** Whether any part came from the environment or a default; the text may then be a secret. */
  readonly substituted: boolean;
  /** Whether nothing else stood there, so that a number or a boolean may be meant. */
  readonly whole: boolean;
  readonly faults: readonly InterpolationFault[];
}

export interface InterpolationFault {
  readonly kind: "missing" | "malformed";
  /** The variable's name, or the reference as it was written. */
  readonly name: string;
}

const REFERENCE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/;

/**
 * Fills `${NAME}` and `${NAME:-default}` from the environment; the default also stands in for an empty value, as in a
 * shell. `$${` is a literal `${`. What is filled in is not looked at again, so a value cannot refer to another.
 */
export function interpolate(text: string, env: Environment): Interpolated {
  let result = "";
  let substituted = false;
  const faults: InterpolationFault[] = [];
  let position = 0;
  let whole = false;
  for (;;) {
    const start = text.indexOf("${", position);
    if (start === -1) break;
    if (start > position && text[start - 1] === "$") {
      result += `${text.slice(position, start - 1)}\${`;
      position = start + 2;
      continue;
    }
    result += text.slice(position, start);
    const reference = REFERENCE.exec(text.slice(start));
    if (reference === null) {
      faults.push({ kind: "malformed", name: text.slice(start, start + 20) });
      position = start + 2;
      continue;
    }
    const [written, name = "", fallback] = reference;
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (fallback === undefined && value === undefined) faults.push({ kind: "missing", name });
    result += fallback !== undefined && !value ? fallback : (value ?? "");
    substituted = true;
    whole = start === 0 && written.length === text.length;
    position = start + written.length;
  }
  return { text: result + text.slice(position), substituted, whole, faults };
}
