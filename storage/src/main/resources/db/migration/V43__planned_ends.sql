-- How far a job is made because more is not likely to be ready by its deadline or for its budget:
-- the name of its last level, the ordinal of that level's last task, and why.
ALTER TABLE job
  ADD COLUMN planned_level text,
  ADD COLUMN planned_last  integer,
  ADD COLUMN planned_why   text,
  ADD CONSTRAINT job_plans_its_end_as_a_whole CHECK (
    (planned_level IS NULL) = (planned_last IS NULL)
    AND (planned_level IS NULL) = (planned_why IS NULL));
