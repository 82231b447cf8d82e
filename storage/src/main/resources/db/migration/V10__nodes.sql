-- Who this farm is, so that two farms are never taken for one. marked: since when the folder of its
-- artifacts says so too.
CREATE TABLE farm (
  one    boolean PRIMARY KEY DEFAULT true,
  id     uuid NOT NULL DEFAULT gen_random_uuid(),
  marked timestamptz,
  CONSTRAINT farm_is_one_row CHECK (one)
);

INSERT INTO farm DEFAULT VALUES;

-- The farm's processes, by which they find each other. One that was killed leaves its row behind,
-- and is known by its pulse.
CREATE TABLE node (
  address text PRIMARY KEY,
  name    text NOT NULL,
  roles   text[] NOT NULL,
  version text NOT NULL,
  pid     bigint NOT NULL,
  http    text,
  started timestamptz NOT NULL,
  pulse   timestamptz NOT NULL
);

-- Which side of a cluster that fell apart goes on: the one that wrote this row first.
CREATE TABLE survivors (
  one     boolean PRIMARY KEY DEFAULT true,
  members text[] NOT NULL,
  until   timestamptz NOT NULL,
  CONSTRAINT survivors_are_one_row CHECK (one)
);
