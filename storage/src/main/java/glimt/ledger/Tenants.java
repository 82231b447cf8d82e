package glimt.ledger;

import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The owners of jobs: what share of the devices each has, and what it may have at most. */
public final class Tenants {
  /** The largest weight; its inverse is the smallest. */
  public static final double WEIGHT_LIMIT = 1000;

  /** The most device-seconds a day that can be asked for: those of ten thousand devices. */
  public static final double DAY_SECONDS_LIMIT = 864e6;

  private static final int NAME_LIMIT = 64;

  /** A null keeps what the row has. */
  private static final NamedSql SET =
      NamedSql.of(
          """
          INSERT INTO tenant (id, weight, jobs, limited, day_seconds, clock)
          SELECT :id, coalesce(:weight::double precision, 1), nullif(:jobs::integer, -1),
                 CASE WHEN :jobs::integer >= 0 THEN clock_timestamp() END,
                 nullif(:daySeconds::double precision, -1), (SELECT max(clock) FROM tenant)
          ON CONFLICT (id) DO UPDATE SET
            weight = coalesce(:weight::double precision, tenant.weight),
            jobs = CASE WHEN :jobs::integer IS NULL THEN tenant.jobs
                        ELSE nullif(:jobs::integer, -1) END,
            limited = CASE WHEN :jobs::integer IS NULL THEN tenant.limited
                           WHEN :jobs::integer >= 0 THEN clock_timestamp() END,
            day_seconds = CASE WHEN :daySeconds::double precision IS NULL THEN tenant.day_seconds
                               ELSE nullif(:daySeconds::double precision, -1) END
          RETURNING *, (SELECT count(*) FROM job WHERE tenant = :id AND ending IS NULL) AS open
          """);

  private static final String ALL =
      """
      SELECT *, (SELECT count(*) FROM job WHERE job.tenant = tenant.id AND ending IS NULL) AS open
      FROM tenant ORDER BY id
      """;

  private final Database database;

  public Tenants(Database database) {
    this.database = database;
  }

  /**
   * A tenant.
   *
   * @param weight its share of the devices, relative to the others
   * @param jobs how many jobs it may have open; null means any number
   * @param open how many of its jobs have not ended
   * @param daySeconds how many device-seconds it may be given a day, in UTC; null means any number
   */
  public record Tenant(
      TenantId id, double weight, @Nullable Integer jobs, int open, @Nullable Double daySeconds) {
    private static Tenant read(ResultSet row) throws SQLException {
      return new Tenant(
          new TenantId(row.getString("id")),
          row.getDouble("weight"),
          row.getObject("jobs", Integer.class),
          row.getInt("open"),
          row.getObject("day_seconds", Double.class));
    }
  }

  /** Changes a tenant as below, and keeps its device-seconds a day. */
  public Tenant set(TenantId id, @Nullable Double weight, @Nullable Integer jobs) {
    return set(id, weight, jobs, null);
  }

  /**
   * Changes a tenant, or adds it.
   *
   * @param weight above 0, at most {@link #WEIGHT_LIMIT} and at least its inverse; null keeps it
   * @param jobs how many jobs it may have open, 0 for none and -1 for any number; null keeps it
   * @param daySeconds how many device-seconds it may be given a day, and -1 for any number; null
   *     keeps it
   * @throws InvalidSpec if a value is out of its limits; nothing is changed
   */
  public Tenant set(
      TenantId id, @Nullable Double weight, @Nullable Integer jobs, @Nullable Double daySeconds) {
    String name = id.value();
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*") || name.length() > NAME_LIMIT) {
      throw new InvalidSpec(
          "tenant",
          "must be 1 to %s letters, digits, dots, dashes and underscores, not '%s'"
              .formatted(NAME_LIMIT, name));
    }
    // Written so that NaN is refused too.
    if (weight != null && !(weight >= 1 / WEIGHT_LIMIT && weight <= WEIGHT_LIMIT)) {
      throw new InvalidSpec(
          "weight", "must be %s to %s, not %s".formatted(1 / WEIGHT_LIMIT, WEIGHT_LIMIT, weight));
    }
    if (jobs != null && jobs < -1) {
      throw new InvalidSpec("jobs", "must be 0 or more, or -1 for any number, not " + jobs);
    }
    if (daySeconds != null
        && daySeconds != -1
        && !(daySeconds >= 0 && daySeconds <= DAY_SECONDS_LIMIT)) {
      throw new InvalidSpec(
          "day_seconds", "must be 0 or more, or -1 for any number, not " + daySeconds);
    }
    return database.act(
        "set tenant " + id,
        session ->
            session
                .first(
                    SET.bind("id", name)
                        .bind("weight", weight)
                        .bind("jobs", jobs)
                        .bind("daySeconds", daySeconds),
                    Tenant::read)
                .orElseThrow());
  }

  /** Returns whether there is such a tenant. */
  public boolean known(TenantId id) {
    return id.equals(TenantId.DEFAULT)
        || database.once(
            "find tenant " + id,
            session ->
                session
                    .first("SELECT id FROM tenant WHERE id = ?", row -> row, id.value())
                    .isPresent());
  }

  /** Returns all tenants by name. */
  public List<Tenant> all() {
    return database.read("list tenants", session -> session.all(ALL, Tenant::read));
  }
}
