import { afterAll, describe, expect, test } from "bun:test";
import { type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import { geminiCodec } from "./codec.ts";

const answer: GenerateResponse = {
  id: "id-1",
  model: "other",
  choices: [
    {
      index: 0,
      parts: [
        { kind: "reasoning", text: "hm", seal: { origin: "anthropic-messages", value: "c2ln" } },
        { kind: "text", text: "Looking it up." },
        { kind: "tool-call", id: "toolu_1", name: "look_up", arguments: '{"city":"Berlin"}' },
        { kind: "tool-call", id: "toolu_2", name: "look_up", arguments: '{"city":"Rome"}' },
      ],
      finish: "tool-calls",
    },
  ],
  usage: { input: 10, output: 5, reasoning: 2 },
};

const asked: GenerateRequest[] = [];
/** Answers every request with `answer`, as the gateway does. */
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const stream = pathname.endsWith(":streamGenerateContent");
    const read = geminiCodec.readRequest(await request.json(), { model: "m", stream });
    asked.push(read);
    const context = { request: read, model: "m", losses: new Losses(), newId: () => "id", now: () => 0 };
    if (!stream) return Response.json(geminiCodec.writeResponse(answer, context));
    const writer = geminiCodec.createStreamWriter(context);
    const chunks = [...eventsOf(answer)].map((event) => writer.write(event) + geminiCodec.keepAlive);
    return new Response(chunks.join(""), { headers: { "content-type": "text/event-stream" } });
  },
});
afterAll(() => server.stop(true));

const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: server.url.origin } });

function expectAnswer(responses: readonly GenerateContentResponse[]): void {
  expect(responses.map((response) => response.text ?? "").join("")).toBe("Looking it up.");
  expect(responses.flatMap((response) => response.functionCalls ?? [])).toEqual([
    { id: "toolu_1", name: "look_up", args: { city: "Berlin" } },
    { id: "toolu_2", name: "look_up", args: { city: "Rome" } },
  ]);
  const last = responses.at(-1)!;
  expect(last.candidates?.[0]?.finishReason).toBe("STOP" as never);
  expect(last.usageMetadata).toMatchObject({
    promptTokenCount: 10,
    candidatesTokenCount: 3,
    thoughtsTokenCount: 2,
  });
}

describe("Google's SDK", () => {
  test("reads what is written, whole and streamed", async () => {
    const request = { model: "m", contents: "hi" };
    expectAnswer([await client.models.generateContent(request)]);
    expectAnswer(await Array.fromAsync(await client.models.generateContentStream(request)));
  });

  test("sends an answer back in the next turn, and it is read as it was", async () => {
    const chat = client.chats.create({
      model: "m",
      config: { tools: [{ functionDeclarations: [{ name: "look_up" }] }] },
    });
    await Array.fromAsync(await chat.sendMessageStream({ message: "hi" }));
    const results = ["toolu_2", "toolu_1"].map((id) => ({
      functionResponse: { id, name: "look_up", response: { output: id } },
    }));
    await chat.sendMessage({ message: results });
    const { messages } = asked.at(-1)!;
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "tool"]);
    const plain = messages[1]!.parts.map((part) => {
      const { extensions: _, ...rest } = part as Extract<Part, { kind: "text" }>;
      return rest;
    });
    expect(plain).toEqual(answer.choices[0]!.parts as never);
    const answered = messages[2]!.parts.map((part) => (part.kind === "tool-result" ? part.callId : null));
    expect(answered).toEqual(["toolu_2", "toolu_1"]);
  });
});
