import { afterAll, beforeAll, expect, test } from "bun:test";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

const REQUESTS = 2_000;
const CLIENTS = 20;
const CAPTURED = "Answer {{ name }} in one word.";
const BETTER = "Answer {{ name }} in one word, kindly.";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

interface Answer {
  readonly headers: Headers;
  /** What the demo provider was told, which it repeats. */
  readonly text: string;
}

/** A client's request, with the text that is in its code. */
async function ask(run: string): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "demo/echo",
      run_id: run,
      request_id: `${run}-1`,
      messages: [
        { role: "user", template: CAPTURED, template_id: "answer-v1", variables: { name: "Tinco" } },
      ],
    }),
  });
  expect(response.status).toBe(200);
  const body = (await response.json()) as { choices: [{ message: { content: string } }] };
  return { headers: response.headers, text: body.choices[0].message.content };
}

async function judge(run: string, isGood: boolean): Promise<void> {
  const response = await fetch(`${gateway.url}/v1/feedback`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify({ run_id: run, name: "helpful", value: isGood }),
  });
  expect(response.ok).toBeTrue();
}

/** People like kind answers more often: 80 of 100, after 45. Which ones is told by the run alone. */
function isLiked(text: string, run: number): boolean {
  const drawn = Number(Bun.hash.xxHash64(`like ${run}`) % 100n);
  return drawn < (text.includes("kindly") ? 80 : 45);
}

interface Shown {
  readonly experiment: { readonly status: string };
  readonly report: {
    readonly status: string;
    readonly winner: string | null;
    readonly requests: number;
    readonly variants: readonly { readonly name: string; readonly units: number; readonly judged: number }[];
  };
}

test("a prompt is captured, tried against another by 2,000 runs, and the winner is served to all", async () => {
  expect((await ask("before")).text).toContain("in one word.");
  await until("the template is captured", () =>
    admin(gateway, "GET", "/prompts/answer").catch(() => undefined),
  );
  await admin(gateway, "POST", "/prompts/answer/versions", { version: "2", text: BETTER });
  const { id } = await admin<{ id: string }>(gateway, "POST", "/experiments", {
    template: "answer",
    variants: [
      { name: "plain", version: "1" },
      { name: "kind", version: "2" },
    ],
    metric: { name: "helpful" },
    when_decided: "promote",
    start: true,
  });

  const counts = new Map<string, number>();
  let next = 0;
  const client = async () => {
    for (let run = next++; run < REQUESTS; run = next++) {
      const { headers, text } = await ask(`run-${run}`);
      const variant = headers.get("x-amsterdam-variant") ?? "none";
      counts.set(variant, (counts.get(variant) ?? 0) + 1);
      const isDecided = headers.get("x-amsterdam-experiment") === id;
      // Whatever the header says, the text is the variant's own; once it is decided, the winner's.
      expect(text.includes("kindly")).toBe(variant === "kind" || !isDecided);
      await judge(`run-${run}`, isLiked(text, run));
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));

  const decided = (counts.get("plain") ?? 0) + (counts.get("kind") ?? 0);
  const shown = await until(
    "the experiment has ended, and its last requests are recorded",
    async () => {
      const now = await admin<Shown>(gateway, "GET", `/experiments/${id}`);
      return now.experiment.status === "ended" && now.report.requests >= decided ? now : undefined;
    },
    30_000,
  );
  expect(shown.report).toMatchObject({ status: "decided", winner: "kind", requests: decided });
  expect(counts.get("plain")).toBeGreaterThan(30);

  const after = await until("the experiment's end is followed", async () => {
    const answer = await ask(`after-${performance.now()}`);
    // Until then some of them are the experiment's own.
    return answer.headers.get("x-amsterdam-experiment") === null ? answer : undefined;
  });
  expect(after.headers.get("x-amsterdam-template")).toBe("answer-v2");
  expect(after.text).toContain("kindly");

  await admin(gateway, "POST", `/experiments/${id}/revert`);
  await until("the label is taken back", async () =>
    (await ask(`reverted-${performance.now()}`)).text.includes("kindly") ? undefined : true,
  );
}, 120_000);
