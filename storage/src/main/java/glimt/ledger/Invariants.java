package glimt.ledger;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The ledger's promises, each with a query that finds breaches in its rows. Some repeat constraints
 * of the tables, because an audit should not rely on them.
 */
final class Invariants {
  /**
   * By promise, a query for rows that break it, with two columns: the job or the worker, and what
   * is wrong.
   */
  static final Map<String, String> OF_LEDGER = new LinkedHashMap<>();

  /** The same for promises that need workers which do one task at a time and tell what they did. */
  static final Map<String, String> WITH_WORKERS = new LinkedHashMap<>();

  static {
    OF_LEDGER.put(
        "one accepted result",
        """
        SELECT task.job, format('task %s is %s with %s accepted results', id, state, accepted)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS accepted FROM attempt
          WHERE attempt.task = task.id AND outcome = 'succeeded') AS results
        WHERE accepted > 1 OR (state = 'succeeded' AND accepted <> CASE WHEN taken IS NULL THEN 1 ELSE 0 END)
        """);
    OF_LEDGER.put(
        "a result has a product",
        """
        SELECT job, format('task %s succeeded without a product', id)
        FROM task WHERE state = 'succeeded'
          AND NOT EXISTS (SELECT FROM product WHERE product.task = task.id)
        """);
    OF_LEDGER.put(
        "attempts are numbered without a gap",
        """
        SELECT task.job, format('task %s is at attempt %s but has %s attempts, the last is %s',
                                id, attempt, attempts, last)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS attempts, coalesce(max(number), 0) AS last FROM attempt
          WHERE attempt.task = task.id) AS had
        WHERE attempts <> attempt OR last <> attempt
        """);
    OF_LEDGER.put(
        "only the newest attempt runs",
        """
        SELECT task.job, format('attempt %s of task %s, which is %s at %s, has not ended',
                                number, id, state, task.attempt)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE ended IS NULL AND (state <> 'running' OR number <> task.attempt)
        """);
    OF_LEDGER.put(
        "a running task has a running attempt",
        """
        SELECT job, format('task %s is running, but its attempt %s has ended', id, task.attempt)
        FROM task JOIN attempt ON attempt.task = task.id AND number = task.attempt
        WHERE state = 'running' AND ended IS NOT NULL
        """);
    OF_LEDGER.put(
        "the tasks of an ended job have ended, except for repairs",
        """
        SELECT job, format('the job is %s, but its task %s is %s', ending, task.id, state)
        FROM task JOIN job ON job.id = task.job
        WHERE ended IS NOT NULL AND remade_in IS NULL AND (state IN ('blocked', 'ready', 'running')
          OR (ending = 'succeeded' AND state <> 'succeeded' AND ended_at_level IS NULL))
        """);
    OF_LEDGER.put(
        "a job whose tasks are done has ended",
        """
        SELECT id, 'every task has succeeded, but the job has not ended' FROM job
        WHERE ended IS NULL
          AND NOT EXISTS (SELECT FROM task WHERE task.job = job.id AND state <> 'succeeded')
        """);
    OF_LEDGER.put(
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
    OF_LEDGER.put(
        "events are numbered without a gap",
        """
        SELECT id, format('%s events, the last %s, but last_seq is %s', events, last, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS events, coalesce(max(seq), 0) AS last FROM event
          WHERE event.job = job.id) AS had
        WHERE deleted IS NULL AND (events <> last_seq OR last <> last_seq)
        """);
    OF_LEDGER.put(
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
    OF_LEDGER.put(
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
    OF_LEDGER.put(
        "a task waits for its missing inputs",
        """
        SELECT job, format('task %s is %s and waits for %s inputs, but %s are missing',
                           id, state, waits_for, missing)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS missing FROM task_edge JOIN task AS input ON input.id = before
          WHERE task_edge.after = task.id AND input.state <> 'succeeded') AS inputs
        WHERE state IN ('blocked', 'ready', 'running') AND waits_for <> missing
        """);
    OF_LEDGER.put(
        "charged tries are limited",
        """
        SELECT task.job, format('task %s failed %s times', id, failed)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS failed FROM attempt
          WHERE attempt.task = task.id AND outcome = 'failed' AND fault <> 'lost') AS tries
        WHERE failed > TRIES
        """
            .replace("TRIES", "" + Retries.TRIES));
    OF_LEDGER.put(
        "a resumed attempt has a predecessor",
        """
        SELECT task.job, format('attempt %s of task %s resumed from %s', number, id, resumed_from)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND (number = 1 OR resumed_from > task.steps)
        """);
    OF_LEDGER.put(
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
    OF_LEDGER.put(
        "no task is preempted too often",
        """
        SELECT job, format('task %s was preempted %s times', id, preemptions)
        FROM task WHERE preemptions > MOST
        """
            .replace("MOST", "" + Preemptions.MOST));
    OF_LEDGER.put(
        "no tenant has more open jobs than it may",
        """
        SELECT job.id, format('it was the open job number %s of tenant %s, which may have %s',
                              open, tenant.id, jobs)
        FROM tenant JOIN job ON job.tenant = tenant.id AND created > limited CROSS JOIN LATERAL (
          SELECT count(*) AS open FROM job AS other
          WHERE other.tenant = job.tenant AND other.number <= job.number
            AND (other.ended IS NULL OR other.ended > job.created)) AS others
        WHERE open > jobs
        """);
    WITH_WORKERS.put(
        "no slot is given twice",
        """
        SELECT job, format('worker %s did steps of attempt %s of task %s and of one before at once',
                           worker, number, task)
        FROM (
          SELECT job, attempt.worker, number, task, started, max(coalesce(ended, 'infinity')) OVER (
              PARTITION BY attempt.worker ORDER BY started, task
              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until
          FROM attempt JOIN task ON task.id = task
          WHERE outcome = 'succeeded'
            OR CASE WHEN ended IS NULL THEN task.step - resumed_from ELSE attempt.steps END > 0
        ) AS worked
        WHERE started < until
        """);
    WITH_WORKERS.put(
        "no step is done twice after a yield",
        """
        SELECT job, format('attempt %s of task %s began at step %s, and attempt %s yielded at %s',
                           later.number, task.id, later.resumed_from, yielded.number,
                           yielded.resumed_from + yielded.steps)
        FROM attempt AS yielded JOIN task ON task.id = yielded.task
        JOIN attempt AS later ON later.task = task.id AND later.number > yielded.number
          AND later.numeric_class = yielded.numeric_class
        WHERE yielded.outcome = 'yielded' AND yielded.fault IS NULL AND yielded.steps > 0
          AND later.steps > 0 AND later.resumed_from < yielded.resumed_from + yielded.steps
          AND NOT EXISTS (
            SELECT FROM attempt AS accepted
            WHERE accepted.task = task.id AND accepted.number < later.number
              AND accepted.outcome = 'succeeded')
        """);
    WITH_WORKERS.put(
        "the seconds of a worker are its life",
        """
        SELECT worker, format('of %s s, %s s were busy, %s s idle and %s s other',
                              life, busy, idle, other)
        FROM (
          SELECT worker_time.worker, life, idle, other, coalesce(sum(reported), 0) AS busy
          FROM worker_time LEFT JOIN device_use
            ON device_use.worker = worker_time.worker AND started < at
          GROUP BY worker_time.worker) AS worker
        WHERE abs(life - idle - other - busy) > 0.001 * life
        """);
  }

  private Invariants() {}
}
