/**
 * The tables are those of SQLite. `experiment_decisions` is in no partitions: it outlives the records, whose days are
 * dropped, and is read by experiment. What a record's variants are named is in `record_names`.
 */
export const PROMPT_SCHEMA = `
  CREATE TABLE amsterdam.prompt_templates (
    name text COLLATE "C" PRIMARY KEY,
    created_at double precision NOT NULL,
    archived_at double precision,
    pinned_version text COLLATE "C"
  );

  CREATE TABLE amsterdam.prompt_versions (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    revision text COLLATE "C" NOT NULL,
    conflict boolean NOT NULL,
    messages text NOT NULL,
    model text,
    parameters text NOT NULL,
    variables text NOT NULL,
    source text NOT NULL,
    created_at double precision NOT NULL,
    archived_at double precision,
    UNIQUE (template, version, revision)
  );
  CREATE UNIQUE INDEX prompt_versions_used ON amsterdam.prompt_versions (template, version) WHERE NOT conflict;
  CREATE INDEX prompt_versions_by_template ON amsterdam.prompt_versions (template, sequence);

  CREATE TABLE amsterdam.prompt_label_moves (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    template text COLLATE "C" NOT NULL,
    label text COLLATE "C" NOT NULL,
    version text COLLATE "C",
    moved_at double precision NOT NULL,
    moved_by text COLLATE "C"
  );
  CREATE INDEX prompt_label_moves_by_label ON amsterdam.prompt_label_moves (template, label, sequence);

  CREATE TABLE amsterdam.experiments (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    template text COLLATE "C" NOT NULL,
    status text NOT NULL,
    revision bigint NOT NULL,
    definition text NOT NULL
  );
  CREATE UNIQUE INDEX experiments_running ON amsterdam.experiments (template) WHERE status = 'running';

  CREATE TABLE amsterdam.experiment_events (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment text COLLATE "C" NOT NULL,
    at double precision NOT NULL,
    kind text NOT NULL,
    variant integer,
    detail text NOT NULL,
    by text COLLATE "C"
  );
  CREATE INDEX experiment_events_by_experiment ON amsterdam.experiment_events (experiment, sequence);

  CREATE TABLE amsterdam.experiment_epochs (
    experiment text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    started_at double precision NOT NULL,
    probabilities text NOT NULL,
    centre double precision NOT NULL,
    PRIMARY KEY (experiment, number)
  );

  CREATE TABLE amsterdam.experiment_decisions (
    sequence bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL,
    unit text COLLATE "C" NOT NULL,
    variant integer NOT NULL,
    epoch integer NOT NULL,
    probability double precision NOT NULL,
    started_at double precision NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    thread_id text COLLATE "C",
    model text,
    agent_id text,
    cost_usd double precision,
    duration_ms double precision NOT NULL,
    first_token_ms double precision,
    output_tokens double precision,
    failed boolean NOT NULL,
    finish text,
    UNIQUE (record_id, experiment)
  );
  CREATE INDEX experiment_decisions_by_experiment ON amsterdam.experiment_decisions (experiment, sequence);
  CREATE INDEX experiment_decisions_by_time ON amsterdam.experiment_decisions (experiment, started_at, sequence);
  CREATE INDEX experiment_decisions_by_request ON amsterdam.experiment_decisions (experiment, request_id);
  CREATE INDEX experiment_decisions_by_run ON amsterdam.experiment_decisions (experiment, run_id);
  CREATE INDEX experiment_decisions_by_thread ON amsterdam.experiment_decisions (experiment, thread_id)
    WHERE thread_id IS NOT NULL;
  CREATE INDEX feedback_by_time ON amsterdam.feedback (name, received_at);

  CREATE TABLE amsterdam.experiment_leader (
    id integer PRIMARY KEY CHECK (id = 1),
    process text NOT NULL,
    until double precision NOT NULL
  );

  ALTER TABLE amsterdam.records ADD COLUMN decisions text;

  INSERT INTO amsterdam.revisions (name, revision) VALUES ('prompts', 0), ('experiments', 0);
`;
