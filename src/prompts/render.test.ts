import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hasDrifted } from "./drift.ts";
import { engine } from "./engine.ts";
import { Renderer } from "./render.ts";
import { RenderError } from "./render-error.ts";
import type { TemplateMessage } from "./template.ts";
import { versionOf } from "./testing.ts";

const MEGABYTE = 1_048_576;

function outcomeOf(text: string, variables: Record<string, unknown> = {}): string | RenderError {
  const rendered = new Renderer().render(versionOf(text), variables);
  return rendered instanceof Error ? rendered : rendered.map((message) => message.text).join("|");
}

function faultOf(text: string, variables: Record<string, unknown> = {}): RenderError {
  const outcome = outcomeOf(text, variables);
  if (typeof outcome === "string") throw new Error(`rendered: ${outcome.slice(0, 200)}`);
  return outcome;
}

describe("rendering", () => {
  test("puts variables in", () => {
    expect(outcomeOf("Hello {{ name }}!", { name: "Tinco" })).toBe("Hello Tinco!");
  });

  test("knows filters, conditions, loops and assignments", () => {
    const text =
      "{% assign n = name | upcase %}{% if vip %}{{ n }}{% else %}-{% endif %}{% for i in list %} {{ i }}{% endfor %}";
    expect(outcomeOf(text, { name: "ann", vip: true, list: [1, "b", null] })).toBe("ANN 1 b ");
  });

  test("leaves text, spaces and line ends as they are", () => {
    expect(outcomeOf("\n a\r\n\t{{ x }}  \n\n", { x: "\r\n " })).toBe("\n a\r\n\t\r\n   \n\n");
  });

  test("escapes nothing", () => {
    expect(outcomeOf("{{ x }}", { x: `<b>&"'` })).toBe(`<b>&"'`);
  });

  test("gives every text back that a variable holds", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("{{ x }}", "{% if", "%}", "{{{{", "\ud800"),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(outcomeOf("a{{ x }}b{{ x | append: y }}", { x: value, y: value })).toBe(
          `a${value}b${value}${value}`,
        );
      }),
    );
  });

  test("renders JSON values of every kind", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const printed = outcomeOf("{{ x }}", { x: value });
        if (typeof value === "object" && value !== null && !Array.isArray(value)) {
          expect(printed).toBe(JSON.stringify(value));
        } else expect(printed).toBeString();
      }),
    );
  });

  test("prints objects as JSON and lists item after item", () => {
    expect(outcomeOf("{{ a }} {{ b }} {{ c }}", { a: { x: [1] }, b: [1, { y: null }, [2]], c: null })).toBe(
      `{"x":[1]} 1{"y":null}2 `,
    );
  });

  test("keeps the roles of several messages, and each its own assignments", () => {
    const messages: TemplateMessage[] = [
      { role: "system", text: "{% assign who = 'me' %}{{ who }} {{ a }}" },
      { role: "user", text: "{{ who | default: 'nobody' }}" },
    ];
    expect(new Renderer().render(versionOf(...messages), { a: "A" })).toEqual([
      { role: "system", text: "me A" },
      { role: "user", text: "nobody" },
    ]);
  });

  test("an assignment in the text comes before the client's variable", () => {
    expect(outcomeOf("{{ x }}{% assign x = 'own' %}{{ x }}", { x: "client" })).toBe("clientown");
  });

  test("leaves the client's variables as they were", () => {
    const variables = { n: 1, list: [3, 1] };
    outcomeOf("{% increment n %}{% assign n = 5 %}{{ list | sort | push: 4 | join: ',' }}", variables);
    expect(variables).toEqual({ n: 1, list: [3, 1] });
  });

  test("a date is in UTC and English on every machine", () => {
    expect(outcomeOf("{{ 86400 | date: '%A %H:%M %z' }}")).toBe("Friday 00:00 +0000");
  });
});

