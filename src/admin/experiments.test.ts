import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type AdminSetup, openAdmin } from "../../test/support/admin-room.ts";
import { arrive, keepVersions } from "../../test/support/experiments.ts";

let admin: AdminSetup;
beforeEach(async () => {
  admin = await openAdmin();
  await keepVersions(admin.storage, ["1", "2"]);
});
afterEach(() => admin.storage.close());

const WISH = {
  template: "greeting",
  variants: [
    { name: "plain", version: "1" },
    { name: "warm", version: "2" },
  ],
  metric: { name: "helpful" },
};

/** The answer's JSON, or the error's code and message. */
async function ask(method: string, url: string, body?: unknown): Promise<unknown> {
  const { json, error } = await admin.ask(method, url, body);
  return error === null ? json : { code: error.code, message: error.message, param: error.param };
}

const make = (change: object = {}) => ask("POST", "/admin/experiments", { ...WISH, ...change });
const kinds = async (id: string) =>
  ((await ask("GET", `/admin/experiments/${id}/events`)) as { events: { kind: string }[] }).events.map(
    ({ kind }) => kind,
  );

describe("a model that cannot be called", () => {
  const variants = [
    { name: "plain", version: "1" },
    { name: "large", version: "2", model: "openai/gpt-5.2" },
  ];

  test("is a conflict with its reason, until the configuration of the moment has it", async () => {
    admin.configure({});
    const refused = { code: "conflict", message: expect.stringContaining("Set OPENAI_API_KEY") };
    expect(await make({ variants, start: true })).toMatchObject(refused);
    expect(await make({ variants })).toMatchObject({ status: "draft" });
    expect(await ask("POST", "/admin/experiments/greeting-1/start")).toMatchObject(refused);
    admin.configure({ providers: { openai: { api_key: "sk-1" } } });
    expect(await ask("POST", "/admin/experiments/greeting-1/start")).toMatchObject({ status: "running" });
  });
});

describe("an experiment", () => {
  test("is made of a few words, with what is usual for the rest", async () => {
    const { status, json } = await admin.ask("POST", "/admin/experiments", WISH);
    expect(status).toBe(201);
    expect(json as unknown).toEqual({
      id: "greeting-1",
      description: "",
      template: "greeting",
      status: "draft",
      variants: [
        {
          name: "plain",
          version: "1",
          weight: null,
          model: null,
          route: null,
          parameters: null,
          switched_off: null,
        },
        {
          name: "warm",
          version: "2",
          weight: null,
          model: null,
          route: null,
          parameters: null,
          switched_off: null,
        },
      ],
      unit: "run",
      contexts: {},
      outside: 0,
      allocation: "thompson",
      minimum_share: 0.1,
      metric: { name: "helpful", kind: "boolean", min: null, max: null },
      direction: "maximize",
      guardrails: [],
      error_rate: 0.05,
      tolerance: 0,
      when_decided: "propose",
      label: "production",
      created_at: expect.any(String),
      started_at: null,
      ended_at: null,
      promotion: null,
    });
  });

  test("has the kind and the direction that its metric has by nature", async () => {
    const guardrails = [
      { metric: "failure", at_most: 0.1 },
      { metric: "rating", min: 1, max: 5, at_least: 3 },
    ];
    expect(await make({ metric: { name: "cost" }, guardrails })).toMatchObject({
      metric: { kind: "number" },
      direction: "minimize",
      guardrails: [
        { metric: { name: "failure", kind: "boolean" }, at_most: 0.1, at_least: null },
        { metric: { name: "rating", kind: "bounded", min: 1, max: 5 }, at_most: null, at_least: 3 },
      ],
    });
  });

  test("goes through its life, and this process follows each change at once", async () => {
    const followed = admin.followed;
    await make({
      allocation: "fixed",
      variants: WISH.variants.map((variant) => ({ ...variant, weight: 2 })),
    });
    const path = "/admin/experiments/greeting-1";
    expect(await ask("PUT", path, { ...WISH, description: "Warmer?" })).toMatchObject({
      description: "Warmer?",
    });
    for (const [step, status] of [
      ["start", "running"],
      ["pause", "paused"],
      ["resume", "running"],
      ["variants/warm/switch-off", "running"],
      ["variants/warm/switch-on", "running"],
    ] as const)
      expect(await ask("POST", `${path}/${step}`)).toMatchObject({ status });
    expect(await ask("POST", `${path}/promote`, { variant: "warm" })).toMatchObject({
      status: "ended",
      promotion: { variant: "warm", label: "production", previous_version: null, by: "key_admin" },
    });
    expect(await ask("POST", `${path}/revert`)).toMatchObject({ status: "ended", promotion: null });
    expect(admin.followed - followed).toBe(9);
    expect(await kinds("greeting-1")).toEqual([
      "created",
      "edited",
      "started",
      "paused",
      "resumed",
      "switched_off",
      "switched_on",
      "promoted",
      "ended",
      "reverted",
    ]);
    expect(admin.logged.at(-1)).toContain("A promotion was reverted");
    expect(await ask("POST", `${path}/end`)).toMatchObject({ code: "conflict" });
  });

  test("is shown with what is known of it, and asked what another allocation would have earned", async () => {
    await make({ start: true });
    await arrive(admin.storage, "greeting-1", { first: 0, count: 300 }, (variant, chance) => ({
      helpful: chance < (variant === 1 ? 0.9 : 0.3),
    }));
    expect(await ask("GET", "/admin/experiments/greeting-1")).toMatchObject({
      experiment: { status: "running" },
      report: {
        status: "decided",
        winner: "warm",
        verdict: expect.stringContaining("warm is the best"),
        requests: 300,
        judged: 300,
        epochs: 1,
        variants: [
          { name: "plain", share: 0.5, interval: { low: expect.any(Number) } },
          { name: "warm", share: 0.5, switched_off: null },
        ],
        differences: [{ variant: "plain", other: "warm" }],
      },
      events: [{ kind: "created", by: "key_admin", variant: null }],
      epochs: [{ number: 0, probabilities: [0.5, 0.5] }],
    });
    const evaluation = "/admin/experiments/greeting-1/evaluation";
    expect(await ask("GET", `${evaluation}?weights=plain=1,warm=3`)).toMatchObject({
      metric: "helpful",
      policies: [{ policy: "plain 25 %, warm 75 %", answered: true, shares: { plain: 0.25, warm: 0.75 } }],
    });
    expect(await ask("GET", `${evaluation}?new_version=9`)).toMatchObject({
      policies: [{ answered: false, obstacles: expect.arrayContaining(["no_overlap"]), shares: {} }],
    });
    expect(await ask("GET", `${evaluation}?weights=plain`)).toMatchObject({ param: "weights" });
    expect(await ask("GET", `${evaluation}?variant=none`)).toMatchObject({ code: "not_found" });
    expect(await ask("GET", `${evaluation}?since=never`)).toMatchObject({ param: "since" });
  });

  test("is listed among others, page by page", async () => {
    for (const id of ["a", "b", "c"]) await make({ id });
    await ask("POST", "/admin/experiments/b/start");
    const ids = async (query: string) => {
      const { experiments, cursor } = (await ask("GET", `/admin/experiments${query}`)) as {
        experiments: { id: string }[];
        cursor: string | null;
      };
      return [experiments.map(({ id }) => id).join(""), cursor];
    };
    expect(await ids("?limit=2")).toEqual(["cb", "b"]);
    expect(await ids("?limit=2&cursor=b")).toEqual(["a", null]);
    expect(await ids("?status=running")).toEqual(["b", null]);
    expect(await ids("?template=none")).toEqual(["", null]);
    expect(await ask("GET", "/admin/experiments?cursor=x")).toMatchObject({ param: "cursor" });
  });
});

