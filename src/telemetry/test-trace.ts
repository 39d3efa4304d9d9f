import type { Trace } from "../records/trace.ts";

/** A finished trace for tests: a good streamed answer, but for `changes`. */
export function testTrace(changes: Partial<Trace>): Trace {
  return {
    requestId: "req-1",
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    spanId: "00f067aa0ba902b7",
    parentSpanId: null,
    startedAt: 1_795_000_000_123,
    startedTick: 1,
    method: "POST",
    path: "/v1/chat/completions",
    door: "/v1/chat/completions",
    keyId: "key_1",
    clientFormat: "openai-chat",
    operation: "generate",
    stream: true,
    provider: "openai",
    requestedModel: "openai/gpt-4o",
    model: "gpt-4o",
    route: null,
    choice: null,
    targetFormat: "openai-chat",
    losses: [],
    templates: [],
    decisions: [],
    tracking: { run_id: "run-1", agent_id: "agent-1", thread_id: "T-1" },
    attempts: [
      { target: "openai/gpt-4o", startedAt: 1, endedAt: 1000, status: 200, error: null, message: null },
    ],
    status: 200,
    error: null,
    errorCategory: null,
    cause: null,
    requestBytes: 1000,
    responseBytes: 20_000,
    firstByteAt: 123.456,
    endedAt: 1000.49,
    capture: null,
    ...changes,
  };
}
