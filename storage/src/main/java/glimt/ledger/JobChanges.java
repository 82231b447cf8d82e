package glimt.ledger;

import glimt.job.JobClass;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobState;
import glimt.job.TenantId;
import glimt.json.EnumWord;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a tenant does to jobs it submitted: changes, stops, cancels and deletes them. */
final class JobChanges {
  private static final String DELETE =
      """
      WITH gone AS MATERIALIZED (
        UPDATE job SET deleted = clock_timestamp(), spec = '{}', warnings = '[]',
          decisions = '[]'
        WHERE tenant = ? AND id = ? AND ended IS NOT NULL AND deleted IS NULL
        RETURNING id),
      used AS (
        INSERT INTO device_use_of_deleted
        SELECT tenant, job, min(started), worker, sum(attempts), sum(seconds), sum(load),
               sum(encode), sum(denoise), sum(decode), sum(write), sum(checkpoint), sum(waiting),
               sum(reported), sum(useful), sum(preempted)
        FROM device_use JOIN gone ON gone.id = job
        GROUP BY tenant, job, worker, date_trunc('day', started, 'UTC')),
      untold AS (DELETE FROM event USING gone WHERE job = gone.id),
      undone AS (DELETE FROM task USING gone WHERE job = gone.id)
      SELECT id FROM gone
      """;

  private static final String LOCK =
      "SELECT id FROM job WHERE tenant = ? AND id = ? AND ended IS NULL FOR UPDATE";

  /** A null keeps what the row has. */
  private static final NamedSql CHANGE =
      NamedSql.of(
          """
          UPDATE job SET
            class = coalesce(:class::text, class),
            deadline = nullif(coalesce(:deadline::timestamptz, deadline), 'infinity'),
            paused = CASE WHEN :paused::boolean IS NULL THEN paused
                          WHEN :paused::boolean THEN coalesce(paused, clock_timestamp()) END
          WHERE id = :job
          RETURNING class
          """);

  private static final NamedSql RANK =
      NamedSql.of(
          """
          WITH mine AS MATERIALIZED (
            SELECT id FROM task WHERE job = :job AND state IN ('blocked', 'ready', 'running')
            ORDER BY id FOR UPDATE)
          UPDATE task SET rank = CASE
            WHEN job.paused IS NULL THEN extract(epoch FROM job.created)::double precision + :delay
            ELSE 'Infinity' END
          FROM mine, job WHERE task.id = mine.id AND job.id = task.job
          """);

  private JobChanges() {}

  /** Returns false if there is no such job, or it has not ended. */
  static boolean delete(Session session, TenantId tenant, JobId job) throws SQLException {
    return session.first(DELETE, row -> true, tenant.value(), job.value()).isPresent();
  }

  /** Ends a job at its newest whole level, if it has one and has not ended. */
  static void stop(Session session, TenantId tenant, JobId job) throws SQLException {
    if (lock(session, tenant, job)) {
      Optional<String> level =
          LockedJobs.newestWholeLevel(session, job).map(LockedJobs.WholeLevel::name);
      if (level.isPresent()) {
        LockedJobs.alreadyLocked(session)
            .endAt(job, level.get(), "it was told to stop; its result is the level " + level.get());
      }
    }
  }

  /** Cancels a job unless it has ended. */
  static void cancel(Session session, TenantId tenant, JobId job) throws SQLException {
    if (lock(session, tenant, job)) {
      LockedJobs.alreadyLocked(session).cutShort(job, JobState.CANCELLED, null, null);
    }
  }

  /**
   * Changes a job unless it has ended. A null keeps what it has; {@link JobLimits#NO_DEADLINE}
   * takes the deadline away.
   */
  static void change(
      Session session,
      RememberedLine line,
      TenantId tenant,
      JobId job,
      @Nullable JobClass urgency,
      @Nullable Boolean paused,
      @Nullable Instant deadline)
      throws SQLException {
    if (lock(session, tenant, job)) {
      boolean endless = JobLimits.NO_DEADLINE.equals(deadline);
      String limit = deadline == null ? null : endless ? "infinity" : deadline.toString();
      FairShares.joinLine(session, List.of(tenant.value()));
      String now =
          session
              .first(
                  CHANGE
                      .bind("class", urgency == null ? null : EnumWord.of(urgency))
                      .bind("paused", paused)
                      .bind("deadline", limit)
                      .bind("job", job.value()),
                  row -> row.getString("class"))
              .orElseThrow();
      session.update(
          RANK.bind("job", job.value()).bind("delay", EnumWord.read(JobClass.class, now).delay()));
      PlannedEnds.renew(session, line, job);
      JobEvent.Fact changed = new JobEvent.JobChanged(urgency, paused, endless ? null : deadline);
      Events.append(session, List.of(new Events.JobFact(job, changed)));
    }
  }

  /** Returns whether the tenant has such a job that has not ended, which is locked then. */
  private static boolean lock(Session session, TenantId tenant, JobId job) throws SQLException {
    return session.first(LOCK, row -> row, tenant.value(), job.value()).isPresent();
  }
}
