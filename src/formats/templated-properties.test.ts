import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Format } from "../exchange/formats.ts";
import { JsonSyntaxError } from "../lib/json-scan.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { readRequestFields, rewriteBody, withModel } from "./request-fields.ts";
import { ownText, withFillings, withParameters } from "./templated.ts";

const FORMATS = Object.keys(FORMAT_MODULES) as Format[];
const RUNS = { seed: 20261122, numRuns: 1500 };

/** How each format has what the tests make. */
const WIRE = {
  "openai-chat": { list: "messages", content: "content", type: "text", assistant: "assistant" },
  "openai-responses": { list: "input", content: "content", type: "input_text", assistant: "assistant" },
  "anthropic-messages": { list: "messages", content: "content", type: "text", assistant: "assistant" },
  gemini: { list: "contents", content: "parts", type: null, assistant: "model" },
} as const;

interface Part {
  /** Null for a part that is no text. */
  readonly text: string | null;
}

interface Message {
  readonly hasRole: boolean;
  readonly content: string | readonly Part[] | null;
  readonly isTemplate: boolean;
  readonly filling: readonly TemplateMessage[] | null;
}

interface Request {
  readonly messages: readonly Message[];
  readonly others: readonly string[];
  readonly gap: string;
  readonly parameters: Readonly<Record<string, number>>;
}

const said = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", '"', "\\", "\ud800", "{{ x }}", "é😀"),
);
const part = fc.record<Part>({ text: fc.option(said) });
const plain = said.map((text): TemplateMessage[] => [{ role: null, text }]);
const roles = fc.array(
  fc.record<TemplateMessage>({ role: fc.constantFrom("system", "user", "assistant"), text: said }),
  { minLength: 1, maxLength: 3 },
);
const message = fc.record<Message>({
  hasRole: fc.boolean(),
  content: fc.oneof(said, fc.array(part, { maxLength: 4 }), fc.constant(null)),
  isTemplate: fc.boolean(),
  filling: fc.option(fc.oneof(plain, roles)),
});
/** Values that JSON.stringify would write otherwise. */
const other = fc.constantFrom(
  "1.0",
  "1e2",
  '"\\u00e9\\/"',
  '[ {"template":"t" } ]',
  '{"variables" : {}}',
  "-0",
);
const request = fc.record<Request>({
  messages: fc.array(message, { maxLength: 5 }),
  others: fc.array(other, { maxLength: 3 }),
  gap: fc.constantFrom("", " ", "\n\t"),
  parameters: fc.dictionary(fc.constantFrom("seed_", "temperature_", "other0"), fc.integer(), { maxKeys: 2 }),
});

/** The body, each untouched member of it written so that it can be found again, and these members. */
function write(format: Format, { messages, others, gap }: Request): { text: string; kept: string[] } {
  const wire = WIRE[format];
  const kept = others.map((value, i) => `"other${i + 1}"${gap}:${gap}${value}`);
  const written = messages.map(({ hasRole, content, isTemplate }, i) => {
    const mark = `"mark"${gap}:${gap}${i}.0`;
    if (isTemplate) kept.push(mark);
    const parts = Array.isArray(content)
      ? content.map(({ text }, j) =>
          text === null
            ? `{"type":"image",${gap}"n":${i}.${j}0}`
            : `{${wire.type === null ? "" : `"type":"${wire.type}",`}${gap}"text":${JSON.stringify(text)}}`,
        )
      : [];
    const json =
      typeof content === "string" && format !== "gemini"
        ? JSON.stringify(content)
        : `[${parts.join(`${gap},${gap}`)}]`;
    return `{${[
      ...(isTemplate ? ['"template_id":"t"'] : []),
      mark,
      ...(hasRole ? ['"role":"user"'] : []),
      ...(isTemplate ? ['"variables":{"a":1}'] : []),
      ...(content === null ? [] : [`"${wire.content}"${gap}:${json}`]),
    ].join(`${gap},`)}}`;
  });
  const members = [
    '"run_id":"r"',
    ...kept.slice(0, others.length),
    `"${wire.list}":${gap}[${written.join(`,${gap}`)}]`,
  ];
  return { text: `${gap}{${members.join(`,${gap}`)}${gap}}`, kept };
}

