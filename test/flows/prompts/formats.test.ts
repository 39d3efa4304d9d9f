import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { admin } from "../../support/admin-client.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { callTemplated, TEMPLATED_CALLS } from "../../support/templated-calls.ts";

// Each API's client, with the demo provider asked in that API and in each other one. It repeats what the user says.

const OWN = { template: "Hello {{ name }}!", template_id: "greeting-v1", variables: { name: "Tinco" } };
const API_FORMATS = TEMPLATED_CALLS.map(({ format }) => format);

describe.each([0, 1, 2, 3])("with the target's API %d places from the client's", (shift) => {
  let gateway: Gateway;
  beforeAll(async () => {
    const rules = API_FORMATS.map((from, at) => ({
      from,
      to: API_FORMATS[(at + shift) % API_FORMATS.length],
    }));
    gateway = await startGateway({ config: { conversion: { rules: shift === 0 ? [] : rules } } });
    await admin(gateway, "POST", "/prompts", {
      name: "greeting",
      version: "2",
      text: "Hi {{ name | upcase }}",
    });
    await admin(gateway, "POST", "/prompts/greeting/versions", { version: "3", text: "{{ nobody }}" });
    await admin(gateway, "PUT", "/prompts/greeting/labels/staging", { version: "2" });
    await admin(gateway, "PUT", "/prompts/greeting/labels/broken", { version: "3" });
    await admin(gateway, "POST", "/prompts", {
      name: "chat",
      version: "1",
      messages: [
        { role: "system", text: "You are {{ who }}." },
        { role: "user", text: "Is it {{ what }}?" },
        { role: "assistant", text: "No." },
        { role: "user", text: "Why not {{ what }}?" },
      ],
    });
    await admin(gateway, "PUT", "/prompts/chat/labels/production", { version: "1" });
  });
  afterAll(() => gateway.stop());

  describe.each(TEMPLATED_CALLS)("$format", (call) => {
    test.each([false, true])(
      "the client's template, the gateway's version, a chat (streamed: %p)",
      async (stream) => {
        const ask = (message: Record<string, unknown>, headers: Record<string, string> = {}) =>
          callTemplated(gateway, call, message, { stream, headers });
        const rendered = await ask(OWN);
        expect([rendered.status, rendered.headers.get("x-amsterdam-template")]).toEqual([200, "greeting-v1"]);
        expect(rendered.text).toEndWith("You said: Hello Tinco!");
        expect((await ask({ ...OWN, content: "Hello  you" })).text).toEndWith("You said: Hello  you");

        const replaced = await ask({ ...OWN, content: "own" }, { "x-amsterdam-label": "staging" });
        expect(replaced.headers.get("x-amsterdam-template")).toBe("greeting-v2");
        expect(replaced.text).toEndWith("You said: Hi TINCO");
        const kept = { "x-amsterdam-label": "staging", "x-amsterdam-templates": "OFF" };
        expect((await ask({ ...OWN, content: "own" }, kept)).text).toEndWith("You said: own");

        const fallback = await ask({ ...OWN, content: "own" }, { "x-amsterdam-label": "broken" });
        expect(fallback.text).toEndWith("You said: own");
        expect(fallback.headers.get("x-amsterdam-warning")).toBe(
          "template greeting, version 3, message 1, line 1, column 4: variable nobody is missing",
        );

        const chat = await ask({ template_id: "chat", variables: { who: "Ada", what: "open" } });
        expect([chat.status, chat.headers.get("x-amsterdam-template")]).toEqual([200, "chat-v1"]);
        expect(chat.text).toContain("Why not open?");
      },
    );

    test("a text that cannot be made is refused in the API's own words", async () => {
      const { variables: _none, ...without } = OWN;
      for (const [message, field, ...words] of [
        [
          without,
          "variables",
          "template greeting, version 1",
          "line 1, column 10",
          "variable name is missing",
        ],
        [
          { template: "{% if %}", template_id: "x-v1" },
          "template",
          "template x, version 1",
          "line 1, column",
        ],
        [{ template_id: "greeting-v9" }, "template_id", "greeting has no version 9"],
        [{ template_id: "nobody" }, "template_id", "nobody has no version that is served"],
        [{ template: "{{ x", variables: { x: 1 } }, "template", "line 1, column"],
      ] as const) {
        const refused = await callTemplated(gateway, call, message);
        expect(refused.status).toBe(400);
        const { message: told, param } = call.errorOf(refused.json);
        for (const word of [call.at, ...words]) expect(told).toContain(word);
        if (param !== undefined) expect(param).toBe(`${call.at}.${field}`);
        expect(refused.headers.get("x-should-retry")).toBe("false");
      }
    });
  });
});
