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
  let at = lastToEnd(nodes.filter(isRecorded));
  while (at !== null) {
    chain.push(at);
    at = stepBefore(at, nodes, places);
  }
  const steps = chain.reverse().map((node, index) => stepOf(node, chain[index - 1], chain[index + 1]));
  return {
    steps,
    requestMs: steps.reduce((sum, step) => sum + step.requestMs, 0),
    waitMs: steps.reduce((sum, step) => sum + step.waitMs, 0),
  };
}

type RecordedNode = RunNode & { readonly record: RequestRecord };

/** Where a node and what is below it stand among all nodes: from `start` on, before `end`. */
type Places = ReadonlyMap<RunNode, { readonly start: number; end: number }>;

function placesOf(nodes: readonly RunNode[]): Places {
  const places = new Map(nodes.map((node, start) => [node, { start, end: start + 1 }]));
  for (const node of nodes.toReversed()) {
    const above = node.parent && places.get(node.parent);
    if (above) above.end = Math.max(above.end, places.get(node)!.end);
  }
  return places;
}

function stepBefore(node: RecordedNode, nodes: readonly RunNode[], places: Places): RecordedNode | null {
  const parent = node.parent;
  const ended = lastEndedBefore(node, node, nodes, places);
  if (ended !== null || parent === null) return ended;
  // A parent that is not recorded says nothing of itself; what stands beside it may have been waited for.
  if (!isRecorded(parent)) return lastEndedBefore(node, parent, nodes, places);
  return byBeginning(parent.record, node.record) < 0 ? parent : null;
}

/** The request that ended last before `node` began, of the parent of `at` and what is below it, but for `at` itself. */
function lastEndedBefore(node: RecordedNode, at: RunNode, nodes: readonly RunNode[], places: Places) {
  const own = places.get(at)!;
  const { start, end } = at.parent === null ? { start: 0, end: nodes.length } : places.get(at.parent)!;
  const around = [...nodes.slice(start, own.start), ...nodes.slice(own.end, end)];
  const { record } = node;
  return lastToEnd(
    around.filter(isRecorded).filter((other) => {
      // What takes no time ends as it begins: only what stands before in the order can have been waited for.
      return endOf(other.record) <= record.startedAt && byBeginning(other.record, record) < 0;
    }),
  );
}

function lastToEnd(nodes: readonly RecordedNode[]): RecordedNode | null {
  let last: RecordedNode | null = null;
  for (const node of nodes) {
    const later =
      last === null ||
      endOf(node.record) - endOf(last.record) > 0 ||
      (endOf(node.record) === endOf(last.record) && byBeginning(node.record, last.record) > 0);
    if (later) last = node;
  }
  return last;
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
