-- Where a job's events are sent. The address is the base of the links in what is sent.
CREATE TABLE webhook (
  job      uuid PRIMARY KEY REFERENCES job ON DELETE CASCADE,
  tenant   text NOT NULL REFERENCES tenant,
  url      text NOT NULL,
  facts    text[] NOT NULL,
  form     text NOT NULL,
  address  text NOT NULL,
  disabled timestamptz
);

CREATE INDEX webhook_by_url ON webhook (tenant, url);

-- The outbox: an event that is to be sent, written by the transaction that writes the event. A row
-- without due is done with. The lease keeps a second gateway from sending it too.
CREATE TABLE delivery (
  job      uuid NOT NULL REFERENCES webhook ON DELETE CASCADE,
  seq      bigint NOT NULL,
  due      timestamptz,
  lease    timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  tries    integer NOT NULL DEFAULT 0,
  tried    timestamptz,
  status   integer,
  failure  text,
  outcome  text,
  PRIMARY KEY (job, seq),
  FOREIGN KEY (job, seq) REFERENCES event (job, seq) ON DELETE CASCADE,
  CONSTRAINT delivery_is_due_or_done CHECK ((due IS NULL) = (outcome IS NOT NULL)),
  CONSTRAINT delivery_outcome_is_known CHECK (outcome IN ('delivered', 'given_up', 'gone'))
);

CREATE INDEX delivery_due ON delivery (due) WHERE due IS NOT NULL;

-- A trigger, so that no statement that writes events can forget them.
CREATE FUNCTION deliver_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO delivery (job, seq, due)
  SELECT told.job, told.seq, clock_timestamp()
  FROM told JOIN webhook ON webhook.job = told.job
  WHERE webhook.disabled IS NULL AND told.fact ->> 'type' = ANY (webhook.facts);
  RETURN NULL;
END
$$;

CREATE TRIGGER event_is_delivered AFTER INSERT ON event
  REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION deliver_events();

-- What a tenant's deliveries are signed with. One that was replaced still signs until its end.
CREATE TABLE webhook_secret (
  tenant text NOT NULL REFERENCES tenant,
  secret text NOT NULL,
  made   timestamptz NOT NULL,
  ends   timestamptz,
  PRIMARY KEY (tenant, secret)
);

CREATE UNIQUE INDEX webhook_secret_current ON webhook_secret (tenant) WHERE ends IS NULL;
