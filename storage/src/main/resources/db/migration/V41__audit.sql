-- The audit log. Triggers write a row in the transaction of each act, whoever does it. One process
-- at a time links the rows shortly after into a chain of hashes, so that no act waits for another.
-- This only adds; what was done before has no rows.

CREATE TABLE audit_entry (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at      timestamptz NOT NULL,
  tenant  text,
  act     text NOT NULL,
  subject text NOT NULL,
  detail  jsonb NOT NULL,
  -- Its place in the chain, and the SHA-256 of itself and the hash before; null until it is linked.
  number  bigint UNIQUE,
  hash    text,
  CONSTRAINT audit_entry_is_linked_as_a_whole CHECK ((number IS NULL) = (hash IS NULL)),
  CONSTRAINT audit_entry_hash_is_a_sha256 CHECK (hash ~ '^[0-9a-f]{64}$')
);

CREATE INDEX audit_entry_to_link ON audit_entry (id) WHERE number IS NULL;

-- The end of the chain, so that rows cannot be missing there either.
CREATE TABLE audit_head (
  one    boolean PRIMARY KEY DEFAULT true,
  number bigint NOT NULL,
  hash   text NOT NULL,
  CONSTRAINT audit_head_is_one_row CHECK (one)
);

INSERT INTO audit_head (number, hash) VALUES (0, repeat('0', 64));

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.number IS NULL AND NEW.number IS NOT NULL
       AND (OLD.id, OLD.at, OLD.tenant, OLD.act, OLD.subject, OLD.detail)
           IS NOT DISTINCT FROM (NEW.id, NEW.at, NEW.tenant, NEW.act, NEW.subject, NEW.detail) THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'the audit log is only added to';
END $$;

CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE ON audit_entry
  FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_log_stays BEFORE TRUNCATE ON audit_entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();

-- The two halves of the key of HMAC-SHA-256 (RFC 2104), by which prompts are told apart.
CREATE TABLE audit_salt (
  one   boolean PRIMARY KEY DEFAULT true,
  inner_pad bytea NOT NULL,
  outer_pad bytea NOT NULL,
  CONSTRAINT audit_salt_is_one_row CHECK (one)
);

DO $$
DECLARE
  key bytea := sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8'))
               || decode(repeat('00', 32), 'hex');
  inside bytea := key;
  outside bytea := key;
BEGIN
  FOR i IN 0..63 LOOP
    inside := set_byte(inside, i, get_byte(key, i) # 54);
    outside := set_byte(outside, i, get_byte(key, i) # 92);
  END LOOP;
  INSERT INTO audit_salt (inner_pad, outer_pad) VALUES (inside, outside);
END $$;

CREATE FUNCTION audit_prompt(prompt text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(outer_pad || sha256(inner_pad || convert_to(prompt, 'UTF8'))), 'hex')
  FROM audit_salt
$$;

CREATE FUNCTION audit_new_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  SELECT created, tenant, 'job.submitted', id::text, jsonb_build_object(
    'model', spec ->> 'model', 'prompt', audit_prompt(spec ->> 'prompt'), 'class', class,
    'origin', origin, 'filter', decisions)
  FROM fresh ORDER BY number;
  RETURN NULL;
END $$;

CREATE TRIGGER new_jobs_are_audited AFTER INSERT ON job
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION audit_new_jobs();

CREATE FUNCTION audit_job() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  act text;
  detail jsonb := '{}';
BEGIN
  IF OLD.deleted IS DISTINCT FROM NEW.deleted THEN
    act := 'job.deleted';
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
  VALUES (clock_timestamp(), NEW.tenant, act, NEW.id::text, detail);
  RETURN NULL;
END $$;

CREATE TRIGGER job_is_audited AFTER UPDATE ON job FOR EACH ROW
  WHEN (OLD.class <> NEW.class
        OR (OLD.paused IS NULL) <> (NEW.paused IS NULL)
        OR OLD.deadline IS DISTINCT FROM NEW.deadline
        OR OLD.decisions <> NEW.decisions
        OR OLD.deleted IS DISTINCT FROM NEW.deleted
        OR (OLD.ending IS NULL AND NEW.ending IN ('cancelled', 'blocked')))
  EXECUTE FUNCTION audit_job();

CREATE FUNCTION audit_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.tenant,
    CASE WHEN TG_OP = 'INSERT' THEN 'key.created'
         WHEN NEW.revoked IS NOT NULL THEN 'key.revoked' ELSE 'key.changed' END,
    NEW.id, jsonb_build_object('scopes', NEW.scopes, 'rate', NEW.rate, 'label', NEW.label));
  RETURN NULL;
END $$;

CREATE TRIGGER new_key_is_audited AFTER INSERT ON api_key
  FOR EACH ROW EXECUTE FUNCTION audit_key();
CREATE TRIGGER key_is_audited AFTER UPDATE ON api_key FOR EACH ROW
  WHEN (OLD IS DISTINCT FROM NEW) EXECUTE FUNCTION audit_key();

CREATE FUNCTION audit_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, tenant, act, subject, detail)
  VALUES (clock_timestamp(), NEW.id, 'tenant.set', NEW.id,
    jsonb_build_object('weight', NEW.weight, 'jobs', NEW.jobs));
  RETURN NULL;
END $$;

CREATE TRIGGER new_tenant_is_audited AFTER INSERT ON tenant
  FOR EACH ROW EXECUTE FUNCTION audit_tenant();
CREATE TRIGGER tenant_is_audited AFTER UPDATE ON tenant FOR EACH ROW
  WHEN (OLD.weight <> NEW.weight OR OLD.jobs IS DISTINCT FROM NEW.jobs)
  EXECUTE FUNCTION audit_tenant();

CREATE FUNCTION audit_bundle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, act, subject, detail)
  VALUES (clock_timestamp(), 'model.offered', NEW.digest, jsonb_build_object('model', NEW.name));
  RETURN NULL;
END $$;

CREATE TRIGGER new_bundle_is_audited AFTER INSERT ON bundle
  FOR EACH ROW EXECUTE FUNCTION audit_bundle();
