import { describe, expect, test } from "bun:test";
import { configIn, problemsIn, warningsIn } from "../testing.ts";

/** What is wrong with a route called `a`, whose settings are these. */
const inRoute = (settings: string, more = "") => problemsIn(`routes: {a: {${settings}}${more}}`);
const TWO = "targets: [demo/echo, openai/gpt]";

describe("targets of a route", () => {
  test("are models of providers that there are, or routes", () => {
    expect(problemsIn("routes: {fast: {targets: [demo/echo, opnai/gpt, fasst, demo/]}}")).toEqual([
      '1:38  routes.fast.targets[1]: found "opnai/gpt", expected a provider that is built in or stands under providers, or the name of another route (did you mean "openai/gpt"?)',
      '1:49  routes.fast.targets[2]: found "fasst", expected provider/model or the name of another route (did you mean "fast"?)',
      '1:56  routes.fast.targets[3]: found "demo/", expected a model\'s name behind demo/',
    ]);
    const own =
      'providers: {local: {base_url: "http://h", formats: [gemini]}}\nroutes: {fast: {targets: [local/a/b]}, team/x: {targets: [fast]}, b: {targets: [team/x]}}';
    expect(problemsIn(own)).toEqual([]);
  });

  test("have no share of strong calls behind them", () => {
    expect(inRoute("targets: [b:0.3]", ", b: {targets: [demo/echo]}")).toEqual([
      '1:24  routes.a.targets[0]: found "b:0.3", expected provider/model or the name of another route',
    ]);
  });

  test("of a provider that is switched off earn a warning", () => {
    expect(warningsIn("providers: {openai: {enabled: false}}\nroutes: {a: {targets: [openai/x]}}")).toEqual([
      "2:24  routes.a.targets[0]: the provider openai is switched off, so this target is never tried",
    ]);
  });

  test("are there, and each once", () => {
    expect(inRoute("targets: []")).toEqual([
      "1:23  routes.a.targets: found an empty list, expected at least 1 item",
    ]);
    expect(inRoute("targets: [demo/echo, demo/echo]")).toEqual([
      "1:23  routes.a.targets: The target demo/echo is named twice.",
    ]);
  });

  test("do not lead back, and the way is told", () => {
    expect(inRoute("targets: [a]")).toEqual([
      "1:24  routes.a.targets[0]: found a -> a, expected a way that does not lead back to a route",
    ]);
    expect(
      problemsIn(
        "routes:\n  a: {targets: [demo/echo, b]}\n  b: {targets: [demo/echo, c]}\n  c: {targets: [b]}\n",
      ),
    ).toEqual([
      "4:17  routes.c.targets[0]: found b -> c -> b, expected a way that does not lead back to a route",
    ]);
    expect(
      problemsIn("routes:\n  a: {targets: [demo/echo], mirror: {target: b}}\n  b: {targets: [a]}\n"),
    ).toEqual([
      "3:17  routes.b.targets[0]: found a -> b -> a, expected a way that does not lead back to a route",
    ]);
    expect(problemsIn("routes: {a: {targets: [demo/echo], mirror: {target: a}}}")).toEqual([
      "1:53  routes.a.mirror.target: found a -> a, expected a way that does not lead back to a route",
    ]);
  });

  test("may be reached on two ways", () => {
    expect(
      problemsIn("routes: {a: {targets: [b, c]}, b: {targets: [c]}, c: {targets: [demo/echo]}}"),
    ).toEqual([]);
  });
});

describe("a route's name", () => {
  const named = (name: string, more = "") =>
    problemsIn(`routes: {${JSON.stringify(name)}: {targets: [demo/echo]}}\n${more}`);

  test("is none of a provider's models", () => {
    expect(named("openai/gpt")).toEqual([
      '1:10  routes["openai/gpt"]: found the route "openai/gpt", expected a name that does not begin with the provider openai/, whose models are called so',
    ]);
    expect(named("team/fast")).toEqual([]);
  });

  test.each(["auto:0.3", "auto:1", "auto:.5", "auto:7"])("is not %s", (name) =>
    expect(named(name)).toEqual([
      `1:10  routes["${name}"]: found the route "${name}", expected a name that does not end as a share of strong calls is asked for`,
    ]),
  );
  test.each(["auto", "llama:8b", "v:1.x", "constructor"])("may be %s", (name) =>
    expect(named(name)).toEqual([]),
  );

  test("is no alias; one that a pattern takes earns a warning", () => {
    expect(named("fast", "aliases: {fast: demo/echo}")).toEqual([
      '1:10  routes.fast: found the route "fast", expected a name that is no alias, which goes before it',
    ]);
    expect(warningsIn('routes: {fast: {targets: [demo/echo]}}\naliases: {"fa*": demo/echo}')).toEqual([
      '1:16  routes.fast: the alias "fa*" takes requests of this name: the route serves others alone',
    ]);
  });
});

