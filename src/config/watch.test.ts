import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConfigResult, loadConfig } from "./load.ts";
import type { Problem } from "./problems.ts";
import { type ConfigWatcher, watchConfig } from "./watch.ts";

let folder: string;
let file: string;
let stop: AbortController;
let ports: number[];
let refusals: (readonly Problem[])[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "amsterdam-watch-"));
  file = join(folder, "amsterdam.yaml");
  stop = new AbortController();
  ports = [];
  refusals = [];
});

afterEach(() => {
  stop.abort();
  rmSync(folder, { recursive: true });
});

const port = (value: number | string) => `server:\n  port: ${value}\n`;

function load(): ConfigResult {
  return loadConfig({ path: file, env: {}, cwd: folder, knownProviders: [] });
}

/** Watches, and waits until the first look is over. */
async function begin(): Promise<ConfigWatcher> {
  const loaded = load();
  if (!loaded.ok) throw new Error("the first configuration is invalid");
  const watcher = watchConfig({
    file,
    current: loaded.config,
    load,
    onChange: (config) => ports.push(config.server.port),
    onRefused: (problems) => refusals.push(problems),
    signal: stop.signal,
  });
  await Bun.sleep(50);
  return watcher;
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!condition() && performance.now() < deadline) await Bun.sleep(10);
  expect(condition()).toBe(true);
}

test("a file written in place is reloaded", async () => {
  writeFileSync(file, port(1));
  await begin();
  writeFileSync(file, port(2));
  await until(() => ports.length === 1);
  expect(ports).toEqual([2]);
});

test("a file replaced by rename is reloaded, again and again", async () => {
  writeFileSync(file, port(1));
  await begin();
  for (const next of [2, 3, 4]) {
    writeFileSync(`${file}.new`, port(next));
    renameSync(`${file}.new`, file);
    await until(() => ports.at(-1) === next);
  }
  expect(ports).toEqual([2, 3, 4]);
  expect(refusals).toEqual([]);
});

test("an exchanged symbolic link, as Kubernetes mounts configuration, is followed", async () => {
  for (const version of ["v1", "v2"]) mkdirSync(join(folder, version));
  writeFileSync(join(folder, "v1", "amsterdam.yaml"), port(1));
  writeFileSync(join(folder, "v2", "amsterdam.yaml"), port(2));
  symlinkSync("v1", join(folder, "..data"));
  symlinkSync(join("..data", "amsterdam.yaml"), file);
  await begin();
  symlinkSync("v2", join(folder, "..data_new"));
  renameSync(join(folder, "..data_new"), join(folder, "..data"));
  await until(() => ports.length === 1);
  expect(ports).toEqual([2]);
});

test("an invalid file is refused with its problems, and the repaired one taken", async () => {
  writeFileSync(file, port(1));
  await begin();
  writeFileSync(file, port("x"));
  await until(() => refusals.length === 1);
  expect(refusals[0]?.[0]).toMatchObject({ path: "server.port", line: 2, column: 9, found: '"x"' });
  expect(ports).toEqual([]);
  writeFileSync(file, port(1));
  await until(() => ports.length === 1);
  expect(ports).toEqual([1]);
});

test("a file that disappears is refused once, and taken when it is back", async () => {
  writeFileSync(file, port(1));
  await begin();
  unlinkSync(file);
  await until(() => refusals.length === 1);
  expect(refusals[0]?.[0]?.message).toBe("there is no such file");
  await Bun.sleep(1200);
  expect(refusals).toHaveLength(1);
  writeFileSync(file, port(5));
  await until(() => ports.length === 1);
  expect(ports).toEqual([5]);
});

test("a touched file and one rewritten with the same content change nothing", async () => {
  writeFileSync(file, port(1));
  await begin();
  writeFileSync(file, port(1));
  utimesSync(file, 1, 1);
  await Bun.sleep(1300);
  expect(ports).toEqual([]);
  expect(refusals).toEqual([]);
});

test("a change of comments alone does not reach the gateway", async () => {
  writeFileSync(file, port(1));
  await begin();
  writeFileSync(file, `# new\n${port(1)}`);
  await Bun.sleep(400);
  writeFileSync(file, port(2));
  await until(() => ports.length === 1);
  expect(ports).toEqual([2]);
});

test("a change between loading and watching is found", async () => {
  writeFileSync(file, port(1));
  const loaded = load();
  if (!loaded.ok) throw new Error("the first configuration is invalid");
  writeFileSync(file, port(2));
  const onChange = (config: { server: { port: number } }) => ports.push(config.server.port);
  watchConfig({ file, current: loaded.config, load, onChange, onRefused: () => {}, signal: stop.signal });
  await until(() => ports.length === 1);
  expect(ports).toEqual([2]);
});

test("a reload that is asked for says again what is wrong", async () => {
  writeFileSync(file, port(1));
  const watcher = await begin();
  writeFileSync(file, port("x"));
  await until(() => refusals.length === 1);
  watcher.reload();
  expect(refusals).toHaveLength(2);
});

test("nothing is reported after the signal", async () => {
  writeFileSync(file, port(1));
  await begin();
  stop.abort();
  writeFileSync(file, port(2));
  await Bun.sleep(1300);
  expect(ports).toEqual([]);
});

test("a file that is reached through another folder, where no event is seen, is found by looking", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "amsterdam-elsewhere-"));
  try {
    writeFileSync(join(elsewhere, "real.yaml"), port(1));
    symlinkSync(join(elsewhere, "real.yaml"), file);
    await begin();
    writeFileSync(join(elsewhere, "real.yaml"), port(2));
    await until(() => ports.length === 1);
    expect(ports).toEqual([2]);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test("a file that was found by search is not replaced by another one, or the defaults, when it disappears", async () => {
  writeFileSync(file, port(1));
  const search = () => loadConfig({ env: {}, cwd: folder, knownProviders: [] });
  const loaded = search();
  if (!loaded.ok) throw new Error("the first configuration is invalid");
  const watcher = watchConfig({
    file,
    current: loaded.config,
    load: search,
    onChange: (config) => ports.push(config.server.port),
    onRefused: (problems) => refusals.push(problems),
    signal: stop.signal,
  });
  await Bun.sleep(50);
  unlinkSync(file);
  writeFileSync(join(folder, "proxy_config.yaml"), port(2));
  watcher.reload();
  unlinkSync(join(folder, "proxy_config.yaml"));
  watcher.reload();
  expect(refusals.map(([problem]) => problem?.message)).toEqual([
    "the file is gone; the configuration that was read from it stays",
    "the file is gone; the configuration that was read from it stays",
  ]);
  expect(ports).toEqual([]);
});
