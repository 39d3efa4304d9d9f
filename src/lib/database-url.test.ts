import { describe, expect, test } from "bun:test";
import { shownDatabaseUrl, storageUrlFault } from "./database-url.ts";

describe("a storage URL can be used", () => {
  test.each([
    "sqlite:data/a.db",
    "SQLite:///var/a.db",
    "postgres://h",
    "postgresql://u:p@h:5432/d",
    "postgres://u%40x:p%2Fss%23@[::1]:5433/d%20b?sslmode=verify-full&sslrootcert=/ca.pem",
    "postgres:///d?path=/run/postgresql",
  ])("%s", (url) => expect(storageUrlFault(url)).toBeNull());
});

describe("a storage URL is refused, and no part of it repeated", () => {
  test.each([
    ["sqlite:", "sqlite:<file>"],
    ["mysql://u:hunter2@h/d", "sqlite:<file> or postgres://"],
    ["postgres:hunter2", "the host is missing"],
    ["postgres:///hunter2", "the host is missing"],
    ["postgres://u:hunter/2@h/d", "percent-encoded"],
    ["postgres://u:12/hunter2@h/d", "percent-encoded"],
    ["postgres://u:12?hunter2@h/d", "percent-encoded"],
    ["postgres://u:12#hunter2@h/d", "percent-encoded"],
    ["postgres://u:hunter 2@h/d", "percent-encoded"],
    ["postgres://u:hunter2%@h/d", "%25"],
    ["postgres://u:hunter2@h/d?sslmode=yes", "sslmode"],
  ])("%s", (url, words) => {
    const fault = storageUrlFault(url);
    expect(fault).toContain(words);
    expect(fault).not.toContain("hunter");
  });
});

test.each([
  ["sqlite:data/a.db", "sqlite:data/a.db"],
  ["postgres://u:hunter2@h:5432/d?sslmode=require&password=hunter2", "postgres://u@h:5432/d"],
  ["postgres://:hunter2@h/d", "postgres://h/d"],
  ["postgres://h", "postgres://h"],
  ["postgres://u:hunter2#@h", "a database whose URL cannot be read"],
  ["u:hunter2@h", "a database whose URL cannot be read"],
])("%s is shown as %s", (url, shown) => expect(shownDatabaseUrl(url)).toBe(shown));