describe("settings of a route", () => {
  test("by target are of its targets", () => {
    expect(
      inRoute(
        `${TWO}, strategy: weighted, weights: {openai/gtp: 1}, parameters: {x: {top_p: 1}}, conditions: {demo/ecko: {}}`,
      ),
    ).toEqual([
      '1:78  routes.a.weights["openai/gtp"]: found weights for "openai/gtp", expected one of the route\'s targets (did you mean "openai/gpt"?)',
      '1:107  routes.a.parameters.x: found parameters for "x", expected one of the route\'s targets',
      '1:136  routes.a.conditions["demo/ecko"]: found conditions for "demo/ecko", expected one of the route\'s targets (did you mean "demo/echo"?)',
    ]);
  });

  test.each(["model", "messages", "stream", "template_id", "run_id"])("set no %s", (name) => {
    const problems = inRoute(`targets: [demo/echo], parameters: {demo/echo: {${name}: x, temperature: 0}}`);
    expect(problems).toEqual([
      `1:61  routes.a.parameters["demo/echo"].${name}: found "${name}", expected a parameter such as temperature; the conversation, the model and whether it is streamed are the request's`,
    ]);
  });

  test.each([
    ["-1", "found -1, expected at least 0"],
    [".nan", "found NaN, expected a number"],
    [".inf", "found Infinity, expected a number"],
    ["heavy", 'found "heavy", expected a number'],
  ])("have no weight of %s", (weight, problem) =>
    expect(inRoute(`${TWO}, strategy: weighted, weights: {demo/echo: ${weight}}`)).toEqual([
      `1:89  routes.a.weights["demo/echo"]: ${problem}`,
    ]),
  );

  test("have a weight above 0", () => {
    expect(inRoute(`${TWO}, strategy: weighted, weights: {demo/echo: 0, openai/gpt: 0}`)).toEqual([
      "1:77  routes.a.weights: All weights are 0: at least one target needs a weight above it.",
    ]);
    expect(inRoute(`${TWO}, strategy: weighted, weights: {demo/echo: 0}`)).toEqual([]);
  });

  test("that are another strategy's are refused, weights earn a warning", () => {
    expect(inRoute(`${TWO}, strong_share: 0.3`)).toEqual([
      "1:62  routes.a.strong_share: Thresholds and a strong share are for the strategy quality, not first.",
    ]);
    expect(inRoute(`${TWO}, strategy: cost, learn: {cost: 1}`)).toEqual([
      "1:71  routes.a.learn: Weights of cost and latency are for the strategy learn, not cost.",
    ]);
    expect(warningsIn(`routes: {a: {${TWO}, strategy: latency, weights: {demo/echo: 2}}}`)).toEqual([
      "1:76  routes.a.weights: weights act with the strategies weighted and sticky, not with latency",
    ]);
  });

  test.each([
    ["strategy: quality", "strategy: The strategy quality needs thresholds or a strong share."],
    [
      "strategy: quality, strong_share: 0.3, thresholds: [0.5]",
      "strong_share: The strategy quality needs thresholds or a strong share, and not both.",
    ],
    ["strategy: quality, thresholds: [0.5, 0.3]", "thresholds: 2 targets need 1 thresholds, not 2."],
    ["strategy: quality, strong_share: 3", "strong_share: found 3, expected at most 1"],
    ["strategy: quality, thresholds: [.nan]", "thresholds[0]: found NaN, expected a number"],
    ["strategy: fastest", 'strategy: found "fastest", expected one of first, weighted'],
    ["mirror: {target: nowhere}", 'mirror.target: found "nowhere", expected provider/model or the name'],
    ["mirror: {target: demo/echo, share: 2}", "mirror.share: found 2, expected at most 1"],
    ["deadline: 0", "deadline: found 0, expected more than 0"],
    ["fallback_on: [rain]", 'fallback_on[0]: found "rain", expected one of'],
  ])("%s is told of where it stands", (settings, problem) => {
    const [first = "", ...others] = inRoute(`${TWO}, ${settings}`);
    expect(others).toEqual([]);
    expect(first.replace(/^1:\d+ {2}routes\.a\./, "")).toStartWith(problem);
  });

  test("fall from threshold to threshold", () => {
    expect(
      inRoute("targets: [demo/a, demo/b, demo/c], strategy: quality, thresholds: [0.5, 0.5]")[0],
    ).toEndWith("routes.a.thresholds: The threshold 0.5 is not below the one before it, 0.5.");
    expect(inRoute("targets: [demo/a], strategy: quality, strong_share: 1")[0]).toEndWith(
      "routes.a.targets: The strategy quality needs a strong target and a weak one.",
    );
  });

  test("mirror to another target than the only one", () => {
    expect(inRoute("targets: [demo/echo], mirror: {target: demo/echo}")[0]).toEndWith(
      "routes.a.mirror: The mirror demo/echo is the route's only target.",
    );
  });

  test("learn among at most 16 targets", () => {
    const targets = Array.from({ length: 17 }, (_, at) => `demo/m${at}`).join(", ");
    expect(inRoute(`targets: [${targets}], strategy: learn`)[0]).toEndWith(
      "routes.a.targets: The strategy learn takes at most 16 targets, not 17.",
    );
    expect(inRoute("targets: [demo/a, demo/b], strategy: learn, learn: {cost: -1}")[0]).toEndWith(
      "routes.a.learn.cost: found -1, expected at least 0",
    );
  });
});

