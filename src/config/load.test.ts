import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "./load.ts";
import { formatProblem } from "./problems.ts";
import { configIn, problemsIn } from "./testing.ts";

describe("the file", () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "amsterdam-load-"));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const put = (name: string, port: number | string) =>
    writeFileSync(join(cwd, name), `server: {port: ${port}}`);
  function load(path?: string, env: Record<string, string> = {}) {
    return loadConfig({ path, env, cwd, knownProviders: [] });
  }
  function portOf(path?: string, env: Record<string, string> = {}): number | string {
    const result = load(path, env);
    return result.ok ? result.config.server.port : result.problems.map(formatProblem).join("\n");
  }

  test("need not be there", () => {
    expect(load()).toMatchObject({
      ok: true,
      file: null,
      config: { server: { port: 3000 }, global_timeout: 300 },
    });
  });

  test("is the named one, AMSTERDAM_CONFIG's, amsterdam.yaml or proxy_config.yaml, in this order", () => {
    put("proxy_config.yaml", 1);
    expect(portOf()).toBe(1);
    put("amsterdam.yaml", 2);
    expect(portOf()).toBe(2);
    mkdirSync(join(cwd, "other"));
    put("other/c.yaml", 3);
    expect(portOf(undefined, { AMSTERDAM_CONFIG: "other/c.yaml" })).toBe(3);
    expect(portOf(undefined, { AMSTERDAM_CONFIG: "" })).toBe(2);
    expect(portOf("proxy_config.yaml", { AMSTERDAM_CONFIG: "other/c.yaml" })).toBe(1);
    expect(load("other/c.yaml")).toMatchObject({ file: join(cwd, "other/c.yaml") });
  });

  test("that is passed over is named in a warning", () => {
    put("proxy_config.yaml", 1);
    put("amsterdam.yaml", 2);
    const result = load();
    expect(result.ok && result.warnings.map(formatProblem)).toEqual([
      "proxy_config.yaml  not read, since amsterdam.yaml is there too",
    ]);
  });

  test("that is named by its folder is the usual one in it", () => {
    mkdirSync(join(cwd, "conf"));
    put("amsterdam.yaml", 1);
    const empty = load("conf");
    expect(empty.ok && [empty.file, empty.config.server.port, ...empty.warnings.map(formatProblem)]).toEqual([
      null,
      3000,
      "conf  neither amsterdam.yaml nor proxy_config.yaml is in this folder, so the defaults serve",
    ]);
    put("conf/proxy_config.yaml", 2);
    expect(portOf(undefined, { AMSTERDAM_CONFIG: "conf/" })).toBe(2);
    put("conf/amsterdam.yaml", 3);
    const both = load("conf");
    expect(both.ok && [both.file, both.config.server.port, ...both.warnings.map(formatProblem)]).toEqual([
      join(cwd, "conf/amsterdam.yaml"),
      3,
      "conf/proxy_config.yaml  not read, since amsterdam.yaml is there too",
    ]);
    put("conf/amsterdam.yaml", "x");
    expect(portOf("conf")).toBe('conf/amsterdam.yaml:1:16  server.port: found "x", expected a number');
  });

  test("that is named must be there, be a file, and be readable", () => {
    put("amsterdam.yaml", 2);
    expect(portOf("none.yaml")).toBe("none.yaml  there is no such file");
    expect(portOf(undefined, { AMSTERDAM_CONFIG: "/none/x" })).toBe("/none/x  there is no such file");
    expect(portOf("amsterdam.yaml/x")).toBe("amsterdam.yaml/x  there is no such file");
    mkdirSync(join(cwd, "folder.d", "amsterdam.yaml"), { recursive: true });
    expect(portOf("folder.d")).toBe("folder.d/amsterdam.yaml  found a folder, expected a file");
    expect(portOf("/dev/zero")).toBe("/dev/zero  found a pipe or device, expected a file");
    symlinkSync("loop", join(cwd, "loop"));
    expect(portOf("loop")).toStartWith("loop  the file cannot be read (ELOOP");
  });

  test("that cannot be read is reported together with the environment's problems", () => {
    const result = load("none.yaml", { PORT: "x" });
    expect(!result.ok && result.problems.map(({ path }) => path)).toEqual(["", "PORT"]);
  });
});

