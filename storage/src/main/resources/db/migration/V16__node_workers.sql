-- How many worker processes a node runs, so that a farm can tell how many have yet to start.
ALTER TABLE node ADD COLUMN workers integer NOT NULL DEFAULT 0;
