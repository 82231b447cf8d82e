-- The certificates that the farm signed with, so that files of a signer that was replaced since are
-- still known as its own. used: when a node last started with it.
CREATE TABLE signer (
  certificate text PRIMARY KEY,
  subject     text NOT NULL,
  used        timestamptz NOT NULL,
  CONSTRAINT signer_certificate_is_a_sha256 CHECK (certificate ~ '^[0-9a-f]{64}$')
);
