package glimt.ledger;

import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.JobState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Ends jobs whose deadline has passed or whose budget is spent. A job with a whole level succeeds
 * with the newest one; without any it fails. Any number of processes may sweep at once.
 */
public final class Deadlines {
  private static final int AT_ONCE = 100;

  /** A running attempt counts with the time since it began, and a lost one not at all. */
  static final String SPENT_SECONDS =
      """
      (SELECT sum(CASE WHEN attempt.ended IS NULL
                       THEN extract(epoch FROM clock_timestamp() - attempt.started)::double precision
                       WHEN outcome IN ('lost', 'remade') THEN 0
                       ELSE coalesce(attempt.seconds, 0) END)
       FROM task JOIN attempt ON attempt.task = task.id WHERE task.job = job.id)\
      """;

  private static final String SPENT = "budget <= " + SPENT_SECONDS;

  private static final String DUE =
      """
      (SELECT id FROM job
       WHERE ending IS NULL AND deadline IS NOT NULL AND deadline <= clock_timestamp()
       ORDER BY deadline LIMIT LIMIT_AT_ONCE)
      UNION
      (SELECT id FROM job WHERE ending IS NULL AND budget IS NOT NULL AND SPENT LIMIT LIMIT_AT_ONCE)
      """
          .replace("LIMIT_AT_ONCE", "" + AT_ONCE)
          .replace("SPENT", SPENT);

  /** Looks again under the lock: the deadline may have been moved, or the job have ended. */
  private static final String LOCK =
      "SELECT id FROM job WHERE id = ? AND ending IS NULL FOR UPDATE";

  private static final String STILL_DUE =
      """
      SELECT coalesce(deadline <= clock_timestamp(), false) AS late,
             coalesce(SPENT, false) AS spent, budget,
             (SELECT work ->> 'level' FROM task
              WHERE task.job = job.id AND work ->> 'type' = 'assemble' AND state = 'succeeded' AND taken IS NULL
              ORDER BY ordinal DESC LIMIT 1) AS level
      FROM job WHERE id = ?
      """
          .replace("SPENT", SPENT);

  private final Database database;

  public Deadlines(Database database) {
    this.database = database;
  }

  /**
   * @param reason null if the job may go on
   * @param level the newest whole level; null if there is none
   */
  private record Overdue(@Nullable String reason, @Nullable String level) {
    static Overdue read(ResultSet row) throws SQLException {
      String reason = null;
      if (row.getBoolean("late")) {
        reason = "its deadline passed";
      } else if (row.getBoolean("spent")) {
        reason = "its budget of %s device-seconds was spent".formatted(row.getDouble("budget"));
      }
      return new Overdue(reason, row.getString("level"));
    }
  }

  /** Ends the jobs that are due; called at every sweep. */
  public void sweep() {
    endDue();
  }

  /** Returns the jobs that this call ended. */
  List<JobId> endDue() {
    List<JobId> due =
        database.read(
            "look for jobs that are due",
            session -> session.all(DUE, row -> new JobId(row.getObject("id", UUID.class))));
    List<JobId> ended = new ArrayList<>();
    for (JobId job : due) {
      if (database.transact("end job " + job + " early", session -> end(session, job))) {
        ended.add(job);
      }
    }
    return ended;
  }

  private static boolean end(Session session, JobId job) throws SQLException {
    if (session.first(LOCK, row -> row, job.value()).isEmpty()) {
      return false;
    }
    Overdue overdue = session.first(STILL_DUE, Overdue::read, job.value()).orElseThrow();
    if (overdue.reason() == null) {
      return false;
    }
    LockedJobs jobs = LockedJobs.alreadyLocked(session);
    if (overdue.level() == null) {
      jobs.cutShort(
          job,
          JobState.FAILED,
          Fault.LATE,
          overdue.reason() + " before its first level was finished; give it more, or fewer steps");
    } else {
      jobs.endAt(
          job,
          overdue.level(),
          "%s; its result is the level %s".formatted(overdue.reason(), overdue.level()));
    }
    return true;
  }
}
