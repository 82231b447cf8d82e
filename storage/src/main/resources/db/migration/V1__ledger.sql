-- The ledger. Tables are the singular of the plural Java nouns, columns the record components.

CREATE TABLE tenant (
  id text PRIMARY KEY,
  CONSTRAINT tenant_id_is_short CHECK (length(id) BETWEEN 1 AND 64)
);

INSERT INTO tenant (id) VALUES ('default');

-- The catalogue. A name may have had several cards; jobs pin the digest they were planned with.
CREATE TABLE bundle (
  digest  text PRIMARY KEY,
  name    text NOT NULL,
  card    jsonb NOT NULL,
  offered timestamptz NOT NULL,
  CONSTRAINT bundle_digest_is_a_sha256 CHECK (digest ~ '^[0-9a-f]{64}$'),
  CONSTRAINT bundle_name_is_the_card_s CHECK (card ->> 'name' = name)
);

CREATE INDEX bundle_by_name ON bundle (name, offered DESC);

-- There is no state column: until a job has ended, its state follows from its tasks.
CREATE TABLE job (
  id       uuid PRIMARY KEY,
  number   bigint GENERATED ALWAYS AS IDENTITY,
  tenant   text NOT NULL REFERENCES tenant,
  card     text NOT NULL REFERENCES bundle,
  spec     jsonb NOT NULL,
  warnings jsonb NOT NULL,
  created  timestamptz NOT NULL,
  started  timestamptz,
  ended    timestamptz,
  ending   text,
  fault    text,
  why      text,
  last_seq bigint NOT NULL,
  CONSTRAINT job_ending_is_known CHECK (ending IN ('succeeded', 'failed', 'cancelled')),
  CONSTRAINT job_has_ended_when_it_has_an_ending CHECK ((ended IS NULL) = (ending IS NULL)),
  CONSTRAINT job_says_why_it_failed CHECK (
    CASE WHEN ending = 'failed' THEN fault IS NOT NULL AND why IS NOT NULL
         ELSE fault IS NULL AND why IS NULL END),
  CONSTRAINT job_began_with_an_event CHECK (last_seq >= 1)
);

CREATE UNIQUE INDEX job_by_age ON job (tenant, number);

-- job_number and card are the job's, repeated so that a claim reads one index and no other table.
-- reached is the furthest any attempt got: progress never goes back, though an attempt may.
CREATE TABLE task (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job              uuid NOT NULL REFERENCES job ON DELETE CASCADE,
  job_number       bigint NOT NULL,
  ordinal          integer NOT NULL,
  card             text NOT NULL,
  work             jsonb NOT NULL,
  amount           bigint NOT NULL,
  steps            integer NOT NULL,
  waits_for        integer NOT NULL,
  state            text NOT NULL,
  ready_at         timestamptz,
  attempt          integer NOT NULL DEFAULT 0,
  failures         integer NOT NULL DEFAULT 0,
  losses           integer NOT NULL DEFAULT 0,
  worker           text,
  failed_on        text,
  lease_until      timestamptz,
  step             integer NOT NULL DEFAULT 0,
  reached          integer NOT NULL DEFAULT 0,
  checkpoint_state text,
  checkpoint_step  integer,
  checkpoint_class text,
  CONSTRAINT task_has_one_place_in_its_plan UNIQUE (job, ordinal),
  CONSTRAINT task_state_is_known CHECK (
    state IN ('blocked', 'ready', 'running', 'succeeded', 'failed', 'cancelled')),
  CONSTRAINT task_is_blocked_while_it_waits CHECK (
    waits_for >= 0 AND CASE state WHEN 'blocked' THEN waits_for > 0
                                  WHEN 'cancelled' THEN true
                                  ELSE waits_for = 0 END),
  CONSTRAINT task_is_ready_since_some_time CHECK (state <> 'ready' OR ready_at IS NOT NULL),
  CONSTRAINT task_runs_under_a_lease CHECK (
    (state = 'running') = (lease_until IS NOT NULL) AND (state <> 'running' OR worker IS NOT NULL)),
  CONSTRAINT task_has_few_tries CHECK (failures BETWEEN 0 AND 3 AND losses BETWEEN 0 AND 3),
  CONSTRAINT task_step_is_one_of_its_steps CHECK (
    steps >= 1 AND amount >= 1 AND step BETWEEN 0 AND steps AND reached BETWEEN step AND steps),
  CONSTRAINT task_checkpoint_is_whole CHECK (
    (checkpoint_state IS NULL) = (checkpoint_step IS NULL)
    AND (checkpoint_state IS NULL) = (checkpoint_class IS NULL)),
  CONSTRAINT task_checkpoint_is_a_sha256 CHECK (checkpoint_state ~ '^[0-9a-f]{64}$'),
  CONSTRAINT task_keeps_no_checkpoint_when_done CHECK (
    checkpoint_state IS NULL OR state IN ('ready', 'running'))
) WITH (fillfactor = 70);

