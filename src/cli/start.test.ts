import { expect, test } from "bun:test";
import { startedText } from "./start.ts";

const started = {
  version: "1.2.3",
  url: "http://127.0.0.1:3000",
  file: null,
  storageUrl: "sqlite:data/amsterdam.db",
  providers: ["demo"],
  newKey: null,
  environmentKey: false,
};

test("a new key is shown, and stands in the line to try", () => {
  const text = startedText({ ...started, newKey: "ams_new" });
  expect(text).toContain("  key            ams_new\n");
  expect(text).toContain('-H "Authorization: Bearer ams_new"');
});

test("the storage is named without its password", () => {
  const text = startedText({
    ...started,
    storageUrl: "postgres://ams:hunter2@db:5432/gateway?sslmode=require",
  });
  expect(text).toContain("  storage        postgres://ams@db:5432/gateway\n");
});

test("a key of the environment is named by its variable and not shown", () => {
  const text = startedText({ ...started, environmentKey: true });
  expect(text).toContain('-H "Authorization: Bearer $AMP_API_KEY"');
  expect(text).not.toContain("  key ");
});

test("a start that makes no key says how to come by one", () => {
  expect(startedText(started)).toContain("amsterdam keys create");
});

test.each([
  ["http://0.0.0.0:3000", "curl http://127.0.0.1:3000/"],
  ["http://[::]:3000", "curl http://[::1]:3000/"],
  ["http://10.0.0.1:3000", "curl http://10.0.0.1:3000/"],
])("the line to try calls %s where it can be called", (url, line) => {
  expect(startedText({ ...started, url })).toContain(line);
});
