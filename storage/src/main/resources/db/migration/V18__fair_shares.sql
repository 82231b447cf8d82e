-- Tenants share the devices by weight. This only adds, and what an older glimt planned goes on as
-- the work of its tenant, in its order.

-- clock: the device-seconds that the tenant was given, divided by its weight; the tenant whose
-- clock is behind is next. jobs: how many may be open at once; null for any number.
ALTER TABLE tenant
  ADD COLUMN weight double precision NOT NULL DEFAULT 1,
  ADD COLUMN clock  double precision NOT NULL DEFAULT 0,
  ADD COLUMN jobs   integer,
  ADD CONSTRAINT tenant_weight_is_positive CHECK (weight > 0 AND weight < 'Infinity'),
  ADD CONSTRAINT tenant_clock_is_a_number CHECK (clock > '-Infinity' AND clock < 'Infinity'),
  ADD CONSTRAINT tenant_may_have_no_fewer_than_no_jobs CHECK (jobs >= 0);

ALTER TABLE job
  ADD COLUMN class  text NOT NULL DEFAULT 'normal',
  ADD COLUMN paused timestamptz,
  ADD CONSTRAINT job_class_is_known CHECK (class IN ('urgent', 'normal', 'bulk'));

-- tenant is the job's. rank orders the tasks of a tenant: when the job was submitted, in seconds,
-- moved by its class; infinite while the job is paused.
-- preempted: the attempt that was asked to make room. preemptions: how many were.
ALTER TABLE task
  ADD COLUMN tenant      text NOT NULL DEFAULT 'default',
  ADD COLUMN rank        double precision NOT NULL DEFAULT 0,
  ADD COLUMN preempted   integer,
  ADD COLUMN preemptions integer NOT NULL DEFAULT 0,
  ADD CONSTRAINT task_is_preempted_a_few_times CHECK (preemptions BETWEEN 0 AND 3);

UPDATE task SET tenant = job.tenant, rank = extract(epoch FROM job.created)::double precision
FROM job WHERE job.id = task.job;

DROP INDEX task_to_claim;

CREATE INDEX task_in_line ON task (tenant, rank, job_number, ordinal) WHERE state = 'ready';

-- charged: the device-seconds by which the tenant's clock went on when the attempt began.
ALTER TABLE attempt ADD COLUMN charged double precision NOT NULL DEFAULT 0;

-- For counting the open jobs of a tenant. On ending, though the others ask for ended: without
-- statistics PostgreSQL would read all open jobs by this index to find a few by id.
CREATE INDEX job_open ON job (tenant) WHERE ending IS NULL;

-- How long a task takes: device-seconds for each unit of its amount, as learned from attempts.
CREATE TABLE pace (
  card    text NOT NULL,
  level   text NOT NULL,
  work    text NOT NULL,
  seconds double precision NOT NULL,
  PRIMARY KEY (card, level, work),
  CONSTRAINT pace_is_positive CHECK (seconds > 0 AND seconds < 'Infinity')
);
