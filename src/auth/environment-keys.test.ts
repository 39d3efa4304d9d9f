import { expect, test } from "bun:test";
import { environmentKeys } from "./environment-keys.ts";

test("both variables are read, trimmed, without empty and repeated keys", () => {
  const keys = environmentKeys({ AMP_API_KEY: " one ", ADDITIONAL_API_KEYS: "two,, one ,three words ,two," });
  expect(keys).toEqual([
    { id: "env_amp", name: "AMP_API_KEY", key: "one" },
    { id: "env_additional_1", name: "ADDITIONAL_API_KEYS #1", key: "two" },
    { id: "env_additional_4", name: "ADDITIONAL_API_KEYS #4", key: "three words" },
  ]);
});

test.each([{}, { AMP_API_KEY: "" }, { AMP_API_KEY: " ", ADDITIONAL_API_KEYS: " , ," }])(
  "%j gives none",
  (env) => {
    expect(environmentKeys(env)).toEqual([]);
  },
);

test.each(["a\nb", "schlüssel", "x".repeat(513)])(
  "a key that no client can present is named, not shown (%#)",
  (key) => {
    const read = () => environmentKeys({ ADDITIONAL_API_KEYS: `fine,${key}` });
    expect(read).toThrow("ADDITIONAL_API_KEYS #2 must be");
    expect(read).not.toThrow(key);
  },
);
