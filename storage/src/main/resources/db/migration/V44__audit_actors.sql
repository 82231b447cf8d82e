-- Every row of the audit log says in its detail who did it, as "by": the id of a key, `operator` for
-- the farm's own key, `anyone` on a farm that needs none, `farm` for its own processes. There the
-- chain's hashes cover it, and older rows, which do not say it, are as they were.

ALTER TABLE job ADD COLUMN submitter text;

-- A transaction says for whom it acts; see Database.act. What was not done by glimt is the act of a
-- user of the database.
CREATE FUNCTION audit_actor() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    nullif(current_setting('glimt.actor', true), ''),
    CASE WHEN current_setting('application_name') = 'glimt' THEN 'farm'
         ELSE 'database user ' || session_user END)
$$;

CREATE OR REPLACE FUNCTION audit_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  SELECT created, tenant, 'job.submitted', id::text, jsonb_build_object(
    'model', spec ->> 'model', 'prompt', audit_prompt(spec ->> 'prompt'), 'class', class,
    'origin', origin, 'filter', decisions, 'by', coalesce(submitter, audit_actor()))
  FROM fresh ORDER BY number;
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  act text;
  detail jsonb := '{}';
BEGIN
  IF OLD.deleted IS DISTINCT FROM NEW.deleted THEN
    act := 'job.deleted';
  ELSIF OLD.ending IS DISTINCT FROM NEW.ending AND NEW.ended_at_level IS NOT NULL THEN
    act := 'job.stopped';
    detail := jsonb_build_object('level', NEW.ended_at_level, 'why', NEW.why);
  ELSIF OLD.ending IS DISTINCT FROM NEW.ending THEN
    act := 'job.' || NEW.ending;
  ELSIF OLD.decisions IS DISTINCT FROM NEW.decisions THEN
    act := 'job.filtered';
    detail := NEW.decisions -> -1;
  ELSE
    act := 'job.changed';
    detail := jsonb_build_object(
      'class', NEW.class, 'paused', NEW.paused IS NOT NULL, 'deadline', NEW.deadline);
  END IF;
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.tenant, act, NEW.id::text,
    detail || jsonb_build_object('by', audit_actor()));
  RETURN NULL;
END $$;

-- It also writes that a job was stopped at a level.
DROP TRIGGER job_is_audited ON job;
CREATE TRIGGER job_is_audited AFTER UPDATE ON job FOR EACH ROW
  WHEN (OLD.class <> NEW.class
        OR (OLD.paused IS NULL) <> (NEW.paused IS NULL)
        OR OLD.deadline IS DISTINCT FROM NEW.deadline
        OR OLD.decisions <> NEW.decisions
        OR OLD.deleted IS DISTINCT FROM NEW.deleted
        OR (OLD.ending IS NULL
            AND (NEW.ending IN ('cancelled', 'blocked') OR NEW.ended_at_level IS NOT NULL)))
  EXECUTE FUNCTION audit_job();

CREATE OR REPLACE FUNCTION audit_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.tenant,
    CASE WHEN TG_OP = 'INSERT' THEN 'key.created'
         WHEN NEW.revoked IS NOT NULL THEN 'key.revoked' ELSE 'key.changed' END,
    NEW.id, jsonb_build_object(
      'scopes', NEW.scopes, 'rate', NEW.rate, 'label', NEW.label, 'by', audit_actor()));
  RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION audit_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.id, 'tenant.set', NEW.id,
    jsonb_build_object('weight', NEW.weight, 'jobs', NEW.jobs, 'day_seconds', NEW.day_seconds,
      'by', audit_actor()));
  RETURN NULL;
END $$;

-- A tenant's device-seconds are set by an act too.
DROP TRIGGER tenant_is_audited ON tenant;
CREATE TRIGGER tenant_is_audited AFTER UPDATE ON tenant FOR EACH ROW
  WHEN (OLD.weight <> NEW.weight OR OLD.jobs IS DISTINCT FROM NEW.jobs
        OR OLD.day_seconds IS DISTINCT FROM NEW.day_seconds)
  EXECUTE FUNCTION audit_tenant();

CREATE OR REPLACE FUNCTION audit_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, act, subject, detail)
  VALUES (clock_timestamp(), 'model.offered', NEW.digest,
    jsonb_build_object('model', NEW.name, 'by', audit_actor()));
  RETURN NULL;
END $$;

CREATE FUNCTION audit_webhook_secret() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.tenant, 'webhook_secret.made', NEW.tenant,
    jsonb_build_object('by', audit_actor()));
  RETURN NULL;
END $$;

CREATE TRIGGER new_webhook_secret_is_audited AFTER INSERT ON webhook_secret
  FOR EACH ROW EXECUTE FUNCTION audit_webhook_secret();

CREATE FUNCTION audit_signer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, act, subject, detail)
  VALUES (clock_timestamp(), 'signer.first_used', NEW.certificate,
    jsonb_build_object('name', NEW.subject, 'by', audit_actor()));
  RETURN NULL;
END $$;

CREATE TRIGGER new_signer_is_audited AFTER INSERT ON signer
  FOR EACH ROW EXECUTE FUNCTION audit_signer();
