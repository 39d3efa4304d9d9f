import { describe, expect, test } from "bun:test";
import { FLASH_2, FLASH_3, refusal, write } from "../../../test/support/gemini-request.ts";
import type { GenerateRequest, HostedTool, ToolChoice } from "../../exchange/request.ts";
import { readRequest } from "./read-request.ts";

const f = { kind: "function", name: "f" } as const;

describe("tools", () => {
  const choice = (toolChoice: ToolChoice, tools: GenerateRequest["tools"] = [f]) =>
    write({ tools, toolChoice }).body.toolConfig?.functionCallingConfig;

  test("what must be called is ANY, what may be is VALIDATED where it is limited", () => {
    expect(choice({ mode: "auto" })).toEqual({ mode: "AUTO" });
    expect(choice({ mode: "none" })).toEqual({ mode: "NONE" });
    expect(choice({ mode: "required" })).toEqual({ mode: "ANY" });
    expect(choice({ mode: "tool", name: "f" })).toEqual({ mode: "ANY", allowedFunctionNames: ["f"] });
    expect(choice({ mode: "required", allowed: ["f"] })).toEqual({
      mode: "ANY",
      allowedFunctionNames: ["f"],
    });
    expect(choice({ mode: "auto", allowed: ["f"] })).toEqual({
      mode: "VALIDATED",
      allowedFunctionNames: ["f"],
    });
  });

  test("nothing is said of calls where there are no functions", () => {
    expect(choice({ mode: "auto" }, [])).toBeUndefined();
    expect(write({ toolChoice: { mode: "required" } }).losses).toEqual(["toolChoice: required"]);
  });

  test("parameters are sent as JSON Schema, and as Schema to models that take no other", () => {
    const parameters = {
      type: "object",
      properties: { a: { type: "integer", enum: [1, 2] } },
      additionalProperties: false,
    };
    expect(write({ tools: [{ ...f, parameters }] }).body.tools).toEqual([
      { functionDeclarations: [{ name: "f", parametersJsonSchema: parameters }] },
    ]);
    expect(write({ tools: [{ ...f, parameters }] }, "gemini-1.5-pro").body.tools).toEqual([
      {
        functionDeclarations: [
          { name: "f", parameters: { type: "OBJECT", properties: { a: { type: "INTEGER" } } } },
        ],
      },
    ]);
    expect(write({ tools: [f] }).body.tools).toEqual([{ functionDeclarations: [{ name: "f" }] }]);
  });

  const hosted = (kind: HostedTool["hosted"], type: string, more: Partial<HostedTool> = {}): HostedTool => ({
    kind: "hosted",
    hosted: kind,
    type,
    extensions: { "anthropic-messages": { type } },
    ...more,
  });

  test("other providers' tools are Google's where it has one that does the same", () => {
    const search = hosted("web-search", "web_search_20250305", { maxUses: 3, allowedDomains: ["a.com"] });
    const tools = [search, hosted("web-fetch", "web_fetch"), hosted("code-execution", "code_interpreter")];
    const { body, losses } = write({ tools });
    expect(body.tools).toEqual([{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }]);
    expect(losses).toEqual(["tools[0].allowedDomains", "tools[0].maxUses"]);
    for (const kind of ["file-search", "computer", "image-generation", "mcp", "other"] as const) {
      const error = refusal({ tools: [hosted(kind, `${kind}_1`)] });
      expect(error.code).toBe("conversion_refused");
      expect(error.message).toContain(`${kind}_1`);
    }
  });

  test("functions and hosted tools go together where the model takes both, and Google is told so", () => {
    const tools = [f, hosted("web-search", "web_search")];
    const mixed = write({ tools }, FLASH_3).body;
    expect(mixed.tools).toHaveLength(2);
    expect(mixed.toolConfig).toEqual({ includeServerSideToolInvocations: true });
    const alone = write({ tools }, FLASH_2);
    expect(alone.body.tools).toEqual([{ functionDeclarations: [{ name: "f" }] }]);
    expect(alone.losses).toEqual(["tools[1]: web_search, which this model does not take beside functions"]);
    expect(write({ tools }, FLASH_3, "vertex").body.toolConfig).toBeUndefined();
  });

  test("free-form tools are refused", () => {
    expect(refusal({ tools: [{ kind: "custom", name: "shell" }] }).message).toContain("shell");
  });
});

