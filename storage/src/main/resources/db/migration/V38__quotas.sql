-- How many device-seconds a day, in UTC, a tenant may be given; null for any number.
ALTER TABLE tenant
  ADD COLUMN day_seconds double precision,
  ADD CONSTRAINT tenant_day_seconds_are_a_time CHECK (day_seconds >= 0 AND day_seconds < 'Infinity');
