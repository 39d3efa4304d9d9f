import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ApiError, GoogleGenAI } from "@google/genai";
import { DEMO_DOORS, failureOf } from "../../support/doors.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const PROMPT = "What is the capital of Noord-Holland?";
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

async function apiError(call: () => Promise<unknown>): Promise<ApiError> {
  const error = await failureOf(call);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

describe.each(DEMO_DOORS)("the Google GenAI SDK through $name", (door) => {
  const model = door.model("echo");
  const models = (apiKey = gateway.key) =>
    new GoogleGenAI({ apiKey, httpOptions: { baseUrl: door.base(gateway) } }).models;

  test("generateContent", async () => {
    const answer = await models().generateContent({ model, contents: PROMPT });
    expect(answer.text).toContain(PROMPT);
    expect(answer.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
  });

  test("generateContentStream", async () => {
    const pieces: string[] = [];
    for await (const piece of await models().generateContentStream({ model, contents: PROMPT }))
      pieces.push(piece.text ?? "");
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toContain(PROMPT);
  });

  test("a function call", async () => {
    const answer = await models().generateContent({
      model: door.model("tools"),
      contents: PROMPT,
      config: { tools: [{ functionDeclarations: [{ name: "look_up" }] }] },
    });
    expect(answer.functionCalls?.[0]?.name).toBe("look_up");
  });

  test("embedContent", async () => {
    const answer = await models().embedContent({ model, contents: [PROMPT, "another"] });
    expect(answer.embeddings).toHaveLength(2);
    expect(answer.embeddings?.[0]?.values?.length).toBeGreaterThan(0);
  });

  test("countTokens", async () => {
    expect((await models().countTokens({ model, contents: PROMPT })).totalTokens).toBeGreaterThan(0);
  });

  test("a wrong key is the SDK's ApiError 401, for a stream too", async () => {
    const wrong = models("ams_wrong");
    const ask = { model, contents: PROMPT };
    expect((await apiError(() => wrong.generateContent(ask))).status).toBe(401);
    expect((await apiError(() => wrong.generateContentStream(ask))).status).toBe(401);
    expect((await apiError(() => wrong.countTokens(ask))).status).toBe(401);
  });
});

describe("the Google GenAI SDK", () => {
  const models = (path = "") =>
    new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url + path } }).models;

  test("gets 404 with the name for a model that no provider has", async () => {
    for (const model of ["nosuch/model-9", "nosuch-model-9"]) {
      const error = await apiError(() => models().generateContent({ model, contents: PROMPT }));
      expect(error.status).toBe(404);
      expect(error.message).toContain("nosuch");
    }
  });

  test("gets 404 with the name for a provider that is not there", async () => {
    const error = await apiError(() =>
      models("/v1/nosuch").generateContent({ model: "m", contents: PROMPT }),
    );
    expect(error.status).toBe(404);
    expect(error.message).toContain("nosuch");
  });

  test("lists the demo's models under their names at the unified door", async () => {
    const names: string[] = [];
    for await (const model of await models().list()) names.push(model.name ?? "");
    expect(names).toContain("models/demo/echo");
  });
});

test.each(["/v1beta/models/demo/echo", "/v1beta/models/demo%2Fecho", "/v1/demo/v1beta/models/echo"])(
  "Gemini's path %s is understood, the slash encoded or not, with the key in the query",
  async (path) => {
    const response = await fetch(`${gateway.url}${path}:generateContent?key=${gateway.key}`, {
      method: "POST",
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: PROMPT }] }] }),
    });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(PROMPT);
  },
);