/** What is to come out, by objects. */
function expected(format: Format, { messages, others, parameters }: Request): object {
  const wire = WIRE[format];
  const hasSystem = format === "anthropic-messages" || format === "gemini";
  const textPart = (text: string) => (wire.type === null ? { text } : { type: wire.type, text });
  const system: string[] = [];
  const list = messages.flatMap(({ hasRole, content, isTemplate, filling }, i): object[] => {
    const parts = Array.isArray(content)
      ? content.map(({ text }, j) =>
          text === null ? { type: "image", n: Number(`${i}.${j}0`) } : textPart(text),
        )
      : [];
    const own = !Array.isArray(content) && format !== "gemini" ? (content ?? "") : parts;
    const role = hasRole || (isTemplate && format !== "gemini") ? { role: "user" } : {};
    if (!isTemplate || filling === null)
      return [{ mark: i, ...role, ...(content === null ? {} : { [wire.content]: own }) }];
    if (filling.length === 1 && filling[0]!.role === null)
      return [{ mark: i, ...role, [wire.content]: replaced(own, filling[0]!.text) }];
    return filling.flatMap(({ role: by, text }) => {
      if (by === "system" && hasSystem) system.push(text);
      if (by === "system" && hasSystem) return [];
      const name = by === "assistant" ? wire.assistant : by;
      return [{ role: name, [wire.content]: format === "gemini" ? [{ text }] : text }];
    });
  });
  function replaced(own: string | readonly object[], text: string): unknown {
    if (typeof own === "string") return text;
    const at = own.findIndex((each) => "text" in each);
    if (at < 0) return [textPart(text), ...own];
    return own.flatMap((each, index) => ("text" in each ? (index === at ? [textPart(text)] : []) : [each]));
  }
  const whole = system.join("\n\n");
  return {
    ...Object.fromEntries(others.map((value, i) => [`other${i + 1}`, JSON.parse(value)])),
    ...parameters,
    ...(system.length === 0
      ? {}
      : format === "gemini"
        ? { systemInstruction: { parts: [{ text: whole }] } }
        : { system: whole }),
    [wire.list]: list,
  };
}

function fillingsOf({ messages }: Request): readonly (readonly TemplateMessage[] | null)[] {
  return messages.filter(({ isTemplate }) => isTemplate).map(({ filling }) => filling);
}