CREATE INDEX task_to_claim ON task (job_number, ordinal) WHERE state = 'ready';

-- Not on lease_until: an index on it would have to follow every heartbeat, and no update of the row
-- could stay within its page. Few tasks run at once, so a sweep reads them all.
CREATE INDEX task_running ON task (worker) WHERE state = 'running';

-- "after" reads what "before" made, as its input number "position".
CREATE TABLE task_edge (
  before   bigint NOT NULL REFERENCES task ON DELETE CASCADE,
  after    bigint NOT NULL REFERENCES task ON DELETE CASCADE,
  position integer NOT NULL,
  PRIMARY KEY (before, after),
  CONSTRAINT task_edge_leads_forward CHECK (before < after)
);

CREATE UNIQUE INDEX task_edge_by_input ON task_edge (after, position);

CREATE TABLE attempt (
  task            bigint NOT NULL REFERENCES task ON DELETE CASCADE,
  number          integer NOT NULL,
  worker          text NOT NULL,
  started         timestamptz NOT NULL,
  ended           timestamptz,
  outcome         text,
  fault           text,
  why             text,
  numeric_class   text,
  resumed_from    integer,
  steps           integer,
  seconds         double precision,
  network_seconds double precision, -- of these, in the networks' forward passes
  PRIMARY KEY (task, number),
  CONSTRAINT attempt_outcome_is_known CHECK (
    outcome IN ('succeeded', 'failed', 'yielded', 'lost', 'cancelled')),
  CONSTRAINT attempt_has_ended_when_it_has_an_outcome CHECK ((ended IS NULL) = (outcome IS NULL)),
  CONSTRAINT attempt_effort_is_whole CHECK (
    (numeric_class IS NULL) = (resumed_from IS NULL)
    AND (numeric_class IS NULL) = (steps IS NULL)
    AND (numeric_class IS NULL) = (seconds IS NULL)
    AND (numeric_class IS NULL) = (network_seconds IS NULL))
);

-- One accepted result for each task, whatever became of its other attempts.
CREATE UNIQUE INDEX attempt_accepted ON attempt (task) WHERE outcome = 'succeeded';

CREATE TABLE artifact (
  sha256     text PRIMARY KEY,
  media_type text NOT NULL,
  length     bigint NOT NULL,
  made       timestamptz NOT NULL,
  CONSTRAINT artifact_is_named_by_its_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  CONSTRAINT artifact_length_is_not_negative CHECK (length >= 0)
);

CREATE TABLE product (
  task     bigint NOT NULL REFERENCES task ON DELETE CASCADE,
  position integer NOT NULL,
  role     text NOT NULL,
  artifact text NOT NULL REFERENCES artifact,
  PRIMARY KEY (task, position),
  CONSTRAINT product_role_is_known CHECK (role IN ('sample', 'media'))
);

CREATE INDEX product_by_artifact ON product (artifact);

-- Numbered under the job's row lock, so that the order of commit is the order of seq, with no gap.
CREATE TABLE event (
  job  uuid NOT NULL REFERENCES job ON DELETE CASCADE,
  seq  bigint NOT NULL,
  at   timestamptz NOT NULL,
  fact jsonb NOT NULL,
  PRIMARY KEY (job, seq),
  CONSTRAINT event_numbers_begin_at_1 CHECK (seq >= 1)
);

-- One row, touched by every sweep: when it is old, the database was away and nobody is dead.
CREATE TABLE pulse (
  one boolean PRIMARY KEY DEFAULT true,
  at  timestamptz NOT NULL,
  CONSTRAINT pulse_is_one_row CHECK (one)
);

INSERT INTO pulse (at) VALUES (clock_timestamp());
