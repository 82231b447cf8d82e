package glimt.ledger;

import glimt.job.JobId;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;

/** Makes room for urgent tasks on devices that run lesser ones. */
final class Preemptions {
  /** A task is interrupted this often at most; the table's constraint says so too. */
  static final int MOST = 3;

  /** A task that is likely to end sooner is not interrupted, in device-seconds. */
  private static final double NOT_WORTH_SECONDS = 0.5;

  /** Urgent tasks beyond this number wait for the next call. */
  private static final int AT_ONCE = 64;

  /**
   * Asks as many running tasks to make room as there are urgent tasks of the tenant whose turn it
   * is, less those that were asked before and still run. It asks none while a worker is free for an
   * urgent task, and interrupts the task that is last in its tenant's order first.
   *
   * <p>Only a task of several steps can be interrupted between two of them.
   */
  private static final NamedSql ASK =
      NamedSql.of(
          """
          WITH RECURSIVE HEADS,
          LINE,
          urgent AS MATERIALIZED (
            SELECT task.card, task.memory
            FROM (SELECT * FROM line LIMIT 1) AS first JOIN task ON task.tenant = first.id
            WHERE state = 'ready' AND task.rank < 0 AND ready_at <= now()
            ORDER BY task.rank, job_number, ordinal
            LIMIT :most),
          free AS MATERIALIZED (
            SELECT FROM worker JOIN urgent
              ON urgent.card = ANY(worker.cards) AND urgent.memory <= worker.memory
            WHERE drained IS NULL AND seen > now() - make_interval(secs => :awake)
              AND NOT EXISTS (SELECT FROM task WHERE task.worker = worker.id AND state = 'running')
            LIMIT 1),
          victims AS MATERIALIZED (
            SELECT task.id
            FROM task JOIN worker ON worker.id = task.worker LEFT JOIN PACE
            WHERE EXISTS (SELECT FROM urgent) AND NOT EXISTS (SELECT FROM free)
              AND task.state = 'running' AND task.rank >= 0 AND task.rank < 'Infinity'
              AND task.steps > 1 AND remade_in IS NULL AND preemptions < :times
              AND preempted IS DISTINCT FROM attempt
              AND (pace.seconds IS NULL OR ESTIMATE > :worth)
              AND EXISTS (
                SELECT FROM urgent
                WHERE urgent.card = ANY(worker.cards) AND urgent.memory <= worker.memory)
            ORDER BY task.rank DESC, task.id DESC
            LIMIT greatest(0, (SELECT count(*) FROM urgent) - (
              SELECT count(*) FROM task WHERE state = 'running' AND preempted = attempt))
            FOR UPDATE OF task SKIP LOCKED)
          UPDATE task SET preempted = attempt, preemptions = preemptions + 1
          FROM victims WHERE task.id = victims.id AND state = 'running'
          RETURNING task.job
          """
              .replace("HEADS", FairShares.HEADS)
              .replace("LINE", FairShares.LINE)
              .replace("ESTIMATE", FairShares.ESTIMATE)
              .replace("PACE", FairShares.PACE_OF_TASK));

  /** Asked first, since it is usually all that there is to do. */
  private static final String ANY =
      "SELECT id FROM task WHERE state = 'ready' AND rank < 0 ORDER BY tenant LIMIT 1";

  private Preemptions() {}

  /**
   * @param awake a worker that asked for work within so many seconds, and runs nothing, is free
   * @return the job of each task that is to make room
   */
  static List<JobId> ask(Session session, double awake) throws SQLException {
    if (session.first(ANY, row -> row).isEmpty()) {
      return List.of();
    }
    return session.all(
        ASK.bind("most", AT_ONCE)
            .bind("awake", awake)
            .bind("times", MOST)
            .bind("worth", NOT_WORTH_SECONDS),
        row -> new JobId(row.getObject("job", UUID.class)));
  }
}
