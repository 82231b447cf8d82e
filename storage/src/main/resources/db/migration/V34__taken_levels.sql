-- A job may begin with a finished level of another, its origin, and make only the levels above.
-- origin_level: that level. drafts: the first of the drafts of one request, of which the job is one.
ALTER TABLE job
  ADD COLUMN origin_level text,
  ADD COLUMN drafts       uuid,
  ADD CONSTRAINT job_takes_a_level_of_its_origin CHECK (origin_level IS NULL OR origin IS NOT NULL);

CREATE INDEX job_by_drafts ON job (drafts, number) WHERE drafts IS NOT NULL;

-- taken: the task of another job whose result it has, instead of making one. Its products are
-- rows of its own, so that they stay when that job is deleted. No reference, for the same reason.
ALTER TABLE task
  ADD COLUMN taken bigint,
  ADD CONSTRAINT task_is_done_if_taken CHECK (taken IS NULL OR state = 'succeeded');
