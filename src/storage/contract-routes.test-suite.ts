import { beforeEach, describe, expect, test } from "bun:test";
import { routeSchema } from "../config/route-schema.ts";
import type { Storage } from "./interface.ts";
import type { KeptRoute } from "./route-store.ts";

function keptRoute(change: Partial<KeptRoute> = {}): KeptRoute {
  const definition = routeSchema.parse({ targets: ["openai/gpt-5", "anthropic/claude"], deadline: 1.5 });
  return { name: "smart", definition, updatedAt: 1_000, updatedBy: "key_1", ...change };
}

/** What every database must do with routes. */
export function describeRoutes(opened: () => Storage): void {
  describe("routes", () => {
    let storage: Storage;
    beforeEach(() => {
      storage = opened();
    });

    test("are listed by name as they were put, the last of a name", async () => {
      const strange = keptRoute({ name: "Łódź '; --", updatedBy: null });
      await storage.routes.put(keptRoute());
      await storage.routes.put(strange);
      await storage.routes.put(keptRoute({ name: "a" }));
      const changed = keptRoute({ updatedAt: 2_000, updatedBy: "key_2" });
      await storage.routes.put(changed);
      const names = (await storage.routes.list()).map(({ name }) => name);
      expect(names).toEqual(["a", "smart", "Łódź '; --"].toSorted());
      expect(await storage.routes.list()).toContainEqual(changed);
      expect(await storage.routes.list()).toContainEqual(strange);
    });

    test("are deleted once, and every change moves the revision on", async () => {
      const revisions = [await storage.revision()];
      const noted = async () => void revisions.push(await storage.revision());
      await storage.routes.put(keptRoute());
      await noted();
      expect(await storage.routes.delete("smart")).toBeTrue();
      await noted();
      expect(new Set(revisions).size).toBe(3);
      expect(await storage.routes.delete("smart")).toBeFalse();
      expect(await storage.revision()).toBe(revisions.at(-1)!);
      expect(await storage.routes.list()).toEqual([]);
    });
  });
}
