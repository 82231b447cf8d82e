-- What was answered to a request with an idempotency key, for its repetitions within a day.
CREATE TABLE answer (
  tenant text NOT NULL REFERENCES tenant,
  key    text NOT NULL,
  status integer NOT NULL,
  body   text NOT NULL,
  made   timestamptz NOT NULL,
  PRIMARY KEY (tenant, key)
);

CREATE INDEX answer_by_age ON answer (made);
