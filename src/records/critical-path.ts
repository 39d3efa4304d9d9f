import type { RequestRecord } from "./record.ts";
import { byBeginning, type RunNode, type RunTree } from "./run-tree.ts";

export interface CriticalStep {
  readonly node: RunNode;
  readonly record: RequestRecord;
  /** Milliseconds between the step before it and its beginning: the client's own time, as for tools. */
  readonly waitMs: number;
  /** Milliseconds from its beginning to its end, or to the beginning of the next step where that came first. */
  readonly requestMs: number;
}

export interface CriticalPath {
  /** As they began. */
  readonly steps: readonly CriticalStep[];
  /** Together the time from the first step's beginning to the last one's end. */
  readonly requestMs: number;
  readonly waitMs: number;
}

/**
 * The chain of requests that determines when a run ended: to make the run shorter, one of these, or a wait between two of
 * them, must become shorter. It ends with the request that ended last, and is followed back from there. A request waited
 * for its parent, and for what its siblings and those below them did; of these the one that ended last before it began is
 * the step before. Where none had ended, it is the parent that had begun and was still answering. Requests without a
 * parent are siblings of each other.
 */
export function criticalPath({ nodes }: RunTree): CriticalPath {
  const places = placesOf(nodes);
  const chain: RecordedNode[] = [];
  let at = lastToEnd(places, null, 0, nodes.length);
  while (at !== null) {
    chain.push(at);
    at = stepBefore(at, places);
  }
  const steps = chain.reverse().map((node, index) => stepOf(node, chain[index - 1], chain[index + 1]));
  return {
    steps,
    requestMs: steps.reduce((sum, step) => sum + step.requestMs, 0),
    waitMs: steps.reduce((sum, step) => sum + step.waitMs, 0),
  };
}

type RecordedNode = RunNode & { readonly record: RequestRecord };

/**
 * The nodes by their places in the tree's order, and what is compared of them as numbers: every step of a run of thousands
 * looks at all the others, while requests wait.
 */
interface Places {
  readonly nodes: readonly RunNode[];
  /** A node and what is below it stand from its own place on, before this one. */
  readonly behind: ReadonlyMap<RunNode, { readonly start: number; end: number }>;
  /** When each ended; above any time where it is not recorded. */
  readonly ends: Float64Array;
  /** Which each is of all, as they began. */
  readonly ranks: Int32Array;
}

function placesOf(nodes: readonly RunNode[]): Places {
  const behind = new Map(nodes.map((node, start) => [node, { start, end: start + 1 }]));
  for (const node of nodes.toReversed()) {
    const above = node.parent && behind.get(node.parent);
    if (above) above.end = Math.max(above.end, behind.get(node)!.end);
  }
  const ranks = new Int32Array(nodes.length);
  const recorded = nodes.filter(isRecorded).sort((a, b) => byBeginning(a.record, b.record));
  for (const [rank, node] of recorded.entries()) ranks[behind.get(node)!.start] = rank;
  const ends = Float64Array.from(nodes, (node) => (isRecorded(node) ? endOf(node.record) : Infinity));
  return { nodes, behind, ends, ranks };
}

function stepBefore(node: RecordedNode, places: Places): RecordedNode | null {
  const parent = node.parent;
  const ended = lastEndedBefore(node, node, places);
  if (ended !== null || parent === null) return ended;
  // A parent that is not recorded says nothing of itself; what stands beside it may have been waited for.
  if (!isRecorded(parent)) return lastEndedBefore(node, parent, places);
  return byBeginning(parent.record, node.record) < 0 ? parent : null;
}

/** The request that ended last before `node` began, of the parent of `at` and what is below it, but for `at` itself. */
function lastEndedBefore(node: RecordedNode, at: RunNode, places: Places): RecordedNode | null {
  const { behind, nodes } = places;
  const own = behind.get(at)!;
  const { start, end } = at.parent === null ? { start: 0, end: nodes.length } : behind.get(at.parent)!;
  const before = lastToEnd(places, node, start, own.start);
  const after = lastToEnd(places, node, own.end, end);
  if (before === null || after === null) return before ?? after;
  return isLater(places, behind.get(after)!.start, behind.get(before)!.start) ? after : before;
}

/** Of the nodes from one place on, before another, the one that ended last; with `next` only those that it waited for. */
function lastToEnd(places: Places, next: RecordedNode | null, from: number, to: number): RecordedNode | null {
  const { nodes, behind, ends, ranks } = places;
  const began = next === null ? Number.MAX_VALUE : next.record.startedAt;
  // What takes no time ends as it begins: only what stands before in the order can have been waited for.
  const rank = next === null ? nodes.length : ranks[behind.get(next)!.start]!;
  let last = -1;
  let latest = Number.NEGATIVE_INFINITY;
  // From behind, where the last to end mostly stands: the others are then passed over by one comparison.
  for (let place = to - 1; place >= from; place--) {
    const end = ends[place]!;
    if (end < latest || end > began || ranks[place]! >= rank) continue;
    if (last >= 0 && !isLater(places, place, last)) continue;
    last = place;
    latest = end;
  }
  return last < 0 ? null : (nodes[last] as RecordedNode);
}

function isLater({ ends, ranks }: Places, place: number, other: number): boolean {
  return ends[place]! > ends[other]! || (ends[place] === ends[other] && ranks[place]! > ranks[other]!);
}

function stepOf(node: RecordedNode, before: RecordedNode | undefined, after: RecordedNode | undefined) {
  const { record } = node;
  const end = Math.min(endOf(record), after?.record.startedAt ?? Number.POSITIVE_INFINITY);
  return {
    node,
    record,
    waitMs: before === undefined ? 0 : Math.max(0, record.startedAt - endOf(before.record)),
    requestMs: end - record.startedAt,
  };
}

function endOf({ startedAt, durationMs }: RequestRecord): number {
  return startedAt + durationMs;
}

function isRecorded(node: RunNode): node is RecordedNode {
  return node.record !== null;
}
