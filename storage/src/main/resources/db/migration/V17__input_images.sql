-- A job may begin with a picture, which stays as long as the job asks for it.
CREATE INDEX job_by_image ON job ((spec #>> '{input,image}')) WHERE spec #>> '{input,image}' IS NOT NULL;
