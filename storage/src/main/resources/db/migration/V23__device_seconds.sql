-- Where the seconds of the devices go. This only adds; what was done before has no timings.

-- Of an attempt's seconds, as its worker measured them; waiting is all that is nothing else.
ALTER TABLE attempt
  ADD COLUMN load       double precision,
  ADD COLUMN encode     double precision,
  ADD COLUMN denoise    double precision,
  ADD COLUMN decode     double precision,
  ADD COLUMN write      double precision,
  ADD COLUMN checkpoint double precision,
  ADD COLUMN waiting    double precision,
  ADD CONSTRAINT attempt_timings_are_whole CHECK (
    num_nulls(load, encode, denoise, decode, write, checkpoint, waiting) IN (0, 7));

-- Attempts begin in the order of time, so this index is small, and costs a claim nothing.
CREATE INDEX attempt_by_time ON attempt USING brin (started);

-- What a worker said of its own time when it last asked for work: since its start; of that without
-- a task; and of that with one that was taken from it, or while it reported an end.
CREATE TABLE worker_time (
  worker text PRIMARY KEY,
  device text NOT NULL,
  at     timestamptz NOT NULL,
  life   double precision NOT NULL,
  idle   double precision NOT NULL,
  other  double precision NOT NULL
);

-- What deleted jobs took: a job leaves no trace but this.
CREATE TABLE device_use_of_deleted (
  tenant     text NOT NULL,
  job        uuid NOT NULL,
  started    timestamptz NOT NULL,
  worker     text NOT NULL,
  attempts   bigint NOT NULL,
  seconds    double precision NOT NULL,
  load       double precision NOT NULL,
  encode     double precision NOT NULL,
  denoise    double precision NOT NULL,
  decode     double precision NOT NULL,
  write      double precision NOT NULL,
  checkpoint double precision NOT NULL,
  waiting    double precision NOT NULL,
  reported   double precision NOT NULL,
  useful     double precision NOT NULL,
  preempted  double precision NOT NULL
);

CREATE INDEX device_use_of_deleted_by_time ON device_use_of_deleted USING brin (started);

-- The ended attempts, with the seconds that are in a result or in a checkpoint that goes on
-- (useful), and of the others those of attempts that were handed back (preempted). An attempt that
-- succeeded is useful as a whole; another by the share of its steps that no later attempt at the
-- result repeated. reported: the seconds of attempts whose worker told where they went.
CREATE VIEW device_use AS
SELECT tenant, job, started, worker, 1::bigint AS attempts, seconds,
       load, encode, denoise, decode, write, checkpoint, waiting, reported,
       seconds * share AS useful,
       CASE WHEN outcome = 'yielded' THEN seconds * (1 - share) ELSE 0 END AS preempted
FROM (
  SELECT task.tenant, task.job, attempt.started, attempt.worker, attempt.outcome,
         coalesce(attempt.seconds, 0) AS seconds,
         coalesce(load, 0) AS load, coalesce(encode, 0) AS encode, coalesce(denoise, 0) AS denoise,
         coalesce(decode, 0) AS decode, coalesce(write, 0) AS write,
         coalesce(checkpoint, 0) AS checkpoint, coalesce(waiting, 0) AS waiting,
         CASE WHEN waiting IS NULL THEN 0 ELSE coalesce(attempt.seconds, 0) END AS reported,
         CASE
           WHEN task.state IN ('failed', 'cancelled') OR outcome = 'remade' THEN 0
           WHEN outcome = 'succeeded' THEN 1
           WHEN attempt.steps > 0 THEN least(1, greatest(0,
             coalesce(later.resumed, task.checkpoint_step, 0) - attempt.resumed_from)
             ::double precision / attempt.steps)
           ELSE 0 END AS share
  FROM attempt JOIN task ON task.id = attempt.task CROSS JOIN LATERAL (
    SELECT min(resumed_from) AS resumed FROM attempt AS next
    WHERE next.task = attempt.task AND next.number > attempt.number AND NOT EXISTS (
      SELECT FROM attempt AS done
      WHERE done.task = next.task AND done.number < next.number AND done.outcome = 'succeeded'
    )) AS later
  WHERE attempt.ended IS NOT NULL) AS every
UNION ALL
SELECT * FROM device_use_of_deleted;

-- How long a step takes, as learned from attempts: by the numeric class of the worker, and the
-- number of positions that a step of the task works on.
CREATE TABLE step_time (
  card          text NOT NULL,
  level         text NOT NULL,
  work          text NOT NULL,
  size          bigint NOT NULL,
  numeric_class text NOT NULL,
  seconds       double precision NOT NULL,
  PRIMARY KEY (card, level, work, size, numeric_class),
  CONSTRAINT step_time_is_positive CHECK (seconds > 0 AND seconds < 'Infinity')
);