describe("a valid configuration", () => {
  test.each([
    "",
    "\n",
    "# nothing",
    "---\n",
    "null",
    "{}",
    "\ufeff# with a mark",
    "server:\nendpoints:\nproviders:\n",
  ])("may be empty: %j", (text) => expect(configIn(text).server.port).toBe(3000));

  test("has defaults for everything and cannot be changed", () => {
    const config = configIn("endpoints: [{path: /a, target_url: https://h}]\nproviders: {openai: }");
    expect(config.endpoints[0]).toMatchObject({ method: "POST", response_type: "json", enabled: true });
    expect(config.global_retry).toEqual({
      max_attempts: 3,
      base_delay_ms: 100,
      max_delay_ms: 10_000,
      backoff_multiplier: 2,
    });
    expect(Object.isFrozen(config.endpoints[0]?.custom_headers)).toBe(true);
    expect(() => Object.assign(config.server, { port: 1 })).toThrow();
  });

  test("has no providers or routes but its own", () => {
    const config = configIn("");
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect(config.providers[name]).toBeUndefined();
      expect(config.routes[name]).toBeUndefined();
    }
  });

  test("takes methods in any case", () => {
    expect(
      configIn("endpoints: [{path: /a, target_url: https://h, method: pAtCh}]").endpoints[0]?.method,
    ).toBe("PATCH");
  });

  test("reads CRLF lines, anchors and merges", () => {
    const config = configIn(
      [
        "endpoints:",
        "  - &base",
        "    path: /a",
        "    target_url: https://h/a",
        "    forward_request_headers: &headers [accept, user-agent]",
        "  - <<: *base",
        "    path: /b",
        "    forward_response_headers: *headers",
        "  - <<: [{method: GET}, {method: PUT, timeout: 5}]",
        "    path: /c",
        "    target_url: https://h/c",
      ].join("\r\n"),
    );
    expect(config.endpoints[1]).toMatchObject({
      path: "/b",
      target_url: "https://h/a",
      forward_request_headers: ["accept", "user-agent"],
      forward_response_headers: ["accept", "user-agent"],
    });
    expect(config.endpoints[2]).toMatchObject({ method: "GET", timeout: 5 });
  });
});

describe("the environment in the file", () => {
  test("gives texts, and numbers and booleans where they are wanted", () => {
    const text = `server: {port: "\${P}", max_body_mb: "\${M:-1.5}", host: "\${H}"}\nlogging: {requests: "\${R}"}
providers: {openai: {api_key: "\${K}"}}`;
    const config = configIn(text, { P: "8080", H: "localhost", R: "FALSE", K: "123" });
    expect(config.server).toMatchObject({ port: 8080, max_body_mb: 1.5, host: "localhost" });
    expect(config.logging.requests).toBe(false);
    expect(config.providers.openai?.api_key).toBe("123");
  });

  test("needs no quotes outside of [ ] and { }, and says so inside", () => {
    expect(configIn(`server:\n  port: \${P}\n`, { P: "1" }).server.port).toBe(1);
    expect(problemsIn(`server: {port: \${P}}`, { P: "1" })[0]).toContain("a value that holds { needs quotes");
  });

  test("cannot change the structure", () => {
    const evil = '1}\nserver: {host: "0.0.0.0"}\n#';
    expect(problemsIn(`logging: {file: {path: "\${K}"}}`, { K: evil })).toEqual([]);
    const config = configIn(`logging:\n  file:\n    path: \${K}`, { K: evil });
    expect(config.logging.file?.path).toBe(evil);
    expect(config.server.host).toBe("127.0.0.1");
  });

  test("cannot bring a line break into a header", () => {
    const text = `endpoints: [{path: /a, target_url: "https://h", custom_headers: {x-a: "\${V}"}}]`;
    expect(problemsIn(text, { V: "a\r\nHost: b" })).toEqual([
      "1:71  endpoints[0].custom_headers.x-a: found a hidden text, expected a header value without line breaks or control characters",
    ]);
  });

  test("is not read in keys, and not looked for in texts with $${", () => {
    expect(problemsIn(`"\${A}": 1`, { A: "server" })[0]).toContain(`the unknown key "\${A}"`);
    expect(configIn(`providers: {openai: {api_key: "$\${A}"}}`).providers.openai?.api_key).toBe(`\${A}`);
  });

  test("that lacks a variable is named where it is missed, each of them", () => {
    expect(
      problemsIn(`providers:\n  openai:\n    api_key: \${A}\nserver:\n  port: \${B}\n  host: "\${"`),
    ).toEqual([
      `3:14  providers.openai.api_key: the environment variable A is not set (\${A:-text} would give it a default)`,
      `5:9  server.port: the environment variable B is not set (\${B:-text} would give it a default)`,
      `6:9  server.host: found a \${ that begins no reference, expected \${NAME}, or $\${ for the characters themselves`,
    ]);
  });
});

