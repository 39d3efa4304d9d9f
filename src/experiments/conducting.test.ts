import { expect, test } from "bun:test";
import type { Logger } from "../lib/logger.ts";
import { openStorage } from "../storage/open.ts";
import { Conducting } from "./conducting.ts";
import { Conductor } from "./conductor.ts";

test("a storage that fails is logged once, asked again, and logged once more when it is back", async () => {
  const logged: string[] = [];
  const log = (message: string) => void logged.push(message);
  const logger: Logger = { debug: log, info: log, warn: log, error: log };
  const gone = await openStorage("sqlite::memory:", "/");
  await gone.close();
  const there = await openStorage("sqlite::memory:", "/");
  const parts = { prompts: there.prompts, experiments: gone.experiments };
  const conducting = new Conducting(new Conductor(parts, logger), logger);
  conducting.start();
  conducting.start();
  await Bun.sleep(2_300);
  expect(logged).toEqual(["The experiments cannot be led."]);
  parts.experiments = there.experiments;
  await Bun.sleep(1_500);
  expect(logged).toEqual(["The experiments cannot be led.", "The experiments are led again."]);
  await conducting.stop();
  await conducting.stop();
  await there.close();
});

test("rounds take a twentieth of the time at most, and none begins after the stop", async () => {
  const storage = await openStorage("sqlite::memory:", "/");
  const quiet = () => {};
  const logger: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  let rounds = 0;
  const conductor = new Conductor(storage, logger);
  const round = conductor.round.bind(conductor);
  const slow = Object.assign(conductor, {
    async round(signal?: AbortSignal) {
      rounds += 1;
      await Bun.sleep(100);
      return await round(signal);
    },
  });
  const conducting = new Conducting(slow, logger);
  conducting.start();
  await Bun.sleep(1_900);
  expect(rounds).toBe(1);
  await Bun.sleep(600);
  expect(rounds).toBe(2);
  await conducting.stop();
  await Bun.sleep(2_300);
  expect(rounds).toBe(2);
  await storage.close();
});
