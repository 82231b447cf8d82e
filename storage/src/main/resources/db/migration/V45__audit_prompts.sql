-- A farm may keep prompts in its audit log as they are, instead of as HMACs. That it was told to is
-- an act like others.
ALTER TABLE audit_salt ADD COLUMN plain boolean NOT NULL DEFAULT false;

CREATE OR REPLACE FUNCTION audit_prompt(prompt text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN plain THEN prompt
    ELSE encode(sha256(outer_pad || sha256(inner_pad || convert_to(prompt, 'UTF8'))), 'hex') END
  FROM audit_salt
$$;

CREATE FUNCTION audit_prompts_choice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_entry (at, act, subject, detail)
  VALUES (clock_timestamp(), 'audit.prompts', 'prompts',
    jsonb_build_object('plain', NEW.plain, 'by', audit_actor()));
  RETURN NULL;
END $$;

CREATE TRIGGER choice_of_prompts_is_audited AFTER UPDATE ON audit_salt FOR EACH ROW
  WHEN (OLD.plain <> NEW.plain) EXECUTE FUNCTION audit_prompts_choice();
