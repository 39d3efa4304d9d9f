import { describe, expect, test } from "bun:test";
import { Losses } from "../../exchange/losses.ts";
import type { FunctionTool, GenerateRequest, HostedTool, ReasoningOptions } from "../../exchange/request.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

const BUDGETED = "claude-sonnet-4-5";
const EITHER = "claude-opus-4-6";
const ADAPTIVE = "claude-opus-4-8";
const NEWEST = "claude-opus-5-5";

const look: FunctionTool = { kind: "function", name: "look", parameters: { type: "object", properties: {} } };
const write: FunctionTool = { ...look, name: "write" };

function written(request: Partial<GenerateRequest>, model = BUDGETED) {
  const losses = new Losses();
  const whole: GenerateRequest = {
    model: "asked-for",
    stream: false,
    streamUsage: true,
    messages: [{ role: "user", parts: [{ kind: "text", text: "hi" }] }],
    tools: [],
    ...request,
  };
  return { body: writeRequest(whole, { model, losses, provider: "anthropic" }), losses: losses.items };
}

const refused = expect.objectContaining({ code: "conversion_refused" });

describe("max_tokens", () => {
  test.each([
    ["claude-3-haiku-20240307", 4096],
    ["claude-sonnet-4-5", 64_000],
    ["claude-opus-4-8", 128_000],
    ["kimi-k2", 8192],
  ])("of %s is %i where the client gives none", (model, limit) => {
    expect(written({}, model).body.max_tokens).toBe(limit);
  });

  test("is what the client gives, up to the model's most", () => {
    expect(written({ maxOutputTokens: 100 }).body.max_tokens).toBe(100);
    const { body, losses } = written({ maxOutputTokens: 100_000 });
    expect([body.max_tokens, losses]).toEqual([64_000, ["maxOutputTokens: the model's most is 64000"]]);
  });
});