describe("what cannot be done is refused in words", () => {
  test.each([
    ["GET", "/admin/experiments/none", undefined, "not_found"],
    ["GET", "/admin/experiments/none/events", undefined, "not_found"],
    ["GET", "/admin/experiments/none/evaluation", undefined, "not_found"],
    ["POST", "/admin/experiments/none/start", undefined, "not_found"],
    ["POST", "/admin/experiments/none/promote", {}, "not_found"],
    ["POST", "/admin/experiments/none/variants/a/switch-off", {}, "not_found"],
    ["PUT", "/admin/experiments/none", WISH, "not_found"],
  ])("%s %s", async (method, url, body, code) => {
    expect(await ask(method, url, body)).toMatchObject({ code });
  });

  test.each([
    [
      {
        variants: [
          { name: "a", version: 1 },
          { name: "b", version: "2" },
        ],
      },
      "body.variants.0.version",
    ],
    [{ variants: "all" }, "body.variants"],
    [{ metric: { name: "x", kind: "words" } }, "body.metric.kind"],
    [{ guardrails: [{ metric: "failure" }] }, "body.guardrails"],
    [{ variants: WISH.variants.map((variant) => ({ ...variant, weight: 1 })) }, "body.variants"],
    [{ allocation: "fixed", minimum_share: 0.1 }, "body.minimum_share"],
    [{ outside: "1e999" }, "body.outside"],
    [{ colour: "red" }, "body.colour"],
  ])("a body with %j", async (change, param) => {
    expect(await make(change)).toMatchObject({ code: "invalid_request", param });
  });

  test.each([
    [{ template: "nothing" }, "invalid_request", "no template"],
    [{ metric: { name: "rating", kind: "bounded", min: 1 } }, "invalid_request", "needs a min below its max"],
    [{ outside: 2 }, "invalid_request", "outside"],
    [{ unit: "variable:" }, "invalid_request", "A unit is"],
  ])("a definition with %j", async (change, code, message) => {
    expect(await make(change)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test("an edit that would start it, or change its id", async () => {
    await make();
    for (const change of [{ start: true }, { id: "other" }])
      expect(await ask("PUT", "/admin/experiments/greeting-1", { ...WISH, ...change })).toMatchObject({
        code: "invalid_request",
      });
  });

  test("a second one that runs on the template, by the name of the first", async () => {
    await make({ start: true });
    expect(await make({ start: true })).toMatchObject({
      code: "conflict",
      message: expect.stringContaining("greeting-1"),
    });
  });
});
