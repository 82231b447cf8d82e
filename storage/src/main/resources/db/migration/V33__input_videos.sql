-- A job may begin with a clip, which stays as long as the job asks for it.
CREATE INDEX job_by_video ON job ((spec #>> '{input,video}')) WHERE spec #>> '{input,video}' IS NOT NULL;
