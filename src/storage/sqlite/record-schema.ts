/**
 * `record_kinds` has what many requests share, once; a record and an hour's sums name it by its number. It is also
 * what statistics are grouped by, and never deleted: it grows with what is configured and called, not with traffic.
 *
 * `records` is ordered by ULID, that is by time, and new rows go to its end. Its indexes cost most where keys are
 * random (a client's own request ids), since each then changes a page of its own: see docs/performance.md.
 *
 * `record_hours` has the sums of each hour and kind, also of records that are deleted by now. `record_days` has the same of
 * days (UTC), of which those hours are a part that are numbered below `record_progress.hour`.
 * `record_body_blocks` has the bodies of a batch's records together, compressed.
 */
export const RECORD_SCHEMA = `
  CREATE TABLE record_kinds (
    id INTEGER PRIMARY KEY,
    key_id TEXT,
    door TEXT NOT NULL,
    operation TEXT NOT NULL,
    provider TEXT,
    model TEXT,
    route TEXT,
    agent_id TEXT,
    status INTEGER NOT NULL,
    error TEXT,
    category TEXT,
    finish TEXT
  ) STRICT;
  CREATE INDEX record_kinds_by_names ON record_kinds (model, key_id, agent_id, provider, route);

  CREATE TABLE records (
    id TEXT PRIMARY KEY,
    kind INTEGER NOT NULL,
    started_at REAL NOT NULL,
    duration_ms REAL NOT NULL,
    cost_usd REAL,
    first_token_ms REAL,
    input_tokens REAL,
    cached_input_tokens REAL,
    cache_write_input_tokens REAL,
    output_tokens REAL,
    reasoning_tokens REAL,
    body_block INTEGER,
    body_offset INTEGER,
    body_request INTEGER,
    body_response INTEGER,
    body_cut INTEGER,
    request_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    parent_id TEXT,
    thread_id TEXT,
    duplicate INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    has_usage INTEGER NOT NULL,
    audio_input_tokens REAL,
    audio_output_tokens REAL,
    cache_write_1h_input_tokens REAL,
    cached_audio_input_tokens REAL,
    image_output_tokens REAL,
    usage_source TEXT,
    service_tier TEXT,
    cost_source TEXT,
    cost_date TEXT,
    first_byte_ms REAL,
    longest_gap_ms REAL,
    request_bytes REAL NOT NULL,
    response_bytes REAL NOT NULL,
    trace_id TEXT NOT NULL,
    span_id TEXT NOT NULL,
    parent_span_id TEXT,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    client_format TEXT,
    target_format TEXT,
    requested_model TEXT,
    tags TEXT,
    templates TEXT,
    losses TEXT,
    cause TEXT,
    attempts TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX records_by_request ON records (request_id);
  CREATE INDEX records_by_run ON records (run_id) WHERE run_id <> request_id;
  CREATE INDEX records_by_parent ON records (parent_id) WHERE parent_id IS NOT NULL;
  CREATE INDEX records_by_thread ON records (thread_id) WHERE thread_id IS NOT NULL;

  CREATE TABLE record_tags (
    tag TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (tag, record_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_templates (
    template_id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    PRIMARY KEY (template_id, record_id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_hours (
    hour INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens REAL NOT NULL,
    cached_input_tokens REAL NOT NULL,
    cache_write_input_tokens REAL NOT NULL,
    output_tokens REAL NOT NULL,
    reasoning_tokens REAL NOT NULL,
    cost_usd REAL NOT NULL,
    unpriced INTEGER NOT NULL,
    highest_cost_usd REAL NOT NULL,
    longest_ms REAL NOT NULL,
    histograms TEXT NOT NULL,
    PRIMARY KEY (hour, kind)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_days (
    day INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens REAL NOT NULL,
    cached_input_tokens REAL NOT NULL,
    cache_write_input_tokens REAL NOT NULL,
    output_tokens REAL NOT NULL,
    reasoning_tokens REAL NOT NULL,
    cost_usd REAL NOT NULL,
    unpriced INTEGER NOT NULL,
    highest_cost_usd REAL NOT NULL,
    longest_ms REAL NOT NULL,
    histograms TEXT NOT NULL,
    PRIMARY KEY (day, kind)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_progress (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    hour INTEGER NOT NULL
  ) STRICT;
  INSERT INTO record_progress (id, hour) VALUES (1, 0);

  CREATE TABLE record_body_blocks (
    id INTEGER PRIMARY KEY,
    newest_id TEXT NOT NULL,
    bodies INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    data BLOB NOT NULL
  ) STRICT;
  CREATE INDEX record_body_blocks_by_age ON record_body_blocks (newest_id);

  CREATE TABLE record_body_totals (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_block INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT;
  INSERT INTO record_body_totals (id, last_block, bytes) VALUES (1, 0, 0);

  CREATE INDEX feedback_by_name ON feedback (name, target, target_id);
`;
