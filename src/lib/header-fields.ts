/**
 * A request's header fields by name in lower case, values as Latin-1 text. Taken from the runtime's own object once:
 * asking that for twenty fields one by one costs more than half of what a small request costs in all.
 */
export type HeaderFields = Readonly<Record<string, string | undefined>>;
