-- The job that a job was made from, such as the one that it is a remix of. No reference: the origin
-- may be deleted.
ALTER TABLE job ADD COLUMN origin uuid;
