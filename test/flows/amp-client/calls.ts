/** Calls of the Amp client's own doors, as it makes them. */
export interface AmpCaller {
  readonly url: string;
  readonly key: string;
}

export function call(
  { url, key }: AmpCaller,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

// biome-ignore lint/suspicious/noExplicitAny: replies are looked at field by field by the tests
type Reply = any;

/** One method of `/api/internal`, named in query and body as the client does. */
export async function internal(caller: AmpCaller, method: string, params: unknown = {}): Promise<Reply> {
  const response = await call(caller, `/api/internal?${encodeURIComponent(method)}`, { method, params });
  return response.json();
}

export async function sync(caller: AmpCaller, body: unknown): Promise<Reply> {
  return (await call(caller, "/api/threads/sync", body)).json();
}

/** A thread as the client uploads it. */
export function thread(id: string, v: number, change: Record<string, unknown> = {}) {
  return {
    v,
    id,
    created: 1_700_000_000_000,
    title: "A thread",
    messages: [
      {
        role: "user",
        messageId: 0,
        content: [{ type: "text", text: "hi" }],
        meta: { sentAt: 1_700_000_000_500 },
      },
      {
        role: "assistant",
        messageId: 1,
        content: [{ type: "text", text: "hello" }],
        state: { type: "complete" },
      },
    ],
    env: { initial: { trees: [{ displayName: "project", uri: "file:///project" }] } },
    agentMode: "smart",
    ...change,
  };
}
