import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { HELP } from "../src/cli/help.ts";
import { LOG_LEVELS } from "../src/config/schema.ts";
import { configIn } from "../src/config/testing.ts";
import { CATALOGUE } from "../src/providers/catalogue.ts";

// The files of a deployment repeat names of the code: variables, paths, commands, times. Here they are held together.

const root = join(import.meta.dirname, "..");
const read = (name: string) => readFileSync(join(root, name), "utf8");
const defaults = configIn("");

const sources = [...new Bun.Glob("src/**/*.ts").scanSync({ cwd: root })]
  .filter((name) => !name.endsWith(".test.ts"))
  .map(read)
  .join("\n");
const namesIn = (pattern: RegExp, text: string) =>
  new Set([...text.matchAll(pattern)].map(([, name = ""]) => name));
/** Read from the real environment alone; a `.env` file does not set them. */
const REAL_ONLY = namesIn(/\bprocess\.env\.([A-Z][A-Z0-9_]+)/g, sources);
/** Every variable that the code reads. */
const VARIABLES = new Set([
  ...namesIn(/\benv\.([A-Z][A-Z0-9_]+)/g, sources),
  ...Object.values(CATALOGUE).flatMap((entry) => entry.env),
]);

const dockerfile = read("Dockerfile").replaceAll("\\\n", " ");
const instructions = (name: string, text = dockerfile) =>
  [...text.matchAll(new RegExp(`^${name} +(.*)$`, "gm"))].map(([, rest = ""]) => rest.trim());
const imageEnv = Object.fromEntries(
  instructions("ENV").flatMap((line) => line.split(/ +/).map((pair) => pair.split("=", 2))),
) as Record<string, string>;

interface Service {
  ports: string[];
  env_file: { path: string; required: boolean }[];
  environment: Record<string, string>;
  volumes: string[];
  read_only: boolean;
  stop_grace_period: string;
}
interface Postgres {
  profiles: string[];
  environment: Record<string, string>;
}
const compose = parse(read("docker-compose.yml")) as {
  services: { amsterdam: Service; postgres: Pick<Service, "volumes"> & Postgres };
  volumes: Record<string, null>;
};
const service = compose.services.amsterdam;

const unit = read("deploy/amsterdam.service");
const settings = (name: string) => instructions(`${name}`, unit.replaceAll(`${name}=`, `${name} `));

/** Where the default storage is, below the folder that the gateway starts in. */
const dataFolder = /^sqlite:(.*)\/[^/]+$/.exec(defaults.storage.url)?.[1] ?? "";

test("the code reads variables", () => {
  expect([...VARIABLES]).toEqual(expect.arrayContaining(["HOST", "PORT", "AMP_API_KEY", "OPENAI_API_KEY"]));
});

describe(".env.example", () => {
  const lines = [...read(".env.example").matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)];
  const values = Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value]));

  test("has every variable that the code reads from it, once, and no other", () => {
    const expected = [...VARIABLES].filter((name) => !REAL_ONLY.has(name));
    expect(lines.map(([, name]) => name).sort()).toEqual(expected.sort());
  });

  test("sets nothing as it is, and shows the defaults", () => {
    expect(read(".env.example")).not.toMatch(/^[^#\n]/m);
    expect(values).toMatchObject({
      HOST: defaults.server.host,
      PORT: String(defaults.server.port),
      LOG_LEVEL: defaults.logging.level,
      RUST_LOG: defaults.logging.level,
    });
    for (const level of LOG_LEVELS) expect(read(".env.example")).toContain(level);
  });
});

test("README.md's table of variables has those that the code reads, and no other", () => {
  const [, table = ""] =
    /\| variable \| meaning \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(read("README.md")) ?? [];
  const named = table
    .split("\n")
    .flatMap((row) => [...namesIn(/`([A-Z][A-Z0-9_]+)`/g, row.split("|")[1] ?? "")]);
  const keys = Object.values(CATALOGUE).flatMap((entry) => entry.env);
  expect(named.filter((name) => !keys.includes(name)).sort()).toEqual(
    [...VARIABLES].filter((name) => !keys.includes(name)).sort(),
  );
});

