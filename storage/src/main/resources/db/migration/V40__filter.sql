-- A content filter may end a job. This only adds: no job from before was blocked.
ALTER TABLE job
  -- What filters decided about its prompt, its input and its levels.
  ADD COLUMN decisions jsonb NOT NULL DEFAULT '[]',
  DROP CONSTRAINT job_ending_is_known,
  ADD CONSTRAINT job_ending_is_known CHECK (
    ending IN ('succeeded', 'failed', 'cancelled', 'blocked')),
  DROP CONSTRAINT job_says_why_it_did_not_finish,
  ADD CONSTRAINT job_says_why_it_did_not_finish CHECK (
    CASE WHEN ending IN ('failed', 'blocked')
           THEN fault IS NOT NULL AND why IS NOT NULL AND ended_at_level IS NULL
         WHEN ended_at_level IS NOT NULL THEN ending = 'succeeded' AND fault IS NULL AND why IS NOT NULL
         ELSE fault IS NULL AND why IS NULL END);

-- Nobody gets the files of a blocked job, so nothing of it is useful, and nobody pays for it.
CREATE OR REPLACE VIEW device_use AS
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
           WHEN job.ending = 'blocked' THEN 0
           WHEN task.state IN ('failed', 'cancelled') OR outcome = 'remade' THEN 0
           WHEN outcome = 'succeeded' THEN 1
           WHEN attempt.steps > 0 THEN least(1, greatest(0,
             coalesce(later.resumed, task.checkpoint_step, 0) - attempt.resumed_from)
             ::double precision / attempt.steps)
           ELSE 0 END AS share
  FROM attempt JOIN task ON task.id = attempt.task JOIN job ON job.id = task.job
  CROSS JOIN LATERAL (
    SELECT min(resumed_from) AS resumed FROM attempt AS next
    WHERE next.task = attempt.task AND next.number > attempt.number AND NOT EXISTS (
      SELECT FROM attempt AS done
      WHERE done.task = next.task AND done.number < next.number AND done.outcome = 'succeeded'
    )) AS later
  WHERE attempt.ended IS NOT NULL) AS every
UNION ALL
SELECT * FROM device_use_of_deleted;
