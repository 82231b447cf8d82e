package glimt.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The ledger's promises, each with a query that finds breaches in its rows. Some repeat constraints
 * of the tables, because an audit should not rely on them.
 */
final class Invariants {
  /** By promise, a query for rows that break it, with two columns: the job, and what is wrong. */
  static final Map<String, String> ALL = new LinkedHashMap<>();

  static {
    ALL.put(
        "one accepted result",
        """
        SELECT task.job, format('task %s is %s with %s accepted results', id, state, accepted)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS accepted FROM attempt
          WHERE attempt.task = task.id AND outcome = 'succeeded') AS results
        WHERE accepted > 1 OR (state = 'succeeded' AND accepted <> CASE WHEN taken IS NULL THEN 1 ELSE 0 END)
        """);
    ALL.put(
        "a result has a product",
        """
        SELECT job, format('task %s succeeded without a product', id)
        FROM task WHERE state = 'succeeded'
          AND NOT EXISTS (SELECT FROM product WHERE product.task = task.id)
        """);
    ALL.put(
        "attempts are numbered without a gap",
        """
        SELECT task.job, format('task %s is at attempt %s but has %s attempts, the last is %s',
                                id, attempt, attempts, last)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS attempts, coalesce(max(number), 0) AS last FROM attempt
          WHERE attempt.task = task.id) AS had
        WHERE attempts <> attempt OR last <> attempt
        """);
    ALL.put(
        "only the newest attempt runs",
        """
        SELECT task.job, format('attempt %s of task %s, which is %s at %s, has not ended',
                                number, id, state, task.attempt)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE ended IS NULL AND (state <> 'running' OR number <> task.attempt)
        """);
    ALL.put(
        "a running task has a running attempt",
        """
        SELECT job, format('task %s is running, but its attempt %s has ended', id, task.attempt)
        FROM task JOIN attempt ON attempt.task = task.id AND number = task.attempt
        WHERE state = 'running' AND ended IS NOT NULL
        """);
    ALL.put(
        "the tasks of an ended job have ended, except for repairs",
        """
        SELECT job, format('the job is %s, but its task %s is %s', ending, task.id, state)
        FROM task JOIN job ON job.id = task.job
        WHERE ended IS NOT NULL AND remade_in IS NULL AND (state IN ('blocked', 'ready', 'running')
          OR (ending = 'succeeded' AND state <> 'succeeded' AND ended_at_level IS NULL))
        """);
    ALL.put(
        "a job whose tasks are done has ended",
        """
        SELECT id, 'every task has succeeded, but the job has not ended' FROM job
        WHERE ended IS NULL
          AND NOT EXISTS (SELECT FROM task WHERE task.job = job.id AND state <> 'succeeded')
        """);
    ALL.put(
        "no attempt follows its job's end, except for repairs",
        """
        SELECT job.id, format('attempt %s of task %s began or succeeded after the job was %s',
                              attempt.number, task.id, ending)
        FROM job JOIN task ON task.job = job.id JOIN attempt ON attempt.task = task.id
        WHERE (outcome = 'succeeded' AND attempt.ended > job.ended)
          OR (attempt.started > job.ended AND NOT EXISTS (
            SELECT FROM attempt AS accepted
            WHERE accepted.task = task.id AND accepted.number < attempt.number
              AND accepted.outcome = 'succeeded'))
        """);
    ALL.put(
        "events are numbered without a gap",
        """
        SELECT id, format('%s events, the last %s, but last_seq is %s', events, last, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS events, coalesce(max(seq), 0) AS last FROM event
          WHERE event.job = job.id) AS had
        WHERE deleted IS NULL AND (events <> last_seq OR last <> last_seq)
        """);
    ALL.put(
        "the last event, and no other, is the job's end",
        """
        SELECT id, format('the job is %s, with %s events of its end, the last at %s of %s',
                          coalesce(ending, 'not ended'), told, at, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS told, max(seq) AS at, max(fact ->> 'state') AS said FROM event
          WHERE event.job = job.id AND fact ->> 'type' = 'ended') AS events
        WHERE deleted IS NULL AND CASE
          WHEN ending IS NULL THEN told > 0
          ELSE told <> 1 OR at <> last_seq OR said <> ending END
        """);
    ALL.put(
        "no task begins before its inputs",
        """
        SELECT task.job, format('attempt %s of task %s began before task %s had its result',
                                attempt.number, task.id, before)
        FROM task_edge
        JOIN task ON task.id = task_edge.after
        JOIN attempt ON attempt.task = task.id
        JOIN task AS maker ON maker.id = before AND maker.taken IS NULL
        LEFT JOIN attempt AS input ON input.task = before AND input.outcome = 'succeeded'
        WHERE input.ended IS NULL OR input.ended > attempt.started
        """);
    ALL.put(
        "a task waits for its missing inputs",
        """
        SELECT job, format('task %s is %s and waits for %s inputs, but %s are missing',
                           id, state, waits_for, missing)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS missing FROM task_edge JOIN task AS input ON input.id = before
          WHERE task_edge.after = task.id AND input.state <> 'succeeded') AS inputs
        WHERE state IN ('blocked', 'ready', 'running') AND waits_for <> missing
        """);
    ALL.put(
        "charged tries are limited",
        """
        SELECT task.job, format('task %s failed %s times', id, failed)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS failed FROM attempt
          WHERE attempt.task = task.id AND outcome = 'failed' AND fault <> 'lost') AS tries
        WHERE failed > TRIES
        """
            .replace("TRIES", "" + Retries.TRIES));
    ALL.put(
        "a resumed attempt has a predecessor",
        """
        SELECT task.job, format('attempt %s of task %s resumed from %s', number, id, resumed_from)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND (number = 1 OR resumed_from > task.steps)
        """);
    ALL.put(
        "no task mixes numeric classes",
        """
        SELECT task.job, format('attempt %s of task %s resumed at step %s in %s, unlike all before',
                                number, id, resumed_from, numeric_class)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND NOT EXISTS (
          SELECT FROM attempt AS before
          WHERE before.task = attempt.task AND before.number < attempt.number
            AND before.numeric_class = attempt.numeric_class)
        """);
  }

  private Invariants() {}
}
