import { expect, test } from "bun:test";
import { cutFrames, pause, streamFrames } from "./deliver.ts";
import type { Frame } from "./frames.ts";

const AT_ONCE = { first: 0, gap: 0, pause: 0 };

/** Frames without end that tell how many were made and whether their maker was closed. */
function counted() {
  const state = { made: 0, closed: false };
  function* frames(): Generator<Frame> {
    try {
      for (;;) {
        state.made++;
        yield { text: "x", delta: true };
      }
    } finally {
      state.closed = true;
    }
  }
  return { state, frames: frames() };
}

test("frames are made only when they are read", async () => {
  const { state, frames } = counted();
  const reader = streamFrames(frames, { pace: AT_ONCE, end: "close" }).getReader();
  for (let index = 0; index < 10; index++) await reader.read();
  await Bun.sleep(10);
  expect(state.made).toBeLessThan(13);
});

test("a reader that leaves closes the maker and ends a wait of a minute", async () => {
  const { state, frames } = counted();
  const stream = streamFrames(frames, { pace: { first: 0, gap: 0, pause: 60_000 }, end: "close" });
  const reader = stream.getReader();
  await reader.read();
  await Bun.sleep(5);
  await reader.cancel();
  expect(state).toEqual({ made: 1, closed: true });
});

test("a pause ends when its signal aborts", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 5);
  const started = performance.now();
  await pause(60_000, controller.signal);
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("a cut stream ends with its fifth delta, or with the last of fewer", () => {
  const frame = (delta: boolean): Frame => ({ text: "", delta });
  const many = [false, true, true, true, false, true, true, true, false].map(frame);
  expect(cutFrames(many)).toHaveLength(7);
  expect(cutFrames([false, true, false].map(frame))).toHaveLength(2);
});
