export const ROUTE_SCHEMA = `
  CREATE TABLE gateway_routes (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT
  ) STRICT;

  ALTER TABLE records ADD COLUMN choice TEXT;

  INSERT INTO revisions (name, revision) VALUES ('routes', 0);
`;
