import { expect, test } from "bun:test";
import { configIn, problemsIn } from "./testing.ts";

test("the Amp client's settings are all optional", () => {
  expect(configIn("").amp).toEqual({
    user: { site_admin: false },
    features: [],
    connections: [],
    threads: "own",
    max_thread_mb: 16,
    reports: { max_size_mb: 50, max_age_days: 14 },
  });
});

test("what is wrong with the Amp client's settings is told at its place", () => {
  const text = `amp:
  user: {email: ada, usernme: x}
  threads: all
  max_thread_mb: 0
  tab_model: ""
  connections:
    - {id: c, name: GitHub, type: github, connected_at: yesterday}
`;
  expect(problemsIn(text)).toEqual([
    '2:17  amp.user.email: found "ada", expected an e-mail address',
    '2:22  amp.user.usernme: found the unknown key "usernme", expected one of id, username, email, first_name, last_name, display_name, profile_picture_url, site_admin (did you mean "username"?)',
    '3:12  amp.threads: found "all", expected one of own, shared',
    "4:18  amp.max_thread_mb: found 0, expected more than 0",
    "5:14  amp.tab_model: found an empty text, expected at least 1 character",
    '7:57  amp.connections[0].connected_at: found "yesterday", expected a moment such as 2026-01-31T18:00:00Z',
  ]);
});
