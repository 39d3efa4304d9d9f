export const ROUTE_SCHEMA = `
  CREATE TABLE amsterdam.gateway_routes (
    name text COLLATE "C" PRIMARY KEY,
    definition text NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text
  );

  ALTER TABLE amsterdam.records ADD COLUMN choice text;

  CREATE INDEX experiment_decisions_of_routes ON amsterdam.experiment_decisions (started_at)
    WHERE substr(experiment, 1, 6) = 'route:';

  INSERT INTO amsterdam.revisions (name, revision) VALUES ('routes', 0);
`;
