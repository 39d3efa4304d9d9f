import { z } from "zod";

/** Schemas by the names that the description gives them. */
export const SHAPES = z.registry<{ id: string }>();

/** Gives an object's schema its name in the description. */
export function named<T extends z.ZodType>(id: string, schema: T): T {
  SHAPES.add(schema, { id });
  return schema;
}

/** A moment as ISO text in UTC. */
export const time = z.string().meta({ format: "date-time" });

export const iso = (unixMs: number) => new Date(unixMs).toISOString();
export const isoOrNull = (unixMs: number | null) => (unixMs === null ? null : iso(unixMs));

/** Money, durations and shares: no more digits than they are worth, so that sums of fractions can be read. */
export const rounded = (value: number, digits: number) => Number(value.toFixed(digits));
export const USD_DIGITS = 9;
export const MS_DIGITS = 3;
