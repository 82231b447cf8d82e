-- The oldest task that made the same content is found by one read, however many made it since. This
-- only adds, but for the index that it replaces.

CREATE INDEX task_by_made_content ON task (content, id) WHERE content IS NOT NULL AND state = 'succeeded';

DROP INDEX task_by_content;
