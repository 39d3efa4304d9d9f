import type { Part, ToolResultPart } from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";

interface Result {
  readonly part: ToolResultPart;
  /** Its place among all parts, and that of its message among all messages. */
  readonly place: number;
  readonly message: number;
}

/** The results of one call id in their order, and which of them is to be given next. */
interface Queue {
  readonly results: Result[];
  next: number;
}

/**
 * The conversation with each result right after the message that has its call, and what stood between the two after
 * both: other APIs refuse a call that is not answered at once. Results without a call before them stay where they are.
 */
export function resultsAfterCalls(messages: readonly Message[]): readonly Message[] {
  const queues = queuesOf(messages);
  if (queues.size === 0) return messages;
  const ordered: Message[] = [];
  const taken = new Set<Part>();
  for (const [i, message] of messages.entries()) {
    if (message.role === "tool") {
      const left = message.parts.filter((part) => !taken.has(part));
      if (left.length > 0) ordered.push({ ...message, parts: left });
      continue;
    }
    ordered.push(message);
    const answers = answersTo(message, i, queues);
    for (const answer of answers) taken.add(answer);
    if (answers.length > 0) ordered.push({ role: "tool", parts: answers });
  }
  return ordered;
}

function queuesOf(messages: readonly Message[]): ReadonlyMap<string, Queue> {
  const queues = new Map<string, Queue>();
  let place = 0;
  for (const [message, { parts }] of messages.entries())
    for (const part of parts) {
      if (part.kind !== "tool-result") continue;
      const result = { part, place: place++, message };
      const queue = queues.get(part.callId);
      if (queue === undefined) queues.set(part.callId, { results: [result], next: 0 });
      else queue.results.push(result);
    }
  return queues;
}

/** The results that come after the message for its calls, in the order they came in; each answers one call. */
function answersTo(message: Message, index: number, queues: ReadonlyMap<string, Queue>): Part[] {
  const answers: Result[] = [];
  for (const part of message.parts) {
    const queue = part.kind === "tool-call" ? queues.get(part.id) : undefined;
    if (queue === undefined) continue;
    // What came before this call came before every later one too.
    while ((queue.results[queue.next]?.message ?? index + 1) <= index) queue.next++;
    const answer = queue.results[queue.next++];
    if (answer !== undefined) answers.push(answer);
  }
  return answers.sort((a, b) => a.place - b.place).map(({ part }) => part);
}
