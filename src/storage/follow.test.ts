import { afterEach, expect, test } from "bun:test";
import { type Gate, gate, until } from "../../test/support/until.ts";
import { type Followed, StorageFollower } from "./follow.ts";
import { StorageError } from "./interface.ts";

let stop = new AbortController();
afterEach(() => {
  stop.abort();
  stop = new AbortController();
});

/** A storage of which only the revision is asked. */
function storageOf() {
  const state = { revision: 1, failing: false, logged: [] as string[] };
  const storage = {
    async revision() {
      if (state.failing) throw new StorageError("It is away.");
      return state.revision;
    },
  };
  const log = (message: string) => void state.logged.push(message);
  const follow = (...followed: Followed[]) =>
    new StorageFollower(storage, followed, {
      logger: { debug: log, info: log, warn: log, error: log },
      signal: stop.signal,
      intervalMs: 10,
    });
  return { state, follow };
}

test("what is held is taken over when the revision moves, and then alone", async () => {
  const { state, follow } = storageOf();
  const loaded: number[] = [];
  const follower = follow({ name: "prompts", load: async () => void loaded.push(state.revision) });
  await follower.now();
  await follower.now();
  expect(loaded).toEqual([1]);
  follower.start();
  state.revision = 2;
  await until("it is followed", () => loaded.length === 2);
  await Bun.sleep(50);
  expect(loaded).toEqual([1, 2]);
});

test("a storage that is away is told of once, and once more when it is back; it is then read anew", async () => {
  const { state, follow } = storageOf();
  let loads = 0;
  const follower = follow({ name: "prompts", load: async () => void loads++ });
  await follower.now();
  state.failing = true;
  for (let i = 0; i < 5; i++) await follower.now();
  expect(state.logged).toEqual(["The prompts cannot be refreshed; those known stay."]);
  state.failing = false;
  await follower.now();
  expect(loads).toBe(2);
  expect(state.logged).toHaveLength(2);
});

test("one part that fails keeps no other from being taken over", async () => {
  const { state, follow } = storageOf();
  let loads = 0;
  const follower = follow(
    { name: "keys", load: () => Promise.reject(new StorageError("No.")) },
    { name: "prompts", load: async () => void loads++ },
  );
  await follower.now();
  expect(loads).toBe(1);
  expect(state.logged).toHaveLength(1);
});

test("a slow turn never brings back what was there before a later change", async () => {
  const { state, follow } = storageOf();
  const gates: Gate[] = [];
  let held = 0;
  const follower = follow({
    name: "prompts",
    async load() {
      const read = state.revision;
      const here = gate();
      gates.push(here);
      await here.passed;
      held = read;
    },
  });
  const slow = follower.now();
  await until("the first load has begun", () => gates.length === 1);
  state.revision = 2;
  const changed = follower.now();
  await Bun.sleep(20);
  gates[0]!.open();
  await until("the second load has begun", () => gates.length === 2);
  gates[1]!.open();
  await Promise.all([slow, changed]);
  expect(held).toBe(2);
});
