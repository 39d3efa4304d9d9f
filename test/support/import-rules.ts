import { posix } from "node:path";

/** Source text by path relative to the project's root, such as `src/server/listen.ts`. */
export type Sources = ReadonlyMap<string, string>;

interface Import {
  /** The imported file's path relative to the project's root, or a package's name. */
  readonly target: string;
  readonly typeOnly: boolean;
}

interface Rule {
  readonly name: string;
  /** The rule judges imports made by these files. */
  readonly from: (path: string) => boolean;
  /** Whether `path` may import `target`; only asked for files of this project. */
  readonly allows: (target: string, path: string, typeOnly: boolean) => boolean;
}

const inside =
  (...folders: string[]) =>
  (path: string) =>
    folders.some((folder) => path.startsWith(`src/${folder}/`));
const isSource = (path: string) => path.startsWith("src/");
const isFormat = (path: string) => /^src\/formats\/[^/]+\//.test(path);
const main = "src/main.ts";
const gateway = "src/gateway.ts";
/** What others see of the storage. */
const isStorageContract = (path: string) => /^src\/storage\/(interface|[a-z-]+-store)\.ts$/.test(path);
/** A thread of its own has a root of its own, which opens the storage for it. */
const threads: ReadonlySet<string> = new Set(["src/experiments/conductor-worker.ts"]);
/** Those that may know everything: one reads the command line, one wires the rooms, others begin threads. */
const isRoot = (path: string) => path === main || path === gateway || threads.has(path);

/** Who may import what, as the table in CONTRIBUTING.md says. Tests are free to import what they test. */
const RULES: readonly Rule[] = [
  { name: "exchange imports nothing outside itself", from: inside("exchange"), allows: inside("exchange") },
  { name: "lib imports nothing outside itself", from: inside("lib"), allows: inside("lib") },
  {
    name: "a format never imports another format",
    from: isFormat,
    allows: (target, path) => !isFormat(target) || posix.dirname(path) === posix.dirname(target),
  },
  {
    name: "providers import only exchange and lib",
    from: inside("providers"),
    allows: inside("providers", "exchange", "lib"),
  },
  {
    name: "server imports only lib, the error table and types of config",
    from: inside("server"),
    allows: (target, _, typeOnly) =>
      inside("server", "lib")(target) ||
      target === "src/exchange/errors.ts" ||
      (typeOnly && inside("config")(target)),
  },
  {
    name: "only main and gateway name a storage",
    from: (path) => isSource(path) && !isRoot(path) && !inside("storage")(path),
    allows: (target) => !inside("storage")(target) || isStorageContract(target),
  },
  {
    name: "only gateway imports the pipeline",
    from: (path) => isSource(path) && path !== gateway,
    allows: (target) => target !== "src/pipeline.ts",
  },
  {
    name: "nothing imports main, and only main gateway",
    from: isSource,
    allows: (target, path) => target !== main && (target !== gateway || path === main),
  },
  { name: "the product imports neither tests nor benchmark", from: isSource, allows: isSource },
];

/** Words of the product's own field, which the HTTP server has no business with. */
const FIELD_WORDS =
  /openai|anthropic|gemini|claude|(?<![a-z])gpt|llm|model|prompt|(?<![a-z])tokens|completion/i;

/** Every breach of the rules, one sentence each. Test files are not judged. */
export function importBreaches(sources: Sources): string[] {
  const judged = [...sources].filter(([path]) => !path.endsWith(".test.ts"));
  const graph = new Map(judged.map(([path, text]) => [path, importsOf(path, text)]));
  const breaches = [...graph].flatMap(([path, imports]) =>
    imports
      .filter(({ target }) => target.endsWith(".ts"))
      .flatMap(({ target, typeOnly }) =>
        RULES.filter((rule) => rule.from(path) && !rule.allows(target, path, typeOnly)).map(
          (rule) => `${rule.name}: ${path} imports ${target}`,
        ),
      ),
  );
  const words = judged
    .filter(([path]) => inside("server")(path))
    .flatMap(([path, text]) => fieldWords(path, text));
  return [...breaches, ...words, ...cycles(graph)];
}

function fieldWords(path: string, text: string): string[] {
  return withoutComments(text)
    .split("\n")
    .flatMap((line) => FIELD_WORDS.exec(line)?.[0] ?? [])
    .map((word) => `server knows no word of the field: ${path} says ${word}`);
}

/** Import and export-from statements, of types too, dynamic imports, and imports in a type's place. */
function importsOf(path: string, text: string): Import[] {
  const code = withoutComments(text);
  const statements =
    /^[ \t]*(?:import|export)\b([^;"'`]*?)\bfrom\s*"([^"]+)"|^[ \t]*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...code.matchAll(statements)].map(([, clause = "", from, bare, dynamic]) => ({
    target: resolveImport(path, from ?? bare ?? dynamic ?? ""),
    typeOnly: /^\s*type\b/.test(clause),
  }));
}

function resolveImport(path: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
}

/** Comments become spaces; comment marks within strings and templates stay. */
function withoutComments(text: string): string {
  const parts = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
  return text.replace(parts, (part) => (part.startsWith("/") ? part.replace(/[^\n]/g, " ") : part));
}

function cycles(graph: ReadonlyMap<string, readonly Import[]>): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path);
    if (start >= 0) found.push(`no import cycles: ${[...trail.slice(start), path].join(" -> ")}`);
    if (start >= 0 || done.has(path)) return;
    for (const { target } of graph.get(path) ?? []) visit(target, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}
