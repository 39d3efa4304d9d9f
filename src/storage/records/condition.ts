export type Value = string | number | null;

/** A piece of SQL and the values of its parameters, in their order. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

export function all(conditions: readonly Condition[]): Condition {
  return {
    sql: conditions.length === 0 ? "true" : conditions.map(({ sql }) => sql).join(" AND "),
    values: conditions.flatMap(({ values }) => values),
  };
}
