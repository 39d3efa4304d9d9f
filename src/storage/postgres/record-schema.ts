/** Holds back others that make or delete partitions. "AMSP" in letters. */
const PARTITION_LOCK = 0x414d5350;

const SUMS = `
    kind integer NOT NULL,
    requests double precision NOT NULL,
    input_tokens double precision NOT NULL,
    cached_input_tokens double precision NOT NULL,
    cache_write_input_tokens double precision NOT NULL,
    output_tokens double precision NOT NULL,
    reasoning_tokens double precision NOT NULL,
    cost_usd double precision NOT NULL,
    unpriced double precision NOT NULL,
    highest_cost_usd double precision NOT NULL,
    longest_ms double precision NOT NULL,
    histograms text COLLATE "C" NOT NULL`;

/** Of a year's rows the last ones change, many times: they are vacuumed long before a fifth of all has changed. */
const CHANGES_OFTEN = `fillfactor = 60, autovacuum_vacuum_scale_factor = 0.01, autovacuum_analyze_scale_factor = 0.01,
    autovacuum_vacuum_insert_scale_factor = 0.01`;

/**
 * The tables are those of SQLite, but for these: `records`, `record_bodies` and `record_names` are in partitions by the
 * time in their ids (ULIDs), of a day or, the names, of a month, so that old ones can be dropped. `record_names` has what
 * records are found by: it is few tables for a whole year, and a look into each partition of records is spared. Its
 * index has hashes since clients choose names, and an index takes no text of more than 2,700 bytes. Names of records that
 * are deleted stay until their month goes.
 *
 * Partitions are made and dropped by functions that run with the rights of who made the schema, so that a user who may
 * only read and write is enough. A partition is attached, which unlike CREATE TABLE ... PARTITION OF holds up nobody.
 */
export const RECORD_SCHEMA = `
  CREATE TABLE amsterdam.record_kinds (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest text COLLATE "C" NOT NULL UNIQUE,
    key_id text,
    door text NOT NULL,
    operation text NOT NULL,
    provider text,
    model text,
    route text,
    agent_id text,
    status integer NOT NULL,
    error text,
    category text,
    finish text
  );

  CREATE TABLE amsterdam.records (
    id text COLLATE "C" PRIMARY KEY,
    kind integer NOT NULL,
    started_at double precision NOT NULL,
    duration_ms double precision NOT NULL,
    cost_usd double precision,
    first_token_ms double precision,
    input_tokens double precision,
    cached_input_tokens double precision,
    cache_write_input_tokens double precision,
    output_tokens double precision,
    reasoning_tokens double precision,
    audio_input_tokens double precision,
    audio_output_tokens double precision,
    cache_write_1h_input_tokens double precision,
    cached_audio_input_tokens double precision,
    image_output_tokens double precision,
    body_block text COLLATE "C",
    body_offset integer,
    body_request integer,
    body_response integer,
    body_cut boolean,
    duplicate boolean NOT NULL,
    stream boolean NOT NULL,
    has_usage boolean NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    parent_id text COLLATE "C",
    thread_id text COLLATE "C",
    usage_source text,
    service_tier text,
    cost_source text,
    cost_date text,
    first_byte_ms double precision,
    longest_gap_ms double precision,
    request_bytes double precision NOT NULL,
    response_bytes double precision NOT NULL,
    trace_id text NOT NULL,
    span_id text NOT NULL,
    parent_span_id text,
    method text NOT NULL,
    path text NOT NULL,
    client_format text,
    target_format text,
    requested_model text,
    tags text,
    templates text,
    losses text,
    cause text,
    attempts text
  ) PARTITION BY RANGE (id);

  CREATE TABLE amsterdam.record_names (
    field smallint NOT NULL,
    name text COLLATE "C" NOT NULL,
    record_id text COLLATE "C" NOT NULL
  ) PARTITION BY RANGE (record_id);
  CREATE INDEX record_names_by_hash ON amsterdam.record_names (hashtextextended(name, field), record_id);

  CREATE TABLE amsterdam.record_bodies (
    id text COLLATE "C" NOT NULL,
    bodies integer NOT NULL,
    bytes integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (id) INCLUDE (bodies, bytes)
  ) PARTITION BY RANGE (id);
  -- It is compressed already.
  ALTER TABLE amsterdam.record_bodies ALTER COLUMN data SET STORAGE EXTERNAL;

  CREATE TABLE amsterdam.record_hours (hour integer NOT NULL, ${SUMS}, PRIMARY KEY (hour, kind)) WITH (${CHANGES_OFTEN});
  CREATE TABLE amsterdam.record_days (day integer NOT NULL, ${SUMS}, PRIMARY KEY (day, kind)) WITH (${CHANGES_OFTEN});

  CREATE TABLE amsterdam.record_progress (
    id integer PRIMARY KEY CHECK (id = 1),
    hour integer NOT NULL
  );
  INSERT INTO amsterdam.record_progress (id, hour) VALUES (1, 0);

  CREATE INDEX feedback_by_name ON amsterdam.feedback (name, target, target_id);

  CREATE FUNCTION amsterdam.joined_histograms(one text, other text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    BEGIN
      IF length(one) + length(other) < 4096 THEN RETURN one || other; END IF;
      RETURN (
        SELECT string_agg(mark || CASE WHEN count = 1 THEN '' ELSE count::text END, '' ORDER BY mark COLLATE "C")
        FROM (
          SELECT part[1] AS mark, sum(CASE WHEN part[2] = '' THEN 1 ELSE part[2]::numeric END) AS count
          FROM regexp_matches(one || other, '([^0-9])([0-9]*)', 'g') AS part GROUP BY part[1]
        ) AS marks);
    END
  $$;

  CREATE FUNCTION amsterdam.add_record_partition(parent text, part text, low text, high text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN
      IF NOT has_table_privilege(session_user, 'amsterdam.records', 'INSERT') THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied to add a partition of records';
      END IF;
      IF parent NOT IN ('records', 'record_names', 'record_bodies') OR part !~ ('^' || parent || '_[0-9]+$') THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s cannot be a partition of %s', part, parent);
      END IF;
      PERFORM pg_advisory_xact_lock(${PARTITION_LOCK});
      IF to_regclass(format('amsterdam.%I', part)) IS NULL THEN
        EXECUTE format('CREATE TABLE amsterdam.%I (LIKE amsterdam.%I INCLUDING ALL)', part, parent);
        EXECUTE format('ALTER TABLE amsterdam.%I ATTACH PARTITION amsterdam.%I FOR VALUES FROM (%L) TO (%L)',
          parent, part, low, high);
      END IF;
    END
  $$;

  CREATE FUNCTION amsterdam.drop_record_partition(parent text, part text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
    BEGIN
      IF NOT has_table_privilege(session_user, 'amsterdam.records', 'DELETE') THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied to drop a partition of records';
      END IF;
      IF parent NOT IN ('records', 'record_names', 'record_bodies') OR part !~ ('^' || parent || '_[0-9]+$') THEN
        RAISE invalid_parameter_value USING MESSAGE = format('%s is no partition of %s', part, parent);
      END IF;
      PERFORM pg_advisory_xact_lock(${PARTITION_LOCK});
      EXECUTE format('DROP TABLE IF EXISTS amsterdam.%I', part);
    END
  $$;
`;
