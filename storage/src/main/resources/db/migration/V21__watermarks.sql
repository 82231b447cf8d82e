-- A mark that was found in a file leads back to the jobs that hid it there.
CREATE INDEX job_by_watermark ON job ((spec ->> 'watermark')) WHERE spec ->> 'watermark' IS NOT NULL;