describe("thinking", () => {
  const thinks = (reasoning: ReasoningOptions, model: string, more: Partial<GenerateRequest> = {}) => {
    const { body, losses } = written({ reasoning, ...more }, model);
    return { thinking: body.thinking, effort: body.output_config?.effort, losses };
  };

  test.each([
    [{ effort: "low" }, BUDGETED, { type: "enabled", budget_tokens: 1024 }, undefined],
    [{ effort: "high" }, BUDGETED, { type: "enabled", budget_tokens: 24_576 }, undefined],
    [{ adaptive: true }, BUDGETED, { type: "enabled", budget_tokens: 24_576 }, undefined],
    [{ budget: 5000 }, BUDGETED, { type: "enabled", budget_tokens: 5000 }, undefined],
    [{ budget: 5000 }, EITHER, { type: "enabled", budget_tokens: 5000 }, undefined],
    [{ effort: "high" }, EITHER, { type: "adaptive" }, "high"],
    [{ effort: "minimal" }, ADAPTIVE, { type: "adaptive", display: "summarized" }, "low"],
    [{ effort: "xhigh", summary: "none" }, ADAPTIVE, { type: "adaptive", display: "omitted" }, "xhigh"],
    [{ budget: 5000 }, ADAPTIVE, { type: "adaptive", display: "summarized" }, "medium"],
    [{ adaptive: true }, ADAPTIVE, { type: "adaptive", display: "summarized" }, undefined],
    [{ effort: "none" }, BUDGETED, undefined, undefined],
    [{ budget: 0 }, ADAPTIVE, undefined, undefined],
    [{ effort: "none" }, "claude-opus-5", { type: "disabled" }, undefined],
    [{ summary: "auto" }, ADAPTIVE, undefined, undefined],
    [{ summary: "auto" }, "claude-opus-5", { type: "adaptive", display: "summarized" }, undefined],
  ] as const)("%j for %s", (reasoning, model, thinking, effort) => {
    expect(thinks(reasoning, model)).toEqual({ thinking, effort, losses: [] });
  });

  test("that cannot be kept out is kept short, which is a loss", () => {
    expect(thinks({ effort: "none" }, NEWEST)).toMatchObject({
      thinking: undefined,
      effort: "low",
      losses: [expect.any(String)],
    });
    expect(thinks({ effort: "none" }, "claude-sonnet-5-5")).toMatchObject({
      thinking: { type: "between_tools" },
      losses: [expect.any(String)],
    });
  });

  test("is a loss where the model cannot", () => {
    expect(thinks({ effort: "high" }, "claude-3-opus-20240229")).toEqual({
      thinking: undefined,
      effort: undefined,
      losses: ["reasoning"],
    });
  });

  test("leaves room in the limit for the answer", () => {
    expect(thinks({ effort: "high" }, BUDGETED, { maxOutputTokens: 4000 }).thinking).toEqual({
      type: "enabled",
      budget_tokens: 3200,
    });
    expect(thinks({ budget: 9000 }, BUDGETED, { maxOutputTokens: 4000 })).toMatchObject({
      thinking: { budget_tokens: 3999 },
      losses: ["reasoning.budget"],
    });
    expect(thinks({ effort: "low" }, BUDGETED, { maxOutputTokens: 1024 })).toMatchObject({
      thinking: undefined,
      losses: ["reasoning: the limit of tokens leaves no room for it"],
    });
  });

  const forced = { tools: [look], toolChoice: { mode: "required" } } as const;

  test("by budget is not asked for beside a forced tool", () => {
    expect(thinks({ effort: "high" }, BUDGETED, forced)).toMatchObject({
      thinking: undefined,
      losses: ["reasoning: not with a forced tool"],
    });
    expect(thinks({ effort: "high" }, EITHER, forced)).toMatchObject({
      thinking: { type: "adaptive" },
      losses: [],
    });
  });

  const loop = (seal: "gemini" | "anthropic-messages"): Partial<GenerateRequest> => ({
    messages: [
      { role: "user", parts: [{ kind: "text", text: "hi" }] },
      {
        role: "assistant",
        parts: [
          { kind: "reasoning", text: "hm", seal: { origin: seal, value: "c2ln" } },
          { kind: "tool-call", id: "a", name: "look", arguments: "{}" },
        ],
      },
      { role: "tool", parts: [{ kind: "tool-result", callId: "a", parts: [] }] },
    ],
  });

  test("by budget is not asked for where the turn to go on with has no thoughts", () => {
    expect(thinks({ budget: 2000 }, BUDGETED, loop("anthropic-messages")).thinking).toBeDefined();
    expect(thinks({ budget: 2000 }, BUDGETED, loop("gemini"))).toMatchObject({
      thinking: undefined,
      losses: ["reasoning: the turn to go on with has no thoughts of Anthropic's"],
    });
    expect(thinks({ effort: "high" }, ADAPTIVE, loop("gemini")).thinking).toBeDefined();
  });

  test("is switched off so for a client of this API as well, whose thoughts another provider made", () => {
    const request = readRequest({
      model: BUDGETED,
      max_tokens: 4000,
      thinking: { type: "enabled", budget_tokens: 2000 },
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "hm", signature: "amsterdam.seal.g.c2ln" },
            { type: "tool_use", id: "a", name: "look", input: {} },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "x" }] },
      ],
    });
    const { body } = written(request);
    expect(body.thinking).toBeUndefined();
    expect(body.messages[1]!.content).toEqual([{ type: "tool_use", id: "a", name: "look", input: {} }]);
  });
});

describe("sampling", () => {
  test.each([
    [{ temperature: 0.5 }, BUDGETED, { temperature: 0.5 }, []],
    [{ temperature: 1.5 }, BUDGETED, { temperature: 1 }, ["temperature: 1 is the most"]],
    [{ temperature: 0.5, topP: 0.9 }, BUDGETED, { temperature: 0.5 }, ["topP"]],
    [{ temperature: 1, topP: 0.9 }, BUDGETED, { top_p: 0.9 }, []],
    [{ temperature: 0.5, topP: 1 }, BUDGETED, { temperature: 0.5 }, []],
    [
      { temperature: 0.5, topP: 0.9, topK: 5 },
      "claude-3-7-sonnet",
      { temperature: 0.5, top_p: 0.9, top_k: 5 },
      [],
    ],
    [{ temperature: 0.5, topP: 0.9, topK: 5 }, ADAPTIVE, {}, ["temperature", "topP", "topK"]],
    [{ temperature: 1, topP: 1 }, ADAPTIVE, {}, []],
    [{ temperature: 0, topK: 5, reasoning: { effort: "low" } }, BUDGETED, {}, ["temperature", "topK"]],
    [{ topP: 0.96, reasoning: { effort: "low" } }, BUDGETED, { top_p: 0.96 }, []],
    [{ temperature: 0, reasoning: { effort: "low" } }, "kimi-k2", { temperature: 0 }, []],
  ] as const)("%j for %s", (request, model, expected, named) => {
    const { body, losses } = written(request, model);
    const { temperature, top_p, top_k } = body;
    expect(JSON.parse(JSON.stringify({ temperature, top_p, top_k }))).toEqual(expected);
    expect(losses).toEqual([...named]);
  });
});

