-- A job may have to end by a time, or within so many device-seconds. Its result is then the newest
-- whole level. Jobs from before have neither, and their rows keep to the new constraint.
ALTER TABLE job
  ADD COLUMN deadline       timestamptz,
  ADD COLUMN budget         double precision,
  ADD COLUMN ended_at_level text,
  ADD CONSTRAINT job_budget_is_a_time CHECK (budget > 0 AND budget < 'Infinity'),
  DROP CONSTRAINT job_says_why_it_failed,
  ADD CONSTRAINT job_says_why_it_did_not_finish CHECK (
    CASE WHEN ending = 'failed' THEN fault IS NOT NULL AND why IS NOT NULL AND ended_at_level IS NULL
         WHEN ended_at_level IS NOT NULL THEN ending = 'succeeded' AND fault IS NULL AND why IS NOT NULL
         ELSE fault IS NULL AND why IS NULL END);

CREATE INDEX job_with_deadline ON job (deadline) WHERE ending IS NULL AND deadline IS NOT NULL;
CREATE INDEX job_with_budget ON job (id) WHERE ending IS NULL AND budget IS NOT NULL;
