import { expect, test } from "bun:test";
import { until } from "../../test/support/until.ts";
import type { Logger } from "../lib/logger.ts";
import { openStorage } from "../storage/open.ts";
import type { StoredResponse } from "../storage/response-store.ts";
import { ResponseWriter } from "./writer.ts";

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

const stored = (id: string, change: Partial<StoredResponse> = {}): StoredResponse => ({
  id,
  keyId: "key_1",
  createdAt: 1,
  expiresAt: 2,
  status: "completed",
  background: false,
  previousId: null,
  provider: null,
  model: null,
  response: "{}",
  input: "[]",
  itemIds: [],
  leaseUntil: null,
  ...change,
});

async function open() {
  const storage = await openStorage("sqlite::memory:", "/");
  const saved: string[] = [];
  const writer = new ResponseWriter(storage.responses, {
    logger,
    maxCharacters: () => 1_000_000,
    onSaved: ({ id, status }) => saved.push(`${id} ${status}`),
  });
  return { storage, saved, writer };
}

test("a response that the storage refuses keeps none of the others from being stored", async () => {
  const { storage, saved, writer } = await open();
  // A fraction stands for anything that a database refuses.
  writer.add(stored("resp_bad", { createdAt: 0.5 }));
  for (const id of ["resp_1", "resp_2"]) writer.add(stored(id));
  await until("the others are stored", () => saved.length >= 2);
  expect(saved.toSorted()).toEqual(["resp_1 completed", "resp_2 completed"]);
  expect(await writer.flush(50)).toBe(1);
  await storage.close();
});

test("of a response that changes while it waits, the last state is stored, once", async () => {
  const { storage, saved, writer } = await open();
  for (const status of ["queued", "in_progress", "completed"]) writer.add(stored("resp_1", { status }));
  expect(await writer.flush()).toBe(0);
  expect(saved).toEqual(["resp_1 completed"]);
  await storage.close();
});

test("a response that is forgotten while it waits is not stored", async () => {
  const { storage, saved, writer } = await open();
  writer.add(stored("resp_1"));
  await writer.forget({ id: "resp_1", keyId: "key_1" });
  expect(await writer.flush()).toBe(0);
  expect(saved).toEqual([]);
  await storage.close();
});