describe("thinking", () => {
  const thinking = (
    reasoning: GenerateRequest["reasoning"],
    model: string,
    more: Partial<GenerateRequest> = {},
  ) => {
    const { body, losses } = write({ reasoning: reasoning!, ...more }, model);
    return [body.generationConfig?.thinkingConfig, losses] as const;
  };
  const never = ["reasoning: this model cannot be kept from thinking"];

  test.each<[string, GenerateRequest["reasoning"], object | undefined, string[]]>([
    ["gemini-2.5-flash", { effort: "none" }, { thinkingBudget: 0 }, []],
    ["gemini-2.5-flash", { effort: "low" }, { thinkingBudget: 1024 }, []],
    ["gemini-2.5-flash", { effort: "max" }, { thinkingBudget: 24_576 }, []],
    ["gemini-2.5-flash", { adaptive: true }, { thinkingBudget: -1, includeThoughts: true }, []],
    ["gemini-2.5-flash-lite", { budget: 5 }, { thinkingBudget: 512, includeThoughts: true }, []],
    ["models/gemini-2.5-pro", { effort: "none" }, { thinkingBudget: 128 }, never],
    ["gemini-2.5-pro", { budget: 99_999 }, { thinkingBudget: 32_768, includeThoughts: true }, []],
    ["gemini-3-pro-preview", { effort: "minimal" }, { thinkingLevel: "LOW" }, []],
    ["gemini-3-pro-preview", { effort: "medium" }, { thinkingLevel: "HIGH" }, []],
    ["gemini-3.1-pro-preview", { effort: "medium" }, { thinkingLevel: "MEDIUM" }, []],
    ["gemini-3-flash-preview", { effort: "minimal" }, { thinkingLevel: "MINIMAL" }, []],
    ["gemini-3-flash-preview", { effort: "none" }, { thinkingLevel: "MINIMAL" }, never],
    ["gemini-3-flash-preview", { budget: 8192 }, { thinkingLevel: "MEDIUM", includeThoughts: true }, []],
    ["gemini-3-flash-preview", { adaptive: true, summary: "none" }, undefined, []],
    ["gemini-3.8-flash", { effort: "minimal" }, { thinkingLevel: "LOW" }, []],
    [
      "gemini-4-argon",
      { effort: "xhigh", summary: "auto" },
      { thinkingLevel: "HIGH", includeThoughts: true },
      [],
    ],
    ["gemini-flash-latest", { effort: "high" }, { thinkingLevel: "HIGH" }, []],
    ["gemini-2.0-flash", { effort: "high" }, undefined, ["reasoning: this model does not think"]],
    ["gemini-2.0-flash", { effort: "none" }, undefined, []],
    ["some-model", { effort: "high" }, { thinkingBudget: 24_576 }, []],
  ])("%s, %j", (model, reasoning, config, losses) => {
    expect(thinking(reasoning, model)).toEqual([config as never, losses]);
  });

  test("effort leaves tokens for the answer", () => {
    expect(thinking({ effort: "high" }, FLASH_2, { maxOutputTokens: 1000 })[0]).toEqual({
      thinkingBudget: 800,
    });
  });

  test("what a client of this format asked for stays, unless the model knows no levels", () => {
    const asked = (thinkingConfig: object, model: string) => {
      const body = { contents: [{ parts: [{ text: "a" }] }], generationConfig: { thinkingConfig } };
      const written = write(readRequest(body, { model, stream: false }), model).body;
      return written.generationConfig?.thinkingConfig;
    };
    expect(asked({ thinkingBudget: 5 }, FLASH_3)).toEqual({ thinkingBudget: 5 });
    expect(asked({ includeThoughts: false }, FLASH_2)).toEqual({ includeThoughts: false });
    expect(asked({ thinkingLevel: "LOW" }, FLASH_2)).toEqual({ thinkingBudget: 1024 });
  });
});

describe("settings", () => {
  test("each has its member", () => {
    const { body, losses } = write(
      {
        temperature: 0.5,
        topP: 0.5,
        topK: 5,
        maxOutputTokens: 100,
        choices: 2,
        seed: 2 ** 32 + 5,
        stop: ["a", ""],
        presencePenalty: 1,
        frequencyPenalty: 0,
        logprobs: { top: 3 },
        serviceTier: "default",
      },
      "gemini-2.0-flash",
    );
    expect(body.generationConfig).toEqual({
      temperature: 0.5,
      topP: 0.5,
      topK: 5,
      maxOutputTokens: 100,
      candidateCount: 2,
      seed: 5,
      stopSequences: ["a"],
      presencePenalty: 1,
      responseLogprobs: true,
      logprobs: 3,
    });
    expect(body.serviceTier).toBe("standard");
    expect(losses).toEqual([]);
  });

  test("what has no place is named, unless it changes nothing of the answer", () => {
    const { body, losses } = write({
      verbosity: "low",
      prediction: "p",
      metadata: { a: "b" },
      userId: "u",
      promptCacheKey: "k",
      serviceTier: "scale",
      presencePenalty: 1,
      parallelToolCalls: false,
      tools: [{ ...f, strict: true }],
      messages: [{ role: "user", name: "n", parts: [{ kind: "text", text: "a", cache: {} }] }],
    });
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "a" }] }],
      tools: [{ functionDeclarations: [{ name: "f" }] }],
    });
    expect([...losses].sort()).toEqual([
      "messages[0].name",
      "metadata",
      "parallelToolCalls: false",
      "prediction",
      "presencePenalty",
      "serviceTier: scale",
      "tools: strict",
      "verbosity",
    ]);
  });

  test("more stop sequences than it takes are refused", () => {
    expect(refusal({ stop: ["a", "b", "c", "d", "e", "f"] }).message).toContain("stop");
  });

  const output = { kind: "json-schema", name: "n", description: "d", schema: { type: "object" } } as const;

  test("an answer is held to a JSON Schema", () => {
    expect(write({ output }).body.generationConfig).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { description: "d", type: "object" },
    });
    expect(write({ output }, "gemini-1.5-flash").body.generationConfig).toEqual({
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", description: "d" },
    });
    expect(write({ output: { kind: "json-object" } }).body.generationConfig).toEqual({
      responseMimeType: "application/json",
    });
  });

  test("beside functions it is asked for in words where the model takes no schema there", () => {
    const { body, losses } = write({ output, tools: [f] });
    expect(body.generationConfig).toBeUndefined();
    expect(body.systemInstruction?.parts[0]?.text).toContain('{"description":"d","type":"object"}');
    expect(losses).toHaveLength(1);
    expect(write({ output, tools: [f] }, FLASH_3).body.generationConfig).toHaveProperty("responseJsonSchema");
  });
});
