const HOUR = 3_600_000;

/** Moments from `from` on, before `to`, in Unix milliseconds. `whole` ones are hours that are not cut by an interval. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly whole: boolean;
}

/** Intervals of a length in milliseconds, counted from a moment. */
export interface Intervals {
  readonly since: number;
  readonly length: number | undefined;
}

/** Takes a time apart into whole hours, whose sums are kept, and the rest. */
export function spansOf(from: number, to: number, intervals: Intervals): Span[] {
  const first = Math.ceil(from / HOUR) * HOUR;
  const end = Math.floor(to / HOUR) * HOUR;
  if (first >= end) return from < to ? [{ from, to, whole: false }] : [];
  const spans: Span[] = [];
  const add = (span: Span) => {
    const last = spans.at(-1);
    if (last?.whole === span.whole) spans[spans.length - 1] = { ...last, to: span.to };
    else if (span.from < span.to) spans.push(span);
  };
  add({ from, to: first, whole: false });
  for (let hour = first; hour < end; hour += HOUR)
    add({ from: hour, to: hour + HOUR, whole: !isCut(hour, intervals) });
  add({ from: end, to, whole: false });
  return spans;
}

function isCut(hour: number, intervals: Intervals): boolean {
  return intervalOf(hour, intervals) !== intervalOf(hour + HOUR - 1, intervals);
}

/** The number of the interval in which a moment lies; 0 where there are no intervals. */
export function intervalOf(time: number, { since, length }: Intervals): number {
  return length === undefined ? 0 : Math.floor((time - since) / length);
}