describe("YAML that cannot be read", () => {
  test.each([
    ["a:\n\tb: 1", "2:1  found a tab, expected spaces as indentation"],
    [
      "a: b: c",
      '1:4  found a ":" inside a value, expected one key and one value (check the indentation; ": " in a value needs quotes)',
    ],
    ["{}\n---\n{}", "2:1  found a second document (---), expected one"],
    ["a:\n  b: 2\n c: 3", "3:1  YAML syntax: All mapping items must start at the same column"],
    ['server: "abc', '1:13  YAML syntax: Missing closing "quote'],
    [
      "server:\n  port: 1\n  port: 2",
      "3:3  server.port: found the key a second time, expected it once; the first is on line 2",
    ],
    ["? [a]\n: 1", "1:3  found a key that is not a name, expected a name"],
    [": 1", "1:1  found a key that is not a name, expected a name"],
    ["server: *x", "1:9  server: found an alias (*name), expected one whose anchor (&name) stands before it"],
    [
      "server: &a {host: *a}",
      "1:19  server.host: found an alias inside its own anchor, expected a value that ends",
    ],
    ["server: {<<: 5}", '1:14  server["<<"]: found something else, expected a mapping to merge'],
    ["server: !x {}", "1:9  YAML syntax: Unresolved tag: !x"],
    ["- a", "1:1  found a list, expected a mapping of settings (`name: value` lines)"],
    ["hello", "1:1  found a hidden text, expected a mapping of settings (`name: value` lines)"],
    ["a: \0", "1:4  found the control character 0x00, expected text"],
    ["x: 1\nb: \x1b[31m", "2:4  found the control character 0x1b, expected text"],
  ])("%j", (text, problem) => expect(problemsIn(text)[0]).toBe(problem));

  test("since it is not UTF-8", () => {
    expect(problemsIn(Buffer.from("# gr\xfc\xdfe\n", "latin1"))).toEqual([
      "1:5  found a byte that is not UTF-8, expected a file saved as UTF-8",
    ]);
    expect(problemsIn(Buffer.from("\ufeffserver: {}", "utf16le"))).toEqual([
      "1:1  found a file in UTF-16, expected a file saved as UTF-8",
    ]);
  });
});

