import { describe, expect, test } from "bun:test";
import { Refusal, type RefusalKind } from "../lib/refusal.ts";
import { StorageError } from "../storage/interface.ts";
import { fromService } from "./refused.ts";

describe("what a service does", () => {
  test("is answered as it is", async () => {
    expect(await fromService(Promise.resolve(7))).toBe(7);
  });

  test.each([
    ["missing", 404, "not_found"],
    ["conflict", 409, "conflict"],
    ["invalid", 400, "invalid_request"],
  ] as const)("refused as %s is told as %d, in its own words", async (kind: RefusalKind, status, code) => {
    const call = fromService(Promise.reject(new Refusal(kind, "There is none.")));
    await expect(call).rejects.toMatchObject({ status, code, message: "There is none." });
  });

  test("on a storage that fails is told as 503, without what names files", async () => {
    const call = fromService(Promise.reject(new StorageError("Cannot use /srv/secret.db.")));
    await expect(call).rejects.toMatchObject({
      status: 503,
      code: "storage_unavailable",
      message: expect.not.stringContaining("secret"),
    });
  });

  test("by mistake stays a mistake", async () => {
    await expect(fromService(Promise.reject(new TypeError("ours")))).rejects.toBeInstanceOf(TypeError);
  });
});
