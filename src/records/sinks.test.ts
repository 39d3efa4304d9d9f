import { expect, test } from "bun:test";
import { waitingFolder } from "./sinks.ts";

test.each([
  ["sqlite:data/a.db", "/srv/data/a.db-waiting"],
  ["sqlite:/var/lib/a.db", "/var/lib/a.db-waiting"],
  ["sqlite:///var/lib/a.db", "/var/lib/a.db-waiting"],
  ["SQLITE:b.db", "/srv/b.db-waiting"],
  ["sqlite::memory:", "/srv/data/memory-waiting"],
  ["postgres://user:secret@db.example:5432/gateway?sslmode=require", "/srv/data/gateway-waiting"],
  ["postgresql://db.example/we%20ird..%2F", "/srv/data/we_20ird___2F-waiting"],
  ["postgres://db.example", "/srv/data/postgres-waiting"],
])("what waits for %s is in %s", (url, folder) => {
  expect(waitingFolder(url, "/srv")).toBe(folder);
});
