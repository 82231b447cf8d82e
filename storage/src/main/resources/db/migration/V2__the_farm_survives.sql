-- The farm survives. This only adds, so a node of the version before goes on working beside it.

-- A client that repeats a request with its key is given the job that the first one made.
ALTER TABLE job
  ADD COLUMN key   text,
  ADD COLUMN asked text, -- the SHA-256 of what was asked for with it
  ADD CONSTRAINT job_key_is_short CHECK (length(key) BETWEEN 1 AND 255),
  ADD CONSTRAINT job_key_says_for_what CHECK ((key IS NULL) = (asked IS NULL));

CREATE UNIQUE INDEX job_by_key ON job (tenant, key) WHERE key IS NOT NULL;

-- fallback: the checkpoint before the latest, for whoever cannot trust the latest.
-- forgiven: the furthest step whose checkpoint has forgiven losses; no step forgives twice.
-- stepped: when the running attempt did its last step.
-- alone: it ran out of memory, and runs with nothing beside it on its device from now on.
-- remade_in: its result is accepted, but a file of it is gone and is made again, in this class.
ALTER TABLE task
  ADD COLUMN checkpoint_attempt integer,
  ADD COLUMN fallback_state     text,
  ADD COLUMN fallback_step      integer,
  ADD COLUMN fallback_class     text,
  ADD COLUMN forgiven           integer NOT NULL DEFAULT 0,
  ADD COLUMN stepped            timestamptz,
  ADD COLUMN alone              boolean NOT NULL DEFAULT false,
  ADD COLUMN remade_in          text,
  ADD CONSTRAINT task_fallback_is_whole CHECK (
    (fallback_state IS NULL) = (fallback_step IS NULL)
    AND (fallback_state IS NULL) = (fallback_class IS NULL)),
  ADD CONSTRAINT task_fallback_is_a_sha256 CHECK (fallback_state ~ '^[0-9a-f]{64}$'),
  DROP CONSTRAINT task_keeps_no_checkpoint_when_done,
  ADD CONSTRAINT task_keeps_no_checkpoint_when_done CHECK (
    checkpoint_state IS NULL OR state IN ('blocked', 'ready', 'running'));

CREATE INDEX task_alone ON task (worker) WHERE alone AND state = 'running';

-- What collects files asks by digest.
CREATE INDEX task_by_checkpoint ON task (checkpoint_state) WHERE checkpoint_state IS NOT NULL;

-- A task whose file is made again succeeds a second time, which is no second result.
ALTER TABLE attempt
  DROP CONSTRAINT attempt_outcome_is_known,
  ADD CONSTRAINT attempt_outcome_is_known CHECK (
    outcome IN ('succeeded', 'failed', 'yielded', 'lost', 'cancelled', 'remade'));

-- Every worker process that asked for work of late. Nothing is promised by it: it says who could
-- do a task, and who had better not.
CREATE TABLE worker (
  id            text PRIMARY KEY,
  machine       text NOT NULL,
  device        text NOT NULL,
  numeric_class text NOT NULL,
  cards         text[] NOT NULL,
  seen          timestamptz NOT NULL,
  strikes       integer NOT NULL DEFAULT 0, -- tasks it failed and others did, since its last success
  drained       timestamptz
);

-- How often each kind of word came too late, or twice, and changed nothing.
CREATE TABLE late_word (
  said  text PRIMARY KEY,
  times bigint NOT NULL
);
