package glimt.ledger;

import static java.util.Objects.requireNonNull;

import glimt.job.TenantId;
import glimt.job.Timings;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the devices did: the seconds of all ended attempts, also of jobs that were deleted. */
public final class Usage {
  /** The most rows of an answer. */
  public static final int LIMIT = 1000;

  /** The sums of a group; {@code DAY} is in UTC. */
  private static final String SUMS =
      """
      SELECT KEY AS key, sum(attempts) AS attempts, sum(seconds) AS seconds,
             sum(load) AS load, sum(encode) AS encode, sum(denoise) AS denoise,
             sum(decode) AS decode, sum(write) AS write, sum(checkpoint) AS checkpoint,
             sum(waiting) AS waiting, sum(reported) AS reported, sum(useful) AS useful,
             sum(preempted) AS preempted
      FROM device_use
      WHERE started >= :from::date::timestamp AT TIME ZONE 'UTC'
        AND started < (:to::date + 1)::timestamp AT TIME ZONE 'UTC'
        AND (:tenant::text IS NULL OR tenant = :tenant)
      GROUP BY 1 ORDER BY ORDERED LIMIT :most
      """;

  private static final Map<UsageKey, NamedSql> BY =
      Map.of(
          UsageKey.JOB, sums("job::text", "max(started) DESC"),
          UsageKey.TENANT, sums("tenant", "1"),
          UsageKey.DAY, sums("(started AT TIME ZONE 'UTC')::date::text", "1"));

  private static NamedSql sums(String key, String order) {
    return NamedSql.of(SUMS.replace("KEY", key).replace("ORDERED", order));
  }

  private static final NamedSql WORKERS =
      NamedSql.of(
          """
          SELECT worker_time.worker, worker_time.device, life, idle, other,
                 coalesce(sum(reported), 0) AS reported
          FROM worker_time LEFT JOIN device_use
            ON device_use.worker = worker_time.worker AND device_use.started < worker_time.at
            AND device_use.started >= (
              SELECT min(at - make_interval(secs => life)) FROM worker_time
              WHERE at >= :from::date::timestamp AT TIME ZONE 'UTC')
          WHERE at >= :from::date::timestamp AT TIME ZONE 'UTC'
          GROUP BY worker_time.worker ORDER BY at DESC LIMIT :most
          """);

  private final Database database;

  public Usage(Database database) {
    this.database = database;
  }

  /** What to add up by. */
  public enum UsageKey {
    JOB,
    TENANT,
    DAY
  }

  /**
   * The device-seconds of a job, a tenant or a day.
   *
   * @param seconds all of them: useful, preempted and lost
   * @param timings where they went, as far as the workers told; those of a worker that was lost are
   *     unknown
   * @param unknown the seconds of attempts whose worker did not tell
   * @param useful those that are in an accepted result, or in a checkpoint that goes on
   * @param preempted those of attempts that were handed back, as far as they were in vain
   */
  public record DeviceUse(
      String key,
      long attempts,
      double seconds,
      Timings timings,
      double unknown,
      double useful,
      double preempted) {
    private static DeviceUse read(ResultSet row) throws SQLException {
      double seconds = row.getDouble("seconds");
      return new DeviceUse(
          row.getString("key"),
          row.getLong("attempts"),
          seconds,
          new Timings(
              row.getDouble("load"),
              row.getDouble("encode"),
              row.getDouble("denoise"),
              row.getDouble("decode"),
              row.getDouble("write"),
              row.getDouble("checkpoint"),
              row.getDouble("waiting")),
          seconds - row.getDouble("reported"),
          row.getDouble("useful"),
          row.getDouble("preempted"));
    }

    /** Returns the seconds of attempts that failed, were lost or cancelled, or repaired a file. */
    public double lost() {
      return seconds - useful - preempted;
    }
  }

  /**
   * The life of a worker in seconds, until it last asked for work.
   *
   * @param busy with attempts whose ends it reported
   * @param other with attempts that were taken from it, or while it reported an end
   */
  public record WorkerUse(
      String worker, String device, double life, double busy, double idle, double other) {
    private static WorkerUse read(ResultSet row) throws SQLException {
      return new WorkerUse(
          row.getString("worker"),
          row.getString("device"),
          row.getDouble("life"),
          row.getDouble("reported"),
          row.getDouble("idle"),
          row.getDouble("other"));
    }

    /** Returns the part of its life that the ledger and the worker cannot account for. */
    public double unaccounted() {
      return life - busy - idle - other;
    }
  }

  /**
   * Adds up attempts that began in a range of days, in UTC; at most {@link #LIMIT} rows, of jobs
   * the newest.
   *
   * @param tenant whose; null for everybody's
   * @param to the last day
   */
  public List<DeviceUse> by(UsageKey key, @Nullable TenantId tenant, LocalDate from, LocalDate to) {
    return database.read(
        "add up device-seconds",
        session -> {
          // The index by time, a BRIN, has no other scan.
          session.update("SET LOCAL enable_bitmapscan = on");
          return session.all(
              requireNonNull(BY.get(key))
                  .bind("from", from)
                  .bind("to", to)
                  .bind("tenant", tenant == null ? null : tenant.value())
                  .bind("most", LIMIT),
              DeviceUse::read);
        });
  }

  /** Returns the workers that asked for work since a day in UTC, the last one first. */
  public List<WorkerUse> workers(LocalDate from) {
    return database.read(
        "add up the lives of workers",
        session -> {
          session.update("SET LOCAL enable_bitmapscan = on");
          return session.all(WORKERS.bind("from", from).bind("most", LIMIT), WorkerUse::read);
        });
  }
}
