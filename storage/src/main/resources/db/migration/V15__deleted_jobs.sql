-- A job that was deleted keeps its row, for lists that were on their way past it and for its key;
-- what it was asked for and what it made go.
ALTER TABLE job ADD COLUMN deleted timestamptz;

ALTER TABLE job ADD CONSTRAINT job_is_deleted_after_its_end CHECK (deleted IS NULL OR ended IS NOT NULL);
