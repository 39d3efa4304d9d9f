/**
 * Of a version's revisions one is the version; the others are conflicts. Those from traffic are counted before each new
 * one, and for that have an index. A label points to where its last move says.
 *
 * `experiment_decisions` has what a request's record says that was decided in an experiment. It outlives the record. Its
 * indexes by request, run and thread are for feedback, which names these.
 */
export const PROMPT_SCHEMA = `
  CREATE TABLE prompt_templates (
    name TEXT PRIMARY KEY,
    created_at REAL NOT NULL,
    archived_at REAL,
    pinned_version TEXT
  ) STRICT;

  CREATE TABLE prompt_versions (
    sequence INTEGER PRIMARY KEY,
    template TEXT NOT NULL,
    version TEXT NOT NULL,
    revision TEXT NOT NULL,
    conflict INTEGER NOT NULL,
    source TEXT NOT NULL,
    created_at REAL NOT NULL,
    archived_at REAL,
    model TEXT,
    parameters TEXT NOT NULL,
    variables TEXT NOT NULL,
    messages TEXT NOT NULL,
    UNIQUE (template, version, revision)
  ) STRICT;
  CREATE UNIQUE INDEX prompt_versions_used ON prompt_versions (template, version) WHERE NOT conflict;
  CREATE INDEX prompt_versions_by_template ON prompt_versions (template);
  CREATE INDEX prompt_versions_seen ON prompt_versions (template) WHERE source = 'traffic';

  CREATE TABLE prompt_label_moves (
    sequence INTEGER PRIMARY KEY,
    template TEXT NOT NULL,
    label TEXT NOT NULL,
    version TEXT,
    moved_at REAL NOT NULL,
    moved_by TEXT
  ) STRICT;
  CREATE INDEX prompt_label_moves_by_label ON prompt_label_moves (template, label);

  CREATE TABLE experiments (
    sequence INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    template TEXT NOT NULL,
    status TEXT NOT NULL,
    revision INTEGER NOT NULL,
    definition TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX experiments_running ON experiments (template) WHERE status = 'running';

  CREATE TABLE experiment_events (
    sequence INTEGER PRIMARY KEY,
    experiment TEXT NOT NULL,
    at REAL NOT NULL,
    kind TEXT NOT NULL,
    variant INTEGER,
    detail TEXT NOT NULL,
    by TEXT
  ) STRICT;
  CREATE INDEX experiment_events_by_experiment ON experiment_events (experiment);

  CREATE TABLE experiment_epochs (
    experiment TEXT NOT NULL,
    number INTEGER NOT NULL,
    started_at REAL NOT NULL,
    probabilities TEXT NOT NULL,
    centre REAL NOT NULL,
    PRIMARY KEY (experiment, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE experiment_decisions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    experiment TEXT NOT NULL,
    record_id TEXT NOT NULL,
    unit TEXT NOT NULL,
    variant INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    probability REAL NOT NULL,
    started_at REAL NOT NULL,
    request_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    thread_id TEXT,
    model TEXT,
    agent_id TEXT,
    cost_usd REAL,
    duration_ms REAL NOT NULL,
    first_token_ms REAL,
    output_tokens REAL,
    failed INTEGER NOT NULL,
    finish TEXT,
    UNIQUE (record_id, experiment)
  ) STRICT;
  CREATE INDEX experiment_decisions_by_experiment ON experiment_decisions (experiment);
  CREATE INDEX experiment_decisions_by_time ON experiment_decisions (experiment, started_at);
  CREATE INDEX experiment_decisions_by_request ON experiment_decisions (experiment, request_id);
  CREATE INDEX experiment_decisions_by_run ON experiment_decisions (experiment, run_id);
  CREATE INDEX experiment_decisions_by_thread ON experiment_decisions (experiment, thread_id)
    WHERE thread_id IS NOT NULL;
  CREATE INDEX feedback_by_time ON feedback (name, received_at);

  CREATE TABLE experiment_leader (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    process TEXT NOT NULL,
    until REAL NOT NULL
  ) STRICT;

  ALTER TABLE records ADD COLUMN decisions TEXT;

  CREATE TABLE record_versions (
    version TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (version, record_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_variants (
    variant TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (variant, record_id)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO revisions (name, revision) VALUES ('prompts', 0), ('experiments', 0);
`;
