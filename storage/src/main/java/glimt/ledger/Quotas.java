package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.json.Json;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Checks what tenants may have, before their jobs are written. */
final class Quotas {
  /** When one of a tenant's jobs ends is not known. */
  private static final int SOON_SECONDS = 30;

  private static final String LOCK =
      """
      SELECT id, jobs, day_seconds FROM tenant
      WHERE id = ANY(?) AND (jobs IS NOT NULL OR day_seconds IS NOT NULL)
      ORDER BY id FOR NO KEY UPDATE
      """;

  private static final String OPEN =
      "SELECT count(*) AS open FROM job WHERE tenant = ? AND ending IS NULL";

  /**
   * What a tenant was given today, as far as it is in a result or in a checkpoint that goes on;
   * what its open jobs are likely to take yet; and the seconds until tomorrow. A running attempt is
   * not in {@code device_use} before it ends, so it counts from where it began.
   */
  private static final NamedSql DAY =
      NamedSql.of(
          """
          SELECT
            (SELECT coalesce(sum(useful), 0) FROM device_use
             WHERE tenant = :tenant AND started >= date_trunc('day', now(), 'UTC')) AS used,
            (SELECT coalesce(sum(LEFT_OF_TASK), 0)
             FROM (
               SELECT task.card, task.work, task.amount, task.steps,
                      coalesce(attempt.resumed_from, task.step) AS step
               FROM job JOIN task ON task.job = job.id
               LEFT JOIN attempt ON task.state = 'running'
                 AND attempt.task = task.id AND attempt.number = task.attempt
               WHERE job.tenant = :tenant AND job.ending IS NULL
                 AND task.state IN ('blocked', 'ready', 'running')) AS task) AS planned,
            extract(epoch FROM date_trunc('day', now(), 'UTC') + interval '1 day' - now()) AS rest
          """
              .replace("LEFT_OF_TASK", StepTimes.LEFT));

  /** Null is no quota. */
  record TenantQuota(@Nullable Integer jobs, @Nullable Double daySeconds) {}

  /** A job that a tenant asks for, with the digest of its card. */
  record AskedJob(TenantId tenant, ArtifactId card, Plan plan) {}

  private record TenantDay(double used, double planned, int rest) {
    static TenantDay read(ResultSet row) throws SQLException {
      return new TenantDay(
          row.getDouble("used"), row.getDouble("planned"), 1 + (int) row.getDouble("rest"));
    }
  }

  private Quotas() {}

  /**
   * Locks those of the tenants that have a quota, so that no other transaction adds jobs to them.
   */
  static Map<String, TenantQuota> lock(Session session, Collection<String> tenants)
      throws SQLException {
    Map<String, TenantQuota> quotas = new TreeMap<>();
    session.all(
        LOCK,
        row ->
            quotas.put(
                row.getString("id"),
                new TenantQuota(
                    row.getObject("jobs", Integer.class),
                    row.getObject("day_seconds", Double.class))),
        (Object) tenants.toArray(String[]::new));
    return quotas;
  }

  /**
   * Checks new jobs, after {@link #lock}. The statements come after the lock, which may have waited
   * for jobs that they must count.
   *
   * @throws QuotaExceeded if a tenant may not have so many
   */
  static void check(Session session, Map<String, TenantQuota> quotas, List<AskedJob> jobs)
      throws SQLException {
    for (Map.Entry<String, TenantQuota> entry : quotas.entrySet()) {
      TenantId tenant = new TenantId(entry.getKey());
      TenantQuota quota = entry.getValue();
      List<AskedJob> more = jobs.stream().filter(job -> job.tenant().equals(tenant)).toList();
      if (!more.isEmpty() && quota.jobs() != null) {
        checkOpen(session, tenant, quota.jobs(), more.size());
      }
      if (!more.isEmpty() && quota.daySeconds() != null) {
        checkDay(session, tenant, quota.daySeconds(), more);
      }
    }
  }

  private static void checkOpen(Session session, TenantId tenant, int limit, int more)
      throws SQLException {
    int open = session.first(OPEN, row -> row.getInt("open"), tenant.value()).orElseThrow();
    if (open + more > limit) {
      throw new QuotaExceeded(
          "tenant %s may have %s jobs waiting and running, and has %s; try again when one has ended"
              .formatted(tenant, limit, open),
          SOON_SECONDS);
    }
  }

  private static void checkDay(Session session, TenantId tenant, double limit, List<AskedJob> jobs)
      throws SQLException {
    // Or it would read the attempts of all days: their index by time can be read in no other way.
    session.update("SET LOCAL enable_bitmapscan = on");
    TenantDay day =
        session.first(DAY.bind("tenant", tenant.value()), TenantDay::read).orElseThrow();
    session.update("SET LOCAL enable_bitmapscan = off");
    double more = 0;
    for (AskedJob job : jobs) {
      more += seconds(session, job);
    }
    if (day.used() + day.planned() + more > limit) {
      throw new QuotaExceeded(
          String.format(
              Locale.ROOT,
              "tenant %s may have %.1f device-seconds a day: %.1f were used today, its open jobs"
                  + " are likely to take %.1f, and this one %.1f; %s",
              tenant,
              limit,
              day.used(),
              day.planned(),
              more,
              more > limit
                  ? "ask the operator for more, or make the job smaller"
                  : "try again tomorrow (UTC), or cancel a job"),
          day.rest());
    }
  }

  /** What a job is likely to take; a task of which nothing is known counts as a second. */
  private static double seconds(Session session, AskedJob job) throws SQLException {
    StepTimes times = StepTimes.of(session, job.card());
    double seconds = 0;
    for (Plan.PlannedTask task : job.plan().tasks()) {
      int steps = task.work().steps();
      String type = Json.mapper().valueToTree(task.work()).path("type").asText();
      seconds +=
          steps
              * times
                  .seconds(task.work().level(), type, task.work().amount() / steps, Set.of())
                  .orElse(1.0 / steps);
    }
    return seconds;
  }
}
