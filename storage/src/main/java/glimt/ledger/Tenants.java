package glimt.ledger;

import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The owners of jobs: what share of the devices each has, and how many jobs it may have open. */
public final class Tenants {
  /** The largest weight; its inverse is the smallest. */
  public static final double WEIGHT_LIMIT = 1000;

  private static final int NAME_LIMIT = 64;

  /** A null keeps what the row has. */
  private static final NamedSql SET =
      NamedSql.of(
          """
          INSERT INTO tenant (id, weight, jobs, clock)
          SELECT :id, coalesce(:weight::double precision, 1), nullif(:jobs::integer, -1),
                 (SELECT max(clock) FROM tenant)
          ON CONFLICT (id) DO UPDATE SET
            weight = coalesce(:weight::double precision, tenant.weight),
            jobs = CASE WHEN :jobs::integer IS NULL THEN tenant.jobs
                        ELSE nullif(:jobs::integer, -1) END
          RETURNING *, (SELECT count(*) FROM job WHERE tenant = :id AND ending IS NULL) AS open
          """);

  private static final String ALL =
      """
      SELECT *, (SELECT count(*) FROM job WHERE job.tenant = tenant.id AND ending IS NULL) AS open
      FROM tenant ORDER BY id
      """;

  private static final String LOCK_LIMITED =
      """
      SELECT id, jobs FROM tenant WHERE id = ANY(?) AND jobs IS NOT NULL
      ORDER BY id FOR NO KEY UPDATE
      """;

  private static final String OPEN =
      "SELECT count(*) AS open FROM job WHERE tenant = ? AND ending IS NULL";

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
   */
  public record Tenant(TenantId id, double weight, @Nullable Integer jobs, int open) {
    private static Tenant read(ResultSet row) throws SQLException {
      return new Tenant(
          new TenantId(row.getString("id")),
          row.getDouble("weight"),
          row.getObject("jobs", Integer.class),
          row.getInt("open"));
    }
  }

  /**
   * Changes a tenant, or adds it.
   *
   * @param weight above 0, at most {@link #WEIGHT_LIMIT} and at least its inverse; null keeps it
   * @param jobs how many jobs it may have open, 0 for none and -1 for any number; null keeps it
   * @throws InvalidSpec if a value is out of its limits; nothing is changed
   */
  public Tenant set(TenantId id, @Nullable Double weight, @Nullable Integer jobs) {
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
    return database.transact(
        "set tenant " + id,
        session ->
            session
                .first(SET.bind("id", name).bind("weight", weight).bind("jobs", jobs), Tenant::read)
                .orElseThrow());
  }

  /** Returns whether there is such a tenant. */
  public boolean known(TenantId id) {
    return id.equals(TenantId.DEFAULT)
        || database.read(
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

  /**
   * Locks those of the tenants that have a quota, so that no other transaction adds jobs to them.
   *
   * @return how many jobs each of these may have open
   */
  static Map<String, Integer> lockLimited(Session session, Collection<String> tenants)
      throws SQLException {
    Map<String, Integer> limits = new TreeMap<>();
    session.all(
        LOCK_LIMITED,
        row -> limits.put(row.getString("id"), row.getInt("jobs")),
        (Object) tenants.toArray(String[]::new));
    return limits;
  }

  /**
   * Checks the quotas of new jobs, after {@link #lockLimited}.
   *
   * @param tenants the tenant of each new job
   * @throws QuotaExceeded if a tenant may not have so many
   */
  static void check(Session session, Map<String, Integer> limits, List<String> tenants)
      throws SQLException {
    for (Map.Entry<String, Integer> limit : limits.entrySet()) {
      String tenant = limit.getKey();
      long more = tenants.stream().filter(tenant::equals).count();
      // A statement of its own, since the lock may have waited for jobs that it must count.
      int open = session.first(OPEN, row -> row.getInt("open"), tenant).orElseThrow();
      if (more > 0 && open + more > limit.getValue()) {
        throw new QuotaExceeded(new TenantId(tenant), limit.getValue(), open);
      }
    }
  }
}
