import type { Feedback } from "../storage/feedback-store.ts";
import type { RequestRecord } from "./record.ts";
import { addTotals, type MutableTotals, noTotals, type RunTotals, totalsOf } from "./run-totals.ts";

/** A request in the tree of its run. */
export interface RunNode {
  /** What others name as their parent. Of two requests with one id, each is a node; children hang on the first. */
  readonly requestId: string;
  /** Null where children name a parent that is not recorded in this run: the node stands in its place. */
  readonly record: RequestRecord | null;
  readonly parent: RunNode | null;
  /** As they began. */
  readonly children: readonly RunNode[];
  /** 0 of a root. */
  readonly depth: number;
  /** Whether the parents that were named lead back to this request. It is made a root then. */
  readonly cycle: boolean;
  /** Of the request itself and everything below it. */
  readonly totals: RunTotals;
}

export interface RunTree {
  /** Depth first: a parent, then its children with what is below each, as they began. */
  readonly nodes: readonly RunNode[];
  readonly totals: RunTotals;
}

interface Draft {
  readonly requestId: string;
  readonly record: RequestRecord | null;
  parent: Draft | null;
  readonly children: Draft[];
  depth: number;
  cycle: boolean;
  readonly totals: MutableTotals;
}

/**
 * The tree that `request_parent_id` makes of a run's requests. It is the same whatever order `records` come in; a record
 * that comes twice counts once. A parent that is not among them gets a node without a record; a circle is opened at the
 * request that began first. `feedback` is what was said of requests, of these or others. Takes linear time but for
 * sorting, and goes as deep as the run does without recursion.
 */
export function buildRunTree(records: readonly RequestRecord[], feedback: readonly Feedback[]): RunTree {
  const { drafts, byRequestId } = draftsOf(records, feedback);
  const placeholders = link(drafts, byRequestId);
  openCycles(drafts);
  const roots = [...drafts, ...placeholders].filter(({ parent }) => parent === null);
  for (const draft of drafts) draft.parent?.children.push(draft);
  const nodes = depthFirst(roots.toSorted((a, b) => beginning(a) - beginning(b)));
  const totals = noTotals();
  // Children stand behind their parent, so that from the end on each node is whole before it is added.
  for (const node of nodes.toReversed()) addTotals(node.parent?.totals ?? totals, node.totals);
  return { nodes, totals };
}

/** One for each record, as they began. Feedback names a request's id, so of several with one id the first has it. */
function draftsOf(records: readonly RequestRecord[], feedback: readonly Feedback[]) {
  const judged = Map.groupBy(feedback, ({ targetId }) => targetId);
  const byId = new Map(records.map((record) => [record.id, record]));
  const byRequestId = new Map<string, Draft>();
  const drafts = [...byId.values()].sort(byBeginning).map((record) => {
    const { requestId } = record;
    const isFirst = !byRequestId.has(requestId);
    const draft = draftOf(requestId, record, totalsOf(record, isFirst ? (judged.get(requestId) ?? []) : []));
    if (isFirst) byRequestId.set(requestId, draft);
    return draft;
  });
  return { drafts, byRequestId };
}

function draftOf(requestId: string, record: RequestRecord | null, totals: MutableTotals): Draft {
  return { requestId, record, parent: null, children: [], depth: 0, cycle: false, totals };
}

/** Gives each its parent. Returns the nodes that stand for parents which are not there, as they were first named. */
function link(drafts: readonly Draft[], byRequestId: ReadonlyMap<string, Draft>): Draft[] {
  const missing = new Map<string, Draft>();
  for (const draft of drafts) {
    const parentId = draft.record?.parentId ?? null;
    if (parentId === null) continue;
    if (parentId === draft.requestId) {
      draft.cycle = true;
      continue;
    }
    const parent = byRequestId.get(parentId) ?? missing.get(parentId) ?? draftOf(parentId, null, noTotals());
    if (parent.record === null) missing.set(parentId, parent);
    draft.parent = parent;
  }
  return [...missing.values()];
}

/** `drafts` as they began: the first of a circle that is met is the one that began first. */
function openCycles(drafts: readonly Draft[]): void {
  const sound = new Set<Draft>();
  for (const start of drafts) {
    const trail = new Set<Draft>();
    let at: Draft | null = start;
    while (at !== null && !sound.has(at) && !trail.has(at)) {
      trail.add(at);
      at = at.parent;
    }
    if (at !== null && trail.has(at)) openCycle(at);
    for (const draft of trail) sound.add(draft);
  }
}

/** `member` is any of a circle. */
function openCycle(member: Draft): void {
  let first = member;
  for (let at = member.parent; at !== null && at !== member; at = at.parent) {
    if (byBeginning(at.record!, first.record!) < 0) first = at;
  }
  first.parent = null;
  first.cycle = true;
}

function depthFirst(roots: readonly Draft[]): Draft[] {
  const nodes: Draft[] = [];
  const waiting = roots.toReversed();
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    node.depth = node.parent === null ? 0 : node.parent.depth + 1;
    nodes.push(node);
    for (const child of node.children.toReversed()) waiting.push(child);
  }
  return nodes;
}

/** Of a node without a record, that of its first child. */
function beginning({ record, children }: Draft): number {
  return record?.startedAt ?? children[0]?.record?.startedAt ?? 0;
}

/** Ids of records sort as the requests began, and tell apart what began in the same millisecond. */
export function byBeginning(a: RequestRecord, b: RequestRecord): number {
  return a.startedAt - b.startedAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}
