import { expect, test } from "bun:test";
import { GatewayError } from "../exchange/errors.ts";
import { StorageError } from "../storage/interface.ts";
import { fromStorage } from "./storage-call.ts";

const failure = async (call: Promise<unknown>, patience?: number) => {
  try {
    return await fromStorage(call, patience);
  } catch (error) {
    return error;
  }
};

test("what the storage answers is handed on", async () => {
  expect(await fromStorage(Promise.resolve(7))).toBe(7);
});

test("a storage that fails or never answers is told without its place", async () => {
  const gone = new StorageError("Cannot use the database /srv/secret/a.db: it is gone.");
  for (const error of [
    await failure(Promise.reject(gone)),
    await failure(Promise.withResolvers().promise, 20),
  ]) {
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ code: "storage_unavailable", status: 503, retryAfter: 5 });
    expect((error as Error).message).not.toContain("secret");
  }
});

test("a mistake of ours is not taken for the storage's", async () => {
  expect(await failure(Promise.reject(new TypeError("x")))).toBeInstanceOf(TypeError);
});
