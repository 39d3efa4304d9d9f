export const ROUTE_SCHEMA = `
  CREATE TABLE amsterdam.gateway_routes (
    name text COLLATE "C" PRIMARY KEY,
    definition text NOT NULL,
    updated_at bigint NOT NULL,
    updated_by text
  );

  ALTER TABLE amsterdam.records ADD COLUMN choice text;

  INSERT INTO amsterdam.revisions (name, revision) VALUES ('routes', 0);
`;
