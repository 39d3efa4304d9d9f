import { expect, test } from "bun:test";
import { openApi } from "./openapi.ts";
import { ROUTES } from "./table.ts";

type Json = Record<string, unknown>;
const description = JSON.parse(JSON.stringify(openApi("1.2.3"))) as {
  openapi: string;
  info: Json;
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Json>>;
};

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly {
    name: string;
    in: string;
    required: boolean;
    description?: string;
    schema: Json;
  }[];
  readonly requestBody?: { readonly content: Json };
  readonly responses: Record<string, Json>;
}

const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every object in the description, with the names that lead to it. */
function* objectsIn(value: unknown, trail: string): Generator<[string, Json]> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield [trail, value as Json];
  for (const [name, inner] of Object.entries(value)) yield* objectsIn(inner, `${trail}/${name}`);
}

test("says which version of OpenAPI it is, and of the gateway", () => {
  expect(description).toMatchObject({
    openapi: "3.1.0",
    info: { version: "1.2.3", title: expect.any(String) },
  });
});

test("has every route, once, and no other", () => {
  const told = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(told.toSorted()).toEqual(ROUTES.map(({ method, path }) => `${method} ${path}`).toSorted());
  expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(ROUTES.length);
});

test("every reference leads somewhere, and every named schema and answer is referred to", () => {
  const used = new Set<string>();
  for (const [trail, { $ref }] of objectsIn(description, "")) {
    if ($ref === undefined) continue;
    const found = String($ref)
      .slice("#/".length)
      .split("/")
      .reduce<unknown>((at, step) => (at as Json | undefined)?.[step], description);
    expect(found, `${trail} refers to ${$ref}`).toBeObject();
    used.add(String($ref));
  }
  for (const kind of ["schemas", "responses"])
    for (const name of Object.keys(description.components[kind]!))
      expect(used).toContain(`#/components/${kind}/${name}`);
});

test("holds nothing that only a schema of its own file has", () => {
  for (const [trail, object] of objectsIn(description, ""))
    for (const name of ["$schema", "$id", "$defs", "definitions", "nullable"])
      expect(Object.hasOwn(object, name), `${trail} has ${name}`).toBe(false);
});

test("each operation says what it takes and answers", () => {
  for (const { path, operation } of operations) {
    const { parameters, responses, summary } = operation;
    expect(summary).toMatch(/^[A-Z].*\.$/);
    const inPath = parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name);
    expect(inPath).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!));
    for (const { name, description: said, required, schema, in: place } of parameters) {
      expect(said, `${path} ${name}`).toBeString();
      expect(Object.keys(schema).length, `${path} ${name}`).toBeGreaterThan(0);
      if (place === "path") expect(required).toBe(true);
    }
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(["400", "401", "403", "503"]));
    expect(Object.keys(responses).filter((status) => status.startsWith("2"))).toHaveLength(1);
  }
});

test("what may be left out of a body is not required, what is always answered is", () => {
  const { KeyWish, Key } = description.components.schemas as Record<
    string,
    { required?: string[]; properties: Json }
  >;
  expect(KeyWish?.required ?? []).toEqual([]);
  expect(Key?.required?.toSorted()).toEqual(Object.keys(Key!.properties).toSorted());
});
