package glimt.ledger;

import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.UUID;

/**
 * A running attempt whose task row, and whose job's row, the current transaction has locked.
 *
 * @param failures how often its task failed before
 * @param losses how many workers its task lost since its last new checkpoint
 * @param remakes whether its task has a result already, and one of its files is being remade
 * @param strikes the strikes of its worker
 * @param silent whether its lease has run out
 * @param stalled whether its current step has taken too long
 */
record RunningAttempt(
    Lease lease,
    JobId job,
    Work work,
    int failures,
    int losses,
    String worker,
    boolean remakes,
    int strikes,
    boolean silent,
    boolean stalled) {
  private static final NamedSql LOCK =
      NamedSql.of(
          """
          SELECT task.id, task.attempt, job, work, failures, losses, worker,
                 remade_in IS NOT NULL AS remakes, coalesce(strikes, 0) AS strikes,
                 lease_until < clock_timestamp() AS silent,
                 stepped < clock_timestamp() - make_interval(secs => :stall) AS stalled
          FROM task
          JOIN unnest(:tasks, :attempts) AS lease (task, attempt)
            ON task.id = lease.task AND task.attempt = lease.attempt
          LEFT JOIN worker ON worker.id = task.worker
          WHERE state = 'running'
          ORDER BY task.id FOR UPDATE OF task
          """);

  /**
   * Locks the attempts that still run, in the order of their tasks. The caller has locked their
   * jobs.
   */
  static List<RunningAttempt> lock(Session session, Collection<Lease> leases, LeaseTerms terms)
      throws SQLException {
    return session.all(
        LOCK.bind("stall", terms.stallSeconds())
            .bind("tasks", Leases.tasks(leases))
            .bind("attempts", Leases.attempts(leases)),
        RunningAttempt::read);
  }

  private static RunningAttempt read(ResultSet row) throws SQLException {
    return new RunningAttempt(
        new Lease(new TaskId(row.getLong("id")), row.getInt("attempt")),
        new JobId(row.getObject("job", UUID.class)),
        Json.read(row.getString("work"), Work.class),
        row.getInt("failures"),
        row.getInt("losses"),
        row.getString("worker"),
        row.getBoolean("remakes"),
        row.getInt("strikes"),
        row.getBoolean("silent"),
        row.getBoolean("stalled"));
  }

  /** Whether the sweep may take it from its worker. */
  boolean late() {
    return silent || stalled;
  }
}