describe("tools", () => {
  test("have a schema of type object, whatever the client gave", () => {
    const parameters = [undefined, { properties: { a: { type: "string" } } }];
    const tools = parameters.map(
      (given, index): FunctionTool => ({
        kind: "function",
        name: `t${index}`,
        ...(given === undefined ? {} : { parameters: given }),
      }),
    );
    expect(written({ tools }).body.tools).toEqual([
      { name: "t0", input_schema: { type: "object", properties: {} } },
      { name: "t1", input_schema: { type: "object", properties: { a: { type: "string" } } } },
    ]);
  });

  test("that must be kept to the letter say so where the model can", () => {
    const strict: FunctionTool = {
      ...look,
      strict: true,
      parameters: { type: "object", properties: { a: { type: "integer", minimum: 1 } } },
    };
    const { body, losses } = written({ tools: [strict] });
    expect(body.tools).toEqual([
      {
        name: "look",
        strict: true,
        input_schema: {
          type: "object",
          properties: { a: { type: "integer", description: "{minimum: 1}" } },
          additionalProperties: false,
        },
      },
    ]);
    expect(losses).toEqual(["tools[0].parameters: bounds are told in descriptions"]);
    expect(written({ tools: [strict] }, "claude-sonnet-4-0").losses).toEqual(["tools[0].strict"]);
  });

  test("more than the API holds to the letter are not", () => {
    const tools = Array.from(
      { length: 21 },
      (_, index): FunctionTool => ({ ...look, name: `t${index}`, strict: true }),
    );
    expect(written({ tools }).body.tools!.every((tool) => !("strict" in tool))).toBe(true);
  });

  test.each([
    [{ mode: "auto" }, undefined, { type: "auto" }],
    [{ mode: "required" }, undefined, { type: "any" }],
    [{ mode: "none" }, false, { type: "none" }],
    [{ mode: "tool", name: "look" }, undefined, { type: "tool", name: "look" }],
    [{ mode: "required", allowed: ["look"] }, undefined, { type: "tool", name: "look" }],
    [undefined, false, { type: "auto", disable_parallel_tool_use: true }],
    [undefined, true, undefined],
    [{ mode: "required" }, false, { type: "any", disable_parallel_tool_use: true }],
    [{ mode: "auto" }, true, { type: "auto", disable_parallel_tool_use: false }],
  ] as const)("choice %j, parallel %j", (toolChoice, parallelToolCalls, expected) => {
    const request = {
      tools: [look, write],
      ...(toolChoice === undefined ? {} : { toolChoice }),
      ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    };
    expect(written(request).body.tool_choice).toEqual(expected);
  });

  test("that are not allowed are not sent", () => {
    const { body, losses } = written({
      tools: [look, write],
      toolChoice: { mode: "auto", allowed: ["write"] },
    });
    expect(body.tools).toMatchObject([{ name: "write" }]);
    expect(losses).toEqual([]);
  });

  test("cannot be forced on some models, which are told in words", () => {
    const { body, losses } = written({ tools: [look], toolChoice: { mode: "tool", name: "look" } }, NEWEST);
    expect(body.tool_choice).toEqual({ type: "auto" });
    expect(body.system).toBe('You must call the tool "look" in this answer.');
    expect(losses).toHaveLength(1);
  });

  test("have no settings where there are none", () => {
    const { body } = written({ toolChoice: { mode: "auto" }, parallelToolCalls: false });
    expect(body.tools).toBeUndefined();
    expect(body.tool_choice).toBeUndefined();
  });

  test("that are free-form are refused", () => {
    expect(() => written({ tools: [{ kind: "custom", name: "patch" }] })).toThrow(refused);
  });

  const hosted = (kind: HostedTool["hosted"], more: Partial<HostedTool> = {}): HostedTool => ({
    kind: "hosted",
    hosted: kind,
    type: "theirs",
    extensions: {},
    ...more,
  });

  test("that providers run are mapped", () => {
    const search = hosted("web-search", {
      allowedDomains: ["a.org", "b.org"],
      blockedDomains: ["b.org"],
      maxUses: 3,
      location: { city: "Oslo" },
    });
    expect(
      written({
        tools: [search, hosted("web-fetch", { blockedDomains: ["c.org"] }), hosted("code-execution")],
      }).body.tools,
    ).toEqual([
      {
        type: "web_search_20250305",
        name: "web_search",
        allowed_domains: ["a.org"],
        max_uses: 3,
        user_location: { type: "approximate", city: "Oslo" },
      },
      { type: "web_fetch_20250910", name: "web_fetch", blocked_domains: ["c.org"] },
      { type: "code_execution_20250825", name: "code_execution" },
    ]);
  });

  test.each(["file-search", "image-generation", "computer", "mcp", "other"] as const)(
    "%s is refused",
    (kind) => {
      expect(() => written({ tools: [hosted(kind)] })).toThrow(refused);
    },
  );
});

