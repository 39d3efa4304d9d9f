export const ROUTE_SCHEMA = `
  CREATE TABLE gateway_routes (
    name TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT
  ) STRICT;

  ALTER TABLE records ADD COLUMN choice TEXT;

  CREATE INDEX experiment_decisions_of_routes ON experiment_decisions (started_at)
    WHERE substr(experiment, 1, 6) = 'route:';

  INSERT INTO revisions (name, revision) VALUES ('routes', 0);
`;
