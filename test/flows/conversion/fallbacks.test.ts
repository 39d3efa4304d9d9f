import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { callAs } from "../../support/client-call.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { breaches, tellsError } from "../../support/protocol.ts";
import { readStreamed } from "../../support/streamed.ts";

const ROUTES = TARGETS.flatMap((first) =>
  TARGETS.filter(({ format }) => format !== first.format).map((second) => ({
    name: `${first.target}-to-${second.target}`,
    first: first.target,
    second: second.target,
    targets: (broken: string) => [`${first.provider}/${broken}`, `${second.provider}/echo`],
  })),
);
/** Ways in which the first target fails before its first output. */
const FAILURES = ["down", "garbage", "status-401"];

let targets: DemoTargets;
beforeAll(async () => {
  const routes = ROUTES.flatMap(({ name, targets: of }) =>
    [...FAILURES, "breaks"].map((broken) => [`${name}-${broken}`, { targets: of(broken) }]),
  );
  const several = { targets: ["anthropic/echo", "openai/echo", "speaks-chat/echo"] };
  targets = await startDemoTargets({
    config: {
      breaker: { enabled: false },
      global_retry: { max_attempts: 1 },
      routes: Object.fromEntries([...routes, ["several-answers", several]]),
    },
  });
});
afterAll(() => targets.stop());

describe.each(ROUTES)("a route from $first to $second", ({ name }) => {
  test.each(TARGETS.map(({ target, format }) => [target, format] as const))(
    "answers a client of %s by the second when the first fails, streamed or not",
    async (_, format) => {
      for (const failure of FAILURES) {
        for (const stream of [false, true]) {
          const response = await callAs(targets.gateway, { format, model: `${name}-${failure}`, stream });
          const text = await response.text();
          expect({ failure, status: response.status, text }).toMatchObject({ failure, status: 200 });
          expect(breaches(format, { text, stream })).toEqual([]);
          expect(stream ? readStreamed(format, text).text : text).toContain("You said: hi");
        }
      }
    },
  );

  test.each(TARGETS.map(({ target, format }) => [target, format] as const))(
    "gives a client of %s no second answer once the first has begun",
    async (_, format) => {
      const response = await callAs(targets.gateway, { format, model: `${name}-breaks`, stream: true });
      const text = await response.text();
      expect(readStreamed(format, text).text).toStartWith("This is");
      expect(readStreamed(format, text).text).not.toContain("You said");
      expect(tellsError(text)).toBeTrue();
    },
  );
});

test("a target whose API cannot say what is asked for is passed over", async () => {
  const response = await callAs(targets.gateway, {
    format: "gemini",
    model: "several-answers",
    stream: false,
    body: { contents: [{ parts: [{ text: "hi" }] }], generationConfig: { candidateCount: 2 } },
  });
  const { candidates } = (await response.json()) as { candidates: unknown[] };
  expect(candidates).toHaveLength(2);
  expect(response.headers.get("x-amsterdam-provider")).toBe("speaks-chat");
});