describe("Dockerfile", () => {
  test("copies files that are there and that .dockerignore lets through", () => {
    const allowed = instructions("!", read(".dockerignore").replaceAll(/^!/gm, "! "));
    const copied = instructions("COPY")
      .filter((line) => !line.startsWith("--from"))
      .flatMap((line) => line.split(/ +/).slice(0, -1));
    expect(copied).toContain("src");
    for (const path of copied) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(allowed).toContain(path);
    }
  });

  test("sets variables that the code reads", () => {
    for (const name of Object.keys(imageEnv)) expect(VARIABLES).toContain(name);
  });

  test("keeps the data where the gateway puts it, in a folder of its user", () => {
    const [folder] = instructions("WORKDIR").slice(-1);
    expect(instructions("VOLUME")).toEqual([`${folder}/${dataFolder}`]);
    const [user = ""] = instructions("USER");
    expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(dockerfile).toContain(`--chown=${user} /out/data ${folder}/${dataFolder}\n`);
    expect(dockerfile).toContain(` ${imageEnv.AMSTERDAM_CONFIG}\n`);
  });

  test("starts and asks for health with commands that are there, as the first process", () => {
    const entrypoint = JSON.parse(instructions("ENTRYPOINT")[0] ?? "") as string[];
    const command = JSON.parse(instructions("CMD")[0] ?? "") as string[];
    const health = JSON.parse(instructions("HEALTHCHECK")[0]?.split("CMD ")[1] ?? "") as string[];
    expect(entrypoint).toHaveLength(1);
    expect(dockerfile).toContain(`/out/amsterdam ${entrypoint[0]}\n`);
    expect(health[0]).toBe(entrypoint[0] ?? "");
    expect(HELP).toContain(`amsterdam [${command[0]}]`);
    expect(HELP).toContain(`amsterdam ${health[1]} `);
    expect(instructions("EXPOSE")).toEqual([imageEnv.PORT ?? ""]);
  });
});

describe("docker-compose.yml", () => {
  test("sets for the container what the image sets, whatever .env says", () => {
    expect(service.environment).toEqual(imageEnv);
    expect(service.env_file).toEqual([{ path: ".env", required: false }]);
  });

  test("publishes the image's port where .env says, by default where the gateway listens by default", () => {
    const { host, port } = defaults.server;
    expect(service.ports).toEqual([`\${HOST:-${host}}:\${PORT:-${port}}:${imageEnv.PORT}`]);
  });

  test("mounts the image's folders, on a root that cannot be written to", () => {
    expect(service.volumes).toEqual([
      `./config:${imageEnv.AMSTERDAM_CONFIG}:ro`,
      `data:${instructions("VOLUME")[0]}`,
    ]);
    expect(Object.keys(compose.volumes)).toEqual(["data", "postgres"]);
    expect(service.read_only).toBe(true);
  });

  test("starts PostgreSQL when asked alone, where the documents say that the gateway finds it", () => {
    const { profiles, environment, volumes } = compose.services.postgres;
    expect(profiles).toEqual(["postgres"]);
    expect(volumes).toEqual(["postgres:/var/lib/postgresql"]);
    const [, url = ""] = /^DATABASE_URL=(.*)$/m.exec(read("docs/container.md")) ?? [];
    const [, password] = /^POSTGRES_PASSWORD=(.*)$/m.exec(read("docs/container.md")) ?? [];
    const config = configIn("", { DATABASE_URL: url });
    const { username, pathname, hostname, password: given } = new URL(config.storage.url);
    expect([hostname, username, pathname, given]).toEqual([
      "postgres",
      environment.POSTGRES_USER ?? "",
      `/${environment.POSTGRES_DB}`,
      password ?? "",
    ]);
  });

  test("lets running requests finish before it kills", () => {
    expect(Number.parseInt(service.stop_grace_period, 10)).toBeGreaterThan(
      defaults.server.drain_timeout + 10,
    );
  });
});

describe("deploy/amsterdam.service", () => {
  test("sets variables that the code reads, and starts with a command that is there", () => {
    for (const line of settings("Environment")) expect(VARIABLES).toContain(line.split("=")[0] ?? "");
    expect(settings("ExecStart")[0]).toEndWith("/amsterdam start");
  });

  test("starts in the folder that it may write to, and finds its configuration", () => {
    expect(settings("WorkingDirectory")).toEqual([`/var/lib/${settings("StateDirectory")[0]}`]);
    expect(settings("Environment")).toEqual([
      `AMSTERDAM_CONFIG=/etc/${settings("ConfigurationDirectory")[0]}`,
    ]);
  });

  test("lets running requests finish before it kills", () => {
    expect(Number(settings("TimeoutStopSec")[0])).toBeGreaterThan(defaults.server.drain_timeout + 10);
  });
});
