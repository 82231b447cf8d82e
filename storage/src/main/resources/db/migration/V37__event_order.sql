-- The events of all jobs have an order in which none appears before one that was read already: by
-- the transaction that wrote them, as far as no older one is still open, and by number within it.
-- An identity alone is no such order, as transactions commit in another order than they count.
ALTER TABLE event
  ADD COLUMN xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;

CREATE INDEX event_by_order ON event (xact, number);
