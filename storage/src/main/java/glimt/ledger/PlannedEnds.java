package glimt.ledger;

import static glimt.ledger.LockedJobs.newestWholeLevel;

import glimt.job.ArtifactId;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.PlannedEnd;
import glimt.job.PlannedEnd.LevelEnd;
import glimt.job.TenantId;
import glimt.json.EnumWord;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How far jobs with a deadline or a budget are made. It is planned when such a job is submitted,
 * and anew whenever one of its levels is whole or it is changed, each time by the transaction that
 * does so: what a worker makes never depends on the time.
 */
final class PlannedEnds {
  /** Whether a {@code task} is not left out of its {@code job}. */
  static final String IS_MADE = "(planned_last IS NULL OR ordinal <= planned_last)";

  private static final String LIMITED =
      """
      SELECT id, tenant, card, class, created, paused, deadline, budget,
             coalesce(SPENT, 0) AS spent, clock_timestamp() AS now
      FROM job WHERE id = ? AND ending IS NULL AND (deadline IS NOT NULL OR budget IS NOT NULL)
      """
          .replace("SPENT", Deadlines.SPENT_SECONDS);

  private static final NamedSql WRITE =
      NamedSql.of(
          """
          UPDATE job SET planned_level = :level, planned_last = :last, planned_why = :why
          WHERE id = :job
            AND (planned_level, planned_why) IS DISTINCT FROM (:level::text, :why::text)
          """);

  private PlannedEnds() {}

  /** A job with limits that has not ended. */
  private record LimitedJob(
      JobId id,
      TenantId tenant,
      ArtifactId card,
      double rank,
      boolean paused,
      JobLimits limits,
      double spent,
      Instant now) {
    static LimitedJob read(ResultSet row) throws SQLException {
      OffsetDateTime deadline = row.getObject("deadline", OffsetDateTime.class);
      Instant created = row.getObject("created", OffsetDateTime.class).toInstant();
      JobClass urgency = EnumWord.read(JobClass.class, row.getString("class"));
      return new LimitedJob(
          new JobId(row.getObject("id", UUID.class)),
          new TenantId(row.getString("tenant")),
          new ArtifactId(row.getString("card")),
          created.toEpochMilli() / 1e3 + urgency.delay(),
          row.getObject("paused") != null,
          new JobLimits(
              deadline == null ? null : deadline.toInstant(),
              row.getObject("budget", Double.class)),
          row.getDouble("spent"),
          row.getObject("now", OffsetDateTime.class).toInstant());
    }

    private Optional<PlannedEnd> plan(
        Session session, RememberedLine line, Optional<LockedJobs.WholeLevel> whole)
        throws SQLException {
      if (paused) {
        return Optional.empty();
      }
      List<LevelEnd> coming =
          LeftWork.of(session, card, Forecasts.left(session, id, true))
              .levelEnds(line.read(session).ahead(tenant, rank, id), spent);
      return PlannedEnd.of(
          limits,
          whole.map(made -> new LevelEnd(made.name(), made.last(), now, spent, true)).orElse(null),
          coming);
    }
  }

  /**
   * Plans anew how far a job is made; the caller has locked it, and its remaining tasks have their
   * new ranks. A job that has no limits, or is paused, is made as far as was asked for.
   *
   * @return how far it is made; empty if as far as was asked for
   */
  static Optional<PlannedEnd> renew(Session session, RememberedLine line, JobId job)
      throws SQLException {
    Optional<LimitedJob> limited = session.first(LIMITED, LimitedJob::read, job.value());
    Optional<PlannedEnd> end =
        limited.isEmpty()
            ? Optional.empty()
            : limited.get().plan(session, line, newestWholeLevel(session, job));
    @Nullable PlannedEnd to = end.orElse(null);
    session.update(
        WRITE
            .bind("level", to == null ? null : to.level())
            .bind("last", to == null ? null : (Integer) to.last())
            .bind("why", to == null ? null : to.why())
            .bind("job", job.value()));
    return end;
  }
}