describe("a missing variable", () => {
  test("is named with its line and column", () => {
    const fault = faultOf("Hello\n  {{ name }}");
    expect(fault).toMatchObject({
      template: "greeting",
      version: "1",
      messageIndex: 0,
      kind: "missing-variable",
      variable: "name",
      line: 2,
      column: 6,
    });
    expect(fault.message).toContain(
      "greeting, version 1, message 1, line 2, column 6: variable name is missing",
    );
  });

  test("is found in members, loops and arguments, and in the message where it stands", () => {
    expect(faultOf("{{ user.name }}", { user: {} }).variable).toBe("user.name");
    expect(faultOf("{% for i in list %}{{ i }}{% endfor %}").variable).toBe("list");
    expect(faultOf("{{ 'a' | append: b }}").variable).toBe("b");
    const second = new Renderer().render(versionOf("fine", "{{ a }}"), {});
    expect(second).toMatchObject({ messageIndex: 1, variable: "a" });
  });

  test("may be asked for in conditions and before a default", () => {
    expect(outcomeOf("{% if x %}a{% else %}b{% endif %}{{ x | default: 'c' }}")).toBe("bc");
  });
});

describe("hostile templates", () => {
  test.each([
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "x.constructor",
    "x.__proto__",
    "l.map",
  ])("%s is no variable", (name) => {
    expect(faultOf(`{{ ${name} }}`, { x: {}, l: [1] })).toMatchObject({
      kind: "missing-variable",
      variable: name,
    });
  });

  test("a client may name a variable like a prototype's member", () => {
    const variables = JSON.parse(`{"__proto__": "p", "constructor": "c", "toString": "t"}`);
    expect(outcomeOf("{{ __proto__ }}{{ constructor }}{{ toString }}", variables)).toBe("pct");
    expect(({} as Record<string, unknown>).p).toBeUndefined();
  });

  test("objects with members like toString fail in filters, or print as JSON", () => {
    const hostile = { toString: "x", valueOf: 1, toLiquid: "y", toJSON: "z" };
    expect(outcomeOf("{{ x }}", { x: hostile })).toBe(JSON.stringify(hostile));
    expect(faultOf("{{ x | upcase }}", { x: hostile }).kind).toBe("filter");
  });

  test.each(["include", "render", "layout", "block", "liquid", "nosuch"])("the tag %s is unknown", (tag) => {
    expect(faultOf(`{% ${tag} '/etc/passwd' %}`)).toMatchObject({ kind: "syntax", line: 1, column: 1 });
  });

  test.each(["nosuch", "sample", "where_exp: 'a', 'b'", "__proto__", "constructor"])(
    "the filter %s is unknown",
    (filter) => {
      expect(faultOf(`a\n{{ 1 | ${filter} }}`)).toMatchObject({ kind: "filter", line: 2, column: 1 });
    },
  );

  test("a filter that fails does not tell the value", () => {
    const fault = faultOf("{{ x | url_decode }}", { x: "%secret" });
    expect(fault.kind).toBe("filter");
    expect(`${fault.message}${fault.stack}`).not.toContain("%secret");
  });

  test("a path from a variable is not read as an expression", () => {
    const list = [{ a: 1 }, { a: 2 }];
    expect(outcomeOf("{{ list | where: p, 1 }}", { list, p: "a" })).toBe(`{"a":1}`);
    expect(faultOf("{{ list | where: p, 1 }}", { list, p: "(1..9)" }).kind).toBe("filter");
  });

  test.each([
    "{{ name",
    "{% if a %}",
    "{{ a | }}{% endif %}",
    "{% for %}",
    "{% if a %}{% endfor %}",
    "{% raw %}",
  ])("%s is a fault of syntax with its place", (text) => {
    expect(faultOf(`\n${text}`, { a: 1 })).toMatchObject({ kind: "syntax", line: 2 });
  });

  const work: readonly (readonly [string, string])[] = [
    [
      "loops in loops",
      "{% for a in (1..9000) %}{% for b in (1..9000) %}{% for c in (1..9) %}{% endfor %}{% endfor %}{% endfor %}",
    ],
    ["a giant range", "{% for a in (1..99999999999) %}{% endfor %}"],
    ["doubling", `{% assign a = "xxxxxxxx" %}${"{% assign a = a | append: a %}".repeat(60)}{{ a }}`],
    [
      "doubling captures",
      `{% assign a = "xxxxxxxx" %}${"{% capture a %}{{ a }}{{ a }}{% endcapture %}".repeat(60)}{{ a }}`,
    ],
    [
      "doubling lists",
      `{% assign a = "x,y" | split: "," %}${"{% assign a = a | concat: a %}".repeat(60)}{{ a }}`,
    ],
    ["long chains of filters", `{{ big${" | url_encode".repeat(15_000)} }}`],
    ["replacing", `{{ big | replace: "", big }}`],
    ["sorting", `{{ big | split: "" | sort }}`],
    ["a wide date", `{{ 0 | date: "%999999999Y" }}`],
    ["stripping in loops", "{% for a in (1..9000) %}{{ big | strip_html | upcase | size }}{% endfor %}"],
  ];
  test.each(work)("%s ends within its bounds", (_, text) => {
    const start = performance.now();
    const fault = faultOf(text, { big: "%".repeat(MEGABYTE) });
    expect(["limit", "too-long"]).toContain(fault.kind);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  const list = Array.from({ length: 20_000 }, (_, i) => ({ a: i % 7, b: `x${i}` }));
  test.each([
    ["text", "text"],
    ["list", "list"],
    ["list", "text"],
  ])("every filter is done quickly with a %s of a megabyte and such a %s as argument", (value, argument) => {
    const variables = { text: "&%Y ".repeat(MEGABYTE / 4), list };
    for (const name of Object.keys(engine.filters)) {
      const start = performance.now();
      outcomeOf(`{{ ${value} | ${name}: ${argument} }}`, variables);
      expect([name, performance.now() - start < 3_000]).toEqual([name, true]);
    }
  });

  test("any mix of marks, words and values gives a text or a fault", () => {
    const marks =
      "{{ }} {% %} {%- -%} | : , . [ ] ( ) == .. ' \" # a l 1 -1.5 nil empty first __proto__ 🎉".split(" ");
    const words =
      "if elsif else endif for in endfor assign capture endcapture case when endcase unless endunless cycle tablerow endtablerow increment raw endraw comment endcomment echo break and contains sort date where json default: limit: reversed".split(
        " ",
      );
    const whole = [
      "{{ a }}",
      "{% if a %}",
      "{% endif %}",
      "{% for x in l %}",
      "{% endfor %}",
      "{{ x.a | date: a, l }}",
      "{{ l | slice: a, l | json: a }}",
      "{{ forloop | json }}",
      "{% increment l %}",
      "{{ l | sort: 'a' | where: 'a', a | truncate: a }}",
    ];
    const part = fc.oneof(fc.constantFrom(...marks), fc.constantFrom(...words), fc.constantFrom(...whole));
    const renderer = new Renderer();
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), fc.jsonValue(), fc.jsonValue(), (parts, a, l) => {
        const rendered = renderer.render(versionOf(parts.join(" ")), { a, l });
        expect(rendered instanceof RenderError || typeof rendered[0]!.text === "string").toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  test("an endless output is cut off", () => {
    const fault = faultOf("{% for a in (1..9000) %}{{ big }}{% endfor %}", { big: "x".repeat(MEGABYTE) });
    expect(fault.kind).toBe("too-long");
  });

  const huge: readonly (readonly [string, string])[] = [
    ["text", "x".repeat(300_000)],
    ["outputs", "{{a}}x".repeat(40_000)],
    ["nested conditions", "{%if a%}".repeat(2_000) + "{%endif%}".repeat(2_000)],
    ["nested indexes", `{{${"a[".repeat(50_000)}a${"]".repeat(50_000)}}}`],
    ["open braces", "{{".repeat(100_000)],
    ["open tags", "{%".repeat(2_000)],
    ["one endless output", `{{ ${"a.".repeat(100_000)}a }}`],
    ["an endless list of values", `{% case a %}{% when ${"1,".repeat(60_000)}1 %}{% endcase %}{{ b }}`],
    ["an endless condition", `{% if ${"a and ".repeat(40_000)}a %}{% endif %}{{ b }}`],
    ["raw blocks", "{% raw %}".repeat(20_000)],
  ];
  test.each(huge)("%s without measure are refused quickly", (_, text) => {
    const start = performance.now();
    expect(faultOf(text, { a: {} })).toBeInstanceOf(RenderError);
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test("tags nested deeper than a hundred are refused", () => {
    const nested = (depth: number) => "{%if a%}".repeat(depth) + "x" + "{%endif%}".repeat(depth);
    expect(outcomeOf(nested(99), { a: 1 })).toBe("x");
    expect(faultOf(nested(101), { a: 1 }).kind).toBe("limit");
  });

  test("deeply nested values end in a fault", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 200_000; i++) deep = [deep];
    expect(faultOf("{{ x }}", { x: deep }).kind).toBe("limit");
  });
});

test("values of a megabyte go through", () => {
  const big = "ü{{ x }}".repeat(131_072);
  expect(outcomeOf("<{{ x }}|{{ x | downcase }}>", { x: big })).toBe(`<${big}|${big}>`);
});

describe("the variables of a version", () => {
  const namesIn = (...texts: string[]) => new Renderer().variables(versionOf(...texts));

  test("are those that it reads from outside", () => {
    const text =
      "{{ a.b[c].d }}{% assign e = f | append: g, h: i %}{{ e }}{% for j in k limit: l %}{{ j }}{{ forloop.index }}{% endfor %}";
    expect(namesIn(text)).toEqual(["a", "c", "f", "g", "i", "k", "l"]);
    expect(
      namesIn("{% if a == 'x' and b %}{{ d }}{% elsif c %}{% endif %}{% raw %}{{ z }}{% endraw %}"),
    ).toEqual(["a", "b", "c", "d"]);
  });

  test("are gathered from all messages, also where they are named like a prototype", () => {
    expect(namesIn("{{ __proto__ }}", "{{ b }}{{ constructor }}", "{{ b }}")).toEqual([
      "__proto__",
      "b",
      "constructor",
    ]);
  });

  test("are found quickly in many outputs", () => {
    const start = performance.now();
    expect(namesIn(`{{ a }}${"y".repeat(40)}`.repeat(4_900))).toEqual(["a"]);
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});

describe("compiled versions", () => {
  test("are kept up to their number, the least used going first", () => {
    const renderer = new Renderer(2);
    for (const text of ["a", "b", "a", "c"]) renderer.render(versionOf(text), {});
    expect(renderer.size).toBe(2);
  });

  test("are kept up to the length of their texts", () => {
    const renderer = new Renderer();
    for (let i = 0; i < 300; i++) renderer.render(versionOf(`${i}`.padEnd(200_000)), {});
    expect(renderer.size).toBeLessThan(168);
    expect(renderer.size).toBeGreaterThan(160);
  });

  test("two texts of one revision are not taken for each other", () => {
    const renderer = new Renderer();
    const first = versionOf("first");
    expect(renderer.render(first, {})).toEqual([{ role: null, text: "first" }]);
    expect(renderer.render({ ...versionOf("second"), revision: first.revision }, {})).toEqual([
      { role: null, text: "second" },
    ]);
  });

  test("a faulty one names the version that is asked for", () => {
    const renderer = new Renderer();
    const faulty = versionOf("{{");
    renderer.render(faulty, {});
    expect(renderer.render({ ...faulty, template: "other", version: "2" }, {})).toMatchObject({
      template: "other",
      version: "2",
      kind: "syntax",
    });
  });
});

describe("drift", () => {
  const renderer = new Renderer();
  const version = versionOf("Hello {{ name }}!");

  test("is none where the content is what the template gives", () => {
    expect(hasDrifted(renderer, version, { name: "Tinco" }, ["Hello Tinco!"])).toBe(false);
  });

  test.each([["Hello Tinco! "], ["hello Tinco!"], [""], ["Hello Tinco!\n"]])("is there for %j", (content) => {
    expect(hasDrifted(renderer, version, { name: "Tinco" }, [content])).toBe(true);
  });

  test("is there where the number of texts differs", () => {
    expect(hasDrifted(renderer, version, { name: "Tinco" }, ["Hello Tinco!", ""])).toBe(true);
  });

  test("cannot be told where rendering fails", () => {
    expect(hasDrifted(renderer, version, {}, ["Hello !"])).toBeInstanceOf(RenderError);
  });
});
