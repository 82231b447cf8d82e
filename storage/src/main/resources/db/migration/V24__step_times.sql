-- How long a step takes, as learned from attempts: by the numeric class of the worker, and the
-- number of positions that a step of the task works on. This only adds.
CREATE TABLE step_time (
  card          text NOT NULL,
  level         text NOT NULL,
  work          text NOT NULL,
  size          bigint NOT NULL,
  numeric_class text NOT NULL,
  seconds       double precision NOT NULL,
  PRIMARY KEY (card, level, work, size, numeric_class),
  CONSTRAINT step_time_is_positive CHECK (seconds > 0 AND seconds < 'Infinity')
);
