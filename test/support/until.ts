/**
 * Waits for a condition and returns its first truthy value. Tests wait for what they mean, never for an amount of time.
 * Rejects with `what` when it has not come about after `within` milliseconds, which is a limit for hung tests, not an
 * expectation about speed.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  within = 20_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (performance.now() > deadline) throw new Error(`Waited ${within} ms in vain until ${what}`);
    await Bun.sleep(5);
  }
}

/** A promise that a test keeps in its hand: what awaits it goes on once `open` was called. */
export interface Gate {
  readonly passed: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