describe.each(FORMATS)("a body of %s", (format) => {
  test("is another by what was put in, and byte for byte the same beside it", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const { text, kept } = write(format, asked);
        const body = Buffer.from(text);
        const fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
        const messages = fillingsOf(asked);
        expect(fields.templates).toHaveLength(messages.length);
        const fillings = fields.templates.flatMap((place, i) => {
          const filling = messages[i] ?? null;
          return filling === null ? [] : [{ place, messages: filling }];
        });
        const full = withParameters(
          body,
          withFillings(body, fields, format, fillings),
          format,
          asked.parameters,
        );
        const result = rewriteBody(body, full, null).toBytes().toString();
        expect(JSON.parse(result)).toEqual(expected(format, asked));
        const isWhole = (i: number) => {
          const { filling, isTemplate } = asked.messages[i]!;
          return isTemplate && filling !== null && !(filling.length === 1 && filling[0]!.role === null);
        };
        for (const member of kept) {
          const mark = /"mark"\s*:\s*(\d+)\.0/.exec(member)?.[1];
          if (mark === undefined || !isWhole(Number(mark))) expect(result).toContain(member);
        }
      }),
      RUNS,
    );
  });

  test("tells the text that stands beside template fields", () => {
    fc.assert(
      fc.property(request, (asked) => {
        const body = Buffer.from(write(format, asked).text);
        const { templates } = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
        const contents = asked.messages.filter(({ isTemplate }) => isTemplate).map(({ content }) => content);
        const texts = contents.map((content) => {
          if (typeof content === "string" && format !== "gemini") return content;
          const parts = Array.isArray(content) ? content.filter(({ text }) => text !== null) : [];
          return parts.length === 0 ? null : parts.map(({ text }) => text).join("\n");
        });
        expect(templates.map((place) => ownText(body, place))).toEqual(texts);
      }),
      RUNS,
    );
  });

  test("of any kind is refused on reading, or takes texts, parameters and a model without failing", () => {
    const places = Object.keys(FORMAT_MODULES[format].templatePlaces);
    const key = fc.constantFrom(
      ...[
        ...places,
        "content",
        "parts",
        "text",
        "type",
        "role",
        "template",
        "template_id",
        "variables",
        "prompt",
      ],
      ...[
        "id",
        "input",
        "__proto__",
        "constructor",
        "generationConfig",
        "reasoning",
        "thought",
        "temp\\u006cate",
      ],
    );
    const json = fc.letrec<{ value: string }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6, withCrossShrink: true },
        fc.constantFrom(
          '"x"',
          '""',
          "7",
          "null",
          "true",
          '"text"',
          '"tool_result"',
          '"assistant"',
          '"\\x"',
          "[1 2]",
          "\u0000",
        ),
        fc.array(tie("value"), { maxLength: 3 }).map((values) => `[${values.join(" ,")}]`),
        fc
          .array(fc.tuple(key, tie("value")), { maxLength: 5 })
          .map((members) => `{${members.map(([name, value]) => `"${name}" :${value}`).join(",")}}`),
      ),
    })).value;
    let read = 0;
    const parameters = { temperature: 1, max_tokens: 2, reasoning_effort: "low", stop: "x", other: {} };
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, json), { maxLength: 5 }),
        fc.oneof(plain, roles),
        (members, messages) => {
          const text = `{${members.map(([name, value]) => `"${name}":${value}`).join(",")}}`;
          const body = Buffer.from(text);
          let fields: ReturnType<typeof readRequestFields>;
          try {
            fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
          } catch (error) {
            expect(error instanceof SyntaxError || error instanceof JsonSyntaxError).toBeTrue();
            return;
          }
          const all =
            fields.storedPrompt === null ? fields.templates : [...fields.templates, fields.storedPrompt];
          for (const place of all) expect(ownText(body, place) ?? "").toBeString();
          const full = withModel(
            withParameters(
              body,
              withFillings(
                body,
                fields,
                format,
                all.map((place) => ({ place, messages })),
              ),
              format,
              parameters,
            ),
            "m",
          );
          const bare = rewriteBody(body, fields, null).toBytes().toString();
          const result = rewriteBody(body, full, null).toBytes().toString();
          if (!isJson(text)) return;
          read++;
          expect(isJson(bare) && isJson(result)).toBeTrue();
          expect(
            readRequestFields(Buffer.from(result), FORMAT_MODULES[format].templatePlaces, format).templates,
          ).toEqual([]);
        },
      ),
      { seed: 7, numRuns: 4000 },
    );
    expect(read).toBeGreaterThan(500);
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("ten thousand messages with templates are filled in linear time", () => {
  const text = JSON.stringify({
    messages: Array.from({ length: 10_000 }, (_, i) => ({
      role: "user",
      template_id: `t${i}`,
      content: "old",
    })),
  });
  const body = Buffer.from(text);
  const format = "openai-chat";
  const started = performance.now();
  const fields = readRequestFields(body, FORMAT_MODULES[format].templatePlaces, format);
  const messages = [
    { role: "user", text: "a" },
    { role: "assistant", text: "b" },
  ] as const;
  const full = withFillings(
    body,
    fields,
    format,
    fields.templates.map((place) => ({ place, messages })),
  );
  const result = JSON.parse(rewriteBody(body, full, null).toBytes().toString()) as { messages: unknown[] };
  expect(result.messages).toHaveLength(20_000);
  expect(performance.now() - started).toBeLessThan(5_000);
});
