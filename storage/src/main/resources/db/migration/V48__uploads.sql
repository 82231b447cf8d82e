-- Files that clients send later. The address that one is sent to stands for the client's key.
CREATE TABLE upload (
  hash     text PRIMARY KEY,
  api_key  text REFERENCES api_key,
  tenant   text NOT NULL REFERENCES tenant,
  expires  timestamptz NOT NULL,
  artifact text,
  CONSTRAINT upload_hash_is_a_sha256 CHECK (hash ~ '^[0-9a-f]{64}$')
);

CREATE INDEX upload_by_end ON upload (expires);
