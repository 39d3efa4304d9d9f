/** The part of JSON Schema that OpenAPI descriptions of model APIs are written in. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly discriminator?: { readonly propertyName: string };
}

/** Named schemas; `$ref` is `#/components/schemas/<name>`. */
export type Schemas = Readonly<Record<string, Schema>>;

/** Checks values against schemas of one description. `$` is the value itself in the paths of what it finds. */
export class SchemaChecker {
  readonly #schemas: Schemas;

  constructor(schemas: Schemas) {
    this.#schemas = schemas;
  }

  /** Every breach, one sentence each. */
  check(value: unknown, schema: Schema, path = "$"): string[] {
    const { $ref, allOf, anyOf, oneOf } = schema;
    const found: string[] = [];
    if ($ref !== undefined) found.push(...this.check(value, this.#named($ref), path));
    for (const each of allOf ?? []) found.push(...this.check(value, each, path));
    if (anyOf !== undefined) found.push(...this.#checkUnion(value, anyOf, schema, path));
    if (oneOf !== undefined) found.push(...this.#checkUnion(value, oneOf, schema, path));
    if (schema.enum !== undefined && !schema.enum.includes(value))
      found.push(`${path} is ${show(value)}, not one of ${schema.enum.map(show).join(", ")}`);
    if (schema.not !== undefined && this.check(value, schema.not, path).length === 0)
      found.push(`${path} is ${show(value)}, which has a description that it does not keep to`);
    const types = [schema.type ?? []].flat();
    if (types.length > 0 && !types.some((type) => hasType(value, type)))
      found.push(`${path} is ${show(value)}, not of type ${schema.type}`);
    else found.push(...this.#checkMembers(value, schema, path));
    return found;
  }

  /** The members of a union by the value of its discriminating member, as far as they have one. */
  variants(union: readonly Schema[], discriminator: string): Map<unknown, Schema> {
    const byValue = new Map<unknown, Schema>();
    for (const each of union) {
      const schema = each.$ref === undefined ? each : this.#named(each.$ref);
      for (const value of schema.properties?.[discriminator]?.enum ?? []) byValue.set(value, each);
    }
    return byValue;
  }

  #checkMembers(value: unknown, schema: Schema, path: string): string[] {
    if (Array.isArray(value)) {
      const { items } = schema;
      return items === undefined ? [] : value.flatMap((each, i) => this.check(each, items, `${path}[${i}]`));
    }
    if (typeof value !== "object" || value === null) return [];
    const found = (schema.required ?? [])
      .filter((key) => !Object.hasOwn(value, key))
      .map((key) => `${path}.${key} is missing`);
    for (const [key, member] of Object.entries(value)) {
      const known = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
      const other = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
      const of = known ? schema.properties?.[key] : other;
      if (of !== undefined) found.push(...this.check(member, of, `${path}.${key}`));
    }
    return found;
  }

  /** A union is met by one member; where the value's type tells which is meant, that one's breaches are told. */
  #checkUnion(value: unknown, union: readonly Schema[], { discriminator }: Schema, path: string): string[] {
    if (discriminator !== undefined) {
      const { propertyName } = discriminator;
      const told = (value as Record<string, unknown> | null)?.[propertyName];
      const meant = this.variants(union, propertyName).get(told);
      if (meant === undefined) return [`${path}.${propertyName} is ${show(told)}, which is not described`];
      return this.check(value, meant, path);
    }
    const meant = this.variants(union, "type").get((value as Record<string, unknown> | null)?.type);
    const tries = (meant === undefined ? union : [meant]).map((each) => this.check(value, each, path));
    if (tries.some((found) => found.length === 0)) return [];
    // The nearest miss says the most: the one that got farthest into the value, with the fewest breaches.
    return tries.sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
  }

  #named(ref: string): Schema {
    const schema = this.#schemas[ref.slice("#/components/schemas/".length)];
    if (schema === undefined) throw new Error(`${ref} is not described`);
    return schema;
  }
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function depth(found: readonly string[]): number {
  return Math.max(...found.map((each) => each.split(" ", 1)[0]?.split(/[.[]/).length ?? 0));
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