describe("an alias", () => {
  const routes = "routes: {fast: {targets: [demo/echo]}}\n";
  const inAlias = (aliases: string) => problemsIn(`${routes}aliases: {${aliases}}`);

  test("stands for a model, a bare name or a route, which may carry a share", () => {
    expect(inAlias('"claude-*": fast, b: openai/gpt-5, c: "fast:0.3", d: gpt-4.1, "*": fast')).toEqual([]);
  });

  test("leads somewhere", () => {
    expect(inAlias("a: opnai/gpt, b: no-such-provider/x")).toEqual([
      '2:14  aliases.a: found "opnai/gpt", expected provider/model of a known provider, or a route (did you mean "openai/gpt"?)',
      '2:28  aliases.b: found "no-such-provider/x", expected provider/model of a known provider, or a route',
    ]);
  });

  test("of a provider's own models with a slash in their names leads there", () => {
    const own = 'providers: {local: {base_url: "http://h", formats: [openai-chat], models: ["meta/*"]}}\n';
    expect(warningsIn(`${own}aliases: {a: meta/llama}`, {}, ["gpt-*"])).toEqual([]);
  });

  test("to a bare name that nothing has earns a warning, since a stored route may have it", () => {
    const found = warningsIn(`${routes}aliases: {a: gpt-5, b: fasst, "c*": stored}`, {}, ["gpt-*"]);
    expect(found).toEqual([
      '2:24  aliases.b: "fasst" is no model that a provider is known by and no route of the configuration: it acts while a stored route has this name (did you mean "fast"?)',
      '2:37  aliases["c*"]: "stored" is no model that a provider is known by and no route of the configuration: it acts while a stored route has this name',
    ]);
  });

  test("stands for another name than its own, and for no other alias", () => {
    expect(inAlias("a: a")).toEqual(['2:14  aliases.a: found "a", expected another name than its own']);
    expect(inAlias("a: b, b: fast")).toEqual([
      '2:14  aliases.a: found the alias "b", expected a model or a route; aliases of aliases are not followed',
    ]);
    expect(warningsIn("aliases: {a: openai/x, openai/x: demo/echo}")).toEqual([
      '1:14  aliases.a: "openai/x" is an alias too, which is not followed',
    ]);
  });

  test("has its star at an end, and none in what it stands for", () => {
    expect(inAlias('"a*b": fast, "*c*": fast, d: openai/*')).toEqual([
      '2:11  aliases["a*b"]: found "a*b", expected `*` at either end, where it matches anything',
      '2:40  aliases.d: found "openai/*", expected one model or route; what a `*` matches is not filled in',
    ]);
  });
});

test("models are described of providers that there are", () => {
  expect(problemsIn("models: {opnai/gpt: {tools: false}, demo/echo: {tools: true}}")).toEqual([
    '1:10  models["opnai/gpt"]: found "opnai/gpt", expected a model of a provider that is built in or stands under providers (did you mean "openai/gpt"?)',
  ]);
});

test("what the schema refuses is told of, and hurts no check", () => {
  for (const text of [
    "routes: []",
    "routes: {a: null}",
    "routes: {a: {targets: {}}}",
    "routes: {a: {targets: [1, null, [a]], weights: [], parameters: {x: 1}, mirror: 3}}",
    "aliases: [a]",
    "aliases: {a: 1}",
    "models: {a: 1}",
    "models: 1",
  ])
    expect(problemsIn(text).length).toBeGreaterThan(0);
});

test("a route is read with its defaults", () => {
  expect(configIn("routes: {auto: {targets: [demo/echo]}}").routes.auto).toEqual({
    targets: ["demo/echo"],
    strategy: "first",
    weights: {},
    parameters: {},
    conditions: {},
    fallback_on: ["error", "timeout", "limit", "unavailable", "context_length"],
  });
});
