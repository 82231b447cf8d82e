-- A job is a graph of works over named tensors. This only adds: what an older glimt planned goes on.

-- What the result of "before" is to "after": a level below, a latent, a piece, an encoder's answer.
ALTER TABLE task_edge ADD COLUMN port text;

UPDATE task_edge SET port = CASE task.work ->> 'type' WHEN 'sample' THEN 'below' ELSE 'piece' END
FROM task WHERE task.id = task_edge.after;

ALTER TABLE task_edge ALTER COLUMN port SET NOT NULL;

-- content: names what the task makes by all that it is made from, where any job may use it.
-- network: the digest of the weights it runs; memory: how many bytes these are on a device.
ALTER TABLE task
  ADD COLUMN content text,
  ADD COLUMN network text,
  ADD COLUMN memory  bigint NOT NULL DEFAULT 0,
  ADD CONSTRAINT task_content_is_a_sha256 CHECK (content ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT task_memory_is_not_negative CHECK (memory >= 0);

CREATE INDEX task_by_content ON task (content) WHERE content IS NOT NULL AND state = 'succeeded';

-- memory: how many bytes of networks fit on the worker's device; warm: the digests of those there.
ALTER TABLE worker
  ADD COLUMN memory bigint NOT NULL DEFAULT 9223372036854775807,
  ADD COLUMN warm   text[] NOT NULL DEFAULT '{}';