describe("the answer's shape", () => {
  const schema = { type: "object", properties: { a: { type: "string", maxLength: 3 } } };

  test("is asked for by its schema", () => {
    const { body, losses } = written({ output: { kind: "json-schema", schema, description: "An a." } });
    expect(body.output_config).toEqual({
      format: {
        type: "json_schema",
        schema: {
          description: "An a.",
          type: "object",
          properties: { a: { type: "string", description: "{maxLength: 3}" } },
          additionalProperties: false,
        },
      },
    });
    expect(losses).toEqual(["output.schema: bounds are told in descriptions"]);
  });

  test("stands beside the effort", () => {
    const { body } = written(
      { output: { kind: "json-schema", schema: { type: "object" } }, reasoning: { effort: "low" } },
      ADAPTIVE,
    );
    expect(body.output_config).toMatchObject({ effort: "low", format: { type: "json_schema" } });
  });

  test.each([
    [{ kind: "json-object" }, BUDGETED],
    [{ kind: "json-schema", schema }, "claude-sonnet-4-0"],
    [
      {
        kind: "json-schema",
        schema: { $ref: "#/$defs/n", $defs: { n: { properties: { n: { $ref: "#/$defs/n" } } } } },
      },
      BUDGETED,
    ],
  ] as const)("%j for %s is told in words, after the client's own", (output, model) => {
    const { body, losses } = written(
      {
        output,
        messages: [
          { role: "system", parts: [{ kind: "text", text: "Be kind." }] },
          { role: "user", parts: [{ kind: "text", text: "hi" }] },
        ],
      },
      model,
    );
    expect(body.output_config).toBeUndefined();
    expect(body.system).toMatchObject([{ text: "Be kind." }, { text: expect.stringContaining("JSON") }]);
    expect(losses).toHaveLength(1);
  });
});

describe("other settings", () => {
  test("that the API has are written", () => {
    const { body } = written({ stop: ["a", " "], userId: "u1", serviceTier: "default", stream: true });
    expect(body).toMatchObject({
      stop_sequences: ["a"],
      metadata: { user_id: "u1" },
      service_tier: "standard_only",
      stream: true,
    });
  });

  test("that it has not are named", () => {
    const { losses } = written({
      seed: 1,
      frequencyPenalty: 1,
      presencePenalty: 1,
      logprobs: {},
      verbosity: "low",
      prediction: "x",
      metadata: { a: "b" },
      serviceTier: "flex",
      stop: ["\n"],
    });
    expect(losses).toEqual([
      "seed",
      "frequencyPenalty",
      "presencePenalty",
      "logprobs",
      "verbosity",
      "prediction",
      "metadata",
      "stop: sequences of white space",
      "serviceTier: flex",
    ]);
  });

  test("more than one answer is refused", () => {
    expect(() => written({ choices: 2 })).toThrow(refused);
    expect(written({ choices: 1 }).losses).toEqual([]);
  });
});
