package glimt.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Every promise of the ledger that its rows can show to be broken. Some of them are constraints of
 * the tables too: an audit trusts nothing.
 */
final class Invariants {
  /** Each query returns the rows that must not exist: the job, and what is wrong with it. */
  static final Map<String, String> ALL = new LinkedHashMap<>();

  static {
    ALL.put(
        "one accepted result",
        """
        SELECT task.job, format('task %s is %s with %s accepted results', id, state, accepted)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS accepted FROM attempt
          WHERE attempt.task = task.id AND outcome = 'succeeded') AS results
        WHERE accepted > 1 OR (state = 'succeeded' AND accepted <> 1)
        """);
    ALL.put(
        "a result has a product",
        """
        SELECT job, format('task %s succeeded and made nothing', id)
        FROM task WHERE state = 'succeeded'
          AND NOT EXISTS (SELECT FROM product WHERE product.task = task.id)
        """);
    ALL.put(
        "attempts are numbered without a gap",
        """
        SELECT task.job, format('task %s is at attempt %s and has %s, the last %s',
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
        "what runs has an attempt",
        """
        SELECT job, format('task %s runs, and its attempt %s has ended', id, task.attempt)
        FROM task JOIN attempt ON attempt.task = task.id AND number = task.attempt
        WHERE state = 'running' AND ended IS NOT NULL
        """);
    ALL.put(
        "an ended job has ended, but for what is made again",
        """
        SELECT job, format('%s job with task %s %s', ending, task.id, state)
        FROM task JOIN job ON job.id = task.job
        WHERE ended IS NOT NULL AND remade_in IS NULL AND (state IN ('blocked', 'ready', 'running')
          OR (ending = 'succeeded' AND state <> 'succeeded'))
        """);
    ALL.put(
        "a job whose tasks are done has ended",
        """
        SELECT id, 'every task succeeded and the job did not' FROM job
        WHERE ended IS NULL
          AND NOT EXISTS (SELECT FROM task WHERE task.job = job.id AND state <> 'succeeded')
        """);
    ALL.put(
        "nothing happens after the end, but what is made again",
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
        SELECT id, format('%s events, the last %s, and the job says %s', events, last, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS events, coalesce(max(seq), 0) AS last FROM event
          WHERE event.job = job.id) AS had
        WHERE deleted IS NULL AND (events <> last_seq OR last <> last_seq)
        """);
    ALL.put(
        "the ending is told once and last",
        """
        SELECT id, format('%s, with %s events of its end, at %s of %s',
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
        LEFT JOIN attempt AS input ON input.task = before AND input.outcome = 'succeeded'
        WHERE input.ended IS NULL OR input.ended > attempt.started
        """);
    ALL.put(
        "what waits waits for something",
        """
        SELECT job, format('task %s is %s, waits for %s and has %s inputs to come',
                           id, state, waits_for, missing)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS missing FROM task_edge JOIN task AS input ON input.id = before
          WHERE task_edge.after = task.id AND input.state <> 'succeeded') AS inputs
        WHERE state IN ('blocked', 'ready', 'running') AND waits_for <> missing
        """);
    ALL.put(
        "charged tries are few",
        """
        SELECT task.job, format('task %s failed %s times', id, failed)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS failed FROM attempt
          WHERE attempt.task = task.id AND outcome = 'failed' AND fault <> 'lost') AS tries
        WHERE failed > TRIES
        """
            .replace("TRIES", "" + Retries.TRIES));
    ALL.put(
        "a resumed attempt had somebody to resume from",
        """
        SELECT task.job, format('attempt %s of task %s resumed from %s', number, id, resumed_from)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND (number = 1 OR resumed_from > task.steps)
        """);
    ALL.put(
        "no task mixes numeric classes",
        """
        SELECT task.job, format('attempt %s of task %s went on from step %s in %s, as none before',
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
