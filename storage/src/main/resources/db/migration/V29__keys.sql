-- Keys of the API. A key is 256 random bits, of which only the SHA-256 is kept: random bits need no
-- slower hash. A revoked key keeps its row, so that its use can be told from a wrong key.
CREATE TABLE api_key (
  id      text PRIMARY KEY,
  tenant  text NOT NULL REFERENCES tenant,
  hash    text NOT NULL,
  scopes  text[] NOT NULL,
  rate    double precision,
  label   text NOT NULL,
  created timestamptz NOT NULL,
  revoked timestamptz,
  CONSTRAINT api_key_hash_is_a_sha256 CHECK (hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT api_key_scopes_are_known CHECK (
    scopes <@ ARRAY['submit', 'read', 'admin'] AND cardinality(scopes) > 0),
  CONSTRAINT api_key_rate_is_positive CHECK (rate > 0)
);

-- A ticket is used once: whoever deletes its row has used it.
CREATE TABLE ticket (
  hash    text PRIMARY KEY,
  api_key text REFERENCES api_key,
  tenant  text NOT NULL REFERENCES tenant,
  expires timestamptz NOT NULL
);
