import { describe, expect, test } from "bun:test";
import { readOtelEnvironment } from "./otel-env.ts";
import { configIn, problemsIn, warningsIn } from "./testing.ts";

describe("OpenTelemetry's variables", () => {
  test("are read as its specification has them: lists of pairs, values percent-encoded", () => {
    expect(
      readOtelEnvironment({
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20YTpi, x-tenant = one ,",
        OTEL_RESOURCE_ATTRIBUTES: "service.name=a,team=b%2Cc",
      }),
    ).toEqual({
      endpoint: "http://collector:4318",
      headers: { authorization: "Basic YTpi", "x-tenant": "one" },
      serviceName: "a",
      resourceAttributes: { team: "b,c" },
      problems: [],
      warnings: [],
    });
  });

  test("OTEL_SERVICE_NAME wins over the attribute, and empty variables are none", () => {
    const env = { OTEL_SERVICE_NAME: "b", OTEL_RESOURCE_ATTRIBUTES: "service.name=a" };
    expect(readOtelEnvironment(env).serviceName).toBe("b");
    expect(readOtelEnvironment({ OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_SERVICE_NAME: "" })).toEqual({
      headers: {},
      resourceAttributes: {},
      problems: [],
      warnings: [],
    });
  });

  test.each([
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:hunter2@collector"],
    ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector/?key=hunter2"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "hunter2"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "a=hunter2%0d%0ab"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "a b=hunter2"],
    ["OTEL_EXPORTER_OTLP_HEADERS", "a=%hunter2"],
    ["OTEL_RESOURCE_ATTRIBUTES", "=hunter2"],
  ])("%s=%s is a problem, which does not show what stands there", (name, value) => {
    const { problems } = readOtelEnvironment({ [name]: value });
    expect(problems.map(({ path }) => path)).toEqual([name]);
    expect(JSON.stringify(problems)).not.toContain("hunter2");
  });

  test("a protocol that is not spoken earns a warning, where something is exported", () => {
    const env = { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" };
    expect(readOtelEnvironment(env).warnings).toEqual([]);
    const [warning] = readOtelEnvironment({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317" }).warnings;
    expect(warning?.message).toContain("JSON over HTTP");
  });
});

describe("telemetry.otlp of the file", () => {
  const FILE = `telemetry:
  otlp:
    endpoint: http://file:4318
    headers: { a: "1", b: "2" }
    service_name: file
    resource_attributes: { x: "1", y: "2" }
`;

  test("holds where the environment says nothing; what that says wins, pair by pair", () => {
    const { otlp } = configIn(FILE).telemetry;
    expect(otlp).toMatchObject({ endpoint: "http://file:4318", service_name: "file", headers: { a: "1" } });
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://env:4318",
      OTEL_EXPORTER_OTLP_HEADERS: "b=3",
      OTEL_RESOURCE_ATTRIBUTES: "y=3",
      OTEL_SERVICE_NAME: "env",
    };
    expect(configIn(FILE, env).telemetry.otlp).toMatchObject({
      endpoint: "http://env:4318",
      service_name: "env",
      headers: { a: "1", b: "3" },
      resource_attributes: { x: "1", y: "3" },
    });
  });

  test("without an endpoint anywhere nothing is to be exported", () => {
    expect(configIn("").telemetry.otlp.endpoint).toBeUndefined();
  });

  test.each([
    "endpoint: collector",
    "endpoint: https://user:hunter2@collector",
    "endpoint: https://collector/?key=hunter2",
    'headers: { a: "hunter2\\n" }',
    'headers: { Host: "hunter2" }',
    'headers: { Content-Type: "hunter2" }',
    "headers: hunter2",
  ])("%s is refused, and no problem shows a secret", (line) => {
    const problems = problemsIn(`telemetry:\n  otlp:\n    ${line}\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith("3:");
    expect(problems[0]).not.toContain("hunter2");
  });

  test("exports no spans of requests that are not recorded, and says so", () => {
    const [warning] = warningsIn(`${FILE}records: { enabled: false }\n`);
    expect(warning).toContain("metrics alone are exported");
  });
});