describe("a value that the schema refuses", () => {
  test.each([
    ["server:\n  port: abc", '2:9  server.port: found "abc", expected a number'],
    ["server:\n  port: 1.5", "2:9  server.port: found 1.5, expected a whole number"],
    ["server:\n  port: 70000", "2:9  server.port: found 70000, expected at most 65535"],
    ["global_timeout: 0.5", "1:17  global_timeout: found 0.5, expected at least 1"],
    ["global_timeout: 0", "1:17  global_timeout: found 0, expected at least 1"],
    ["global_connect_timeout: 0", "1:25  global_connect_timeout: found 0, expected more than 0"],
    ["global_timeout: .inf", "1:17  global_timeout: found Infinity, expected a number"],
    ["global_retry: {max_attempts: 11}", "1:30  global_retry.max_attempts: found 11, expected at most 10"],
    [
      "global_retry: {base_delay_ms: 500, max_delay_ms: 100}",
      "1:50  global_retry.max_delay_ms: found 100, expected at least base_delay_ms",
    ],
    ["logging: {requests: yes}", '1:21  logging.requests: found "yes", expected true or false'],
    ["server: 5", "1:9  server: found 5, expected a mapping"],
    ["endpoints: {}", "1:12  endpoints: found a mapping, expected a list"],
    ["endpoints:\n  -", "2:4  endpoints[0]: found nothing, expected a mapping"],
    [
      "endpoints:\n  - path: /a",
      "2:5  endpoints[0].target_url: found nothing, expected a value; it is required",
    ],
    ["routes:\n  fast:", "2:3  routes.fast.targets: found nothing, expected a value; it is required"],
    ["routes: {a: {targets: []}}", "1:23  routes.a.targets: found an empty list, expected at least 1 item"],
    ["server: {host: 'a b'}", '1:16  server.host: found "a b", expected an IP address or a host name'],
    [
      "storage: {url: mysql://h}",
      '1:16  storage.url: found "mysql://h", expected sqlite:<file> or postgres://<user>:<password>@<host>:<port>/<database>',
    ],
    [
      "storage: {url: 'postgres://u:p@h/d?sslmode=on'}",
      '1:16  storage.url: found "postgres://***@h/d?***", expected sslmode to be one of disable, allow, prefer, require, verify-ca, verify-full',
    ],
    [
      "logging: {level: inof}",
      '1:18  logging.level: found "inof", expected one of trace, debug, info, warn, error, off (did you mean "info"?)',
    ],
    [
      "providers: {A b: {}}",
      '1:13  providers["A b"]: found the name "A b", expected a name of a-z, 0-9, - and _',
    ],
    [
      "providers: {openai: {base_url: ftp://x}}",
      '1:32  providers.openai.base_url: found "ftp://x", expected an http or https URL',
    ],
    [
      "providers: {openai: {api_key: 12}}",
      "1:31  providers.openai.api_key: found a hidden number, expected text (numbers as text need quotes)",
    ],
  ])("%j", (text, problem) => expect(problemsIn(text)[0]).toBe(problem));

  test.each([
    ["sever: {}", "sever", "server"],
    ["server: {prot: 1}", "server.prot", "port"],
    ["timeout: 5", "timeout", "global_timeout"],
    ["retry: {}", "retry", "global_retry"],
    [
      "endpoints: [{path: /a, target_url: 'https://h', custom_header: {}}]",
      "endpoints[0].custom_header",
      "custom_headers",
    ],
    ["providers: {openai: {apikey: x}}", "providers.openai.apikey", "api_key"],
    [
      "endpoints: [{path: /a, target_url: 'https://h', retry: {max_attempt: 1}}]",
      "endpoints[0].retry.max_attempt",
      "max_attempts",
    ],
  ])("%j has the nearest known key suggested", (text, path, suggestion) => {
    const [problem] = problemsIn(text);
    expect(problem).toContain(`${path}: found the unknown key`);
    expect(problem).toEndWith(`(did you mean "${suggestion}"?)`);
  });

  test("gets no suggestion when nothing is near", () => {
    expect(problemsIn("zzzzzz: 1")[0]).not.toContain("did you mean");
  });

  test("does not hide the others: all problems come at once, in the order of the file", () => {
    const text = `global_timeout: x
endpoints:
  - path: nope
    target_url: https://u:p@h
  - path: /health
    target_url: https://h/{x}
    timeout: -1
routes: {fast: {targets: [nobody/m]}}
colour: red
`;
    expect(problemsIn(text).map((problem) => problem.slice(0, problem.indexOf(": found")))).toEqual([
      "1:17  global_timeout",
      "3:11  endpoints[0].path",
      "4:17  endpoints[0].target_url",
      "5:11  endpoints[1].path",
      "6:17  endpoints[1].target_url",
      "7:14  endpoints[1].timeout",
      "8:27  routes.fast.targets[0]",
      "9:1  colour",
    ]);
  });
});
