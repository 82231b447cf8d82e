-- No transaction waits for the row of a tenant any longer. This only adds.

-- Device-seconds that a tenant was given while another transaction held its row. Whoever holds the
-- row next adds them to its clock.
CREATE TABLE charge (
  tenant  text NOT NULL,
  seconds double precision NOT NULL,
  CONSTRAINT charge_is_a_number CHECK (seconds > '-Infinity' AND seconds < 'Infinity')
);

CREATE INDEX charge_to_add ON charge (tenant);

-- The clocks of all tenants, with what was not added to them yet.
CREATE VIEW tenant_clock AS
SELECT id, weight,
       clock + coalesce((SELECT sum(seconds) FROM charge WHERE charge.tenant = tenant.id), 0) / weight
         AS clock
FROM tenant;

-- For asking cheaply whether any urgent task waits.
CREATE INDEX task_urgent ON task (tenant) WHERE state = 'ready' AND rank < 0;
