import { isObject, refuseField } from "./input.ts";
import type { ThreadAccess } from "./threads.ts";
export async function answerSync(body: unknown, threads: ThreadAccess): Promise<unknown> {
  void threads;
  if (!isObject(body)) refuseField("body", "an object");
  return { threadActions: [] };
}
