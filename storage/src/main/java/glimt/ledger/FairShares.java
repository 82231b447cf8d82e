package glimt.ledger;

import java.sql.SQLException;
import java.util.Collection;

/**
 * Shares the devices among tenants by weight, by start-time fair queueing (Goyal, Vin and Cheng
 * 1996) in device-seconds. Every tenant has a virtual clock: the device-seconds that it was given,
 * divided by its weight. The tenant whose clock is furthest behind is next.
 *
 * <p>A claim advances the clock by what the task is likely to take, and the end of the attempt
 * corrects it by what it took. Nobody waits for the row of a tenant, which would be held until a
 * commit is durable: who finds it locked leaves a row in {@code charge}, and the next who locks it
 * adds that to the clock. The view {@code tenant_clock} has both.
 *
 * <p>A tenant without waiting tasks saves up nothing: its clock is set to that of the others when
 * it comes back.
 */
final class FairShares {
  /** How long a task is likely to take of which nothing is known, in device-seconds. */
  private static final double UNKNOWN_SECONDS = 1;

  /**
   * How far urgent tasks may run ahead of their tenant's share, in device-seconds at weight 1. What
   * they take is charged all the same, so no tenant gains by it for longer than this.
   */
  static final double BORROWED_SECONDS = 60;

  /**
   * The tenants that have a task in line, each with the rank of its first. It reads one row a
   * tenant, however many tasks wait. Needs {@code WITH RECURSIVE}.
   */
  static final String HEADS =
      """
      heads (tenant, rank) AS (
        (SELECT tenant, rank FROM task WHERE state = 'ready' ORDER BY tenant, rank LIMIT 1)
        UNION ALL
        SELECT head.tenant, head.rank FROM heads CROSS JOIN LATERAL (
          SELECT task.tenant, task.rank FROM task
          WHERE state = 'ready' AND task.tenant > heads.tenant
          ORDER BY task.tenant, task.rank LIMIT 1) AS head)\
      """;

  /** The tenants in line; {@code turn} says in which order. */
  static final String LINE =
      """
      line AS MATERIALIZED (
        SELECT tenant.id, rank, weight, clock - CASE WHEN rank < 0 THEN %s ELSE 0 END AS turn
        FROM heads JOIN tenant_clock AS tenant ON tenant.id = heads.tenant
        WHERE rank < 'Infinity'
        ORDER BY turn, tenant.id)\
      """
          .formatted(BORROWED_SECONDS);

  /** The device-seconds that the rest of a {@code task} is likely to take, by its {@code pace}. */
  static final String ESTIMATE =
      """
      coalesce(pace.seconds * task.amount, %s) * (task.steps - task.step) / task.steps\
      """
          .formatted(UNKNOWN_SECONDS);

  static final String PACE_OF_TASK =
      """
      pace ON pace.card = task.card AND pace.level = task.work ->> 'level'
        AND pace.work = task.work ->> 'type'\
      """;

  /**
   * How many {@code tasks} each tenant is given if as many are handed out at once as there are rows
   * in {@code able}: as if each was handed out after the clock had advanced by the one before, and
   * all of a tenant were as long as its first.
   */
  static final String PARTS =
      """
      parts AS MATERIALIZED (
        SELECT id, count(*) AS tasks FROM (
          SELECT id FROM (
            SELECT line.id, turn, weight, (
              SELECT ESTIMATE FROM task LEFT JOIN PACE
              WHERE state = 'ready' AND task.tenant = line.id AND task.rank < 'Infinity'
              ORDER BY task.rank, job_number, ordinal LIMIT 1) AS seconds
            FROM line) AS line
          CROSS JOIN generate_series(0, (SELECT count(*) FROM able) - 1) AS before
          ORDER BY turn + before * seconds / weight, id
          LIMIT (SELECT count(*) FROM able)) AS part
        GROUP BY id)\
      """
          .replace("ESTIMATE", ESTIMATE)
          .replace("PACE", PACE_OF_TASK);

  /** Advances clocks by what {@code owed (tenant, seconds)} has, one row a tenant. */
  static final String PAY =
      """
      payers AS MATERIALIZED (
        SELECT tenant.id FROM tenant
        WHERE tenant.id IN (SELECT tenant FROM owed)
        ORDER BY tenant.id FOR NO KEY UPDATE SKIP LOCKED),
      left_before AS (
        DELETE FROM charge USING payers WHERE charge.tenant = payers.id
        RETURNING charge.tenant, seconds),
      left_now AS (
        INSERT INTO charge (tenant, seconds)
        SELECT tenant, seconds FROM owed WHERE tenant NOT IN (SELECT id FROM payers)),
      paid AS (
        UPDATE tenant SET clock = clock + due.seconds / weight
        FROM (
          SELECT tenant, sum(seconds) AS seconds
          FROM (SELECT * FROM owed UNION ALL SELECT * FROM left_before) AS every
          GROUP BY tenant) AS due
        WHERE tenant.id = due.tenant AND tenant.id IN (SELECT id FROM payers))\
      """;

  /**
   * Whether the tenant {@code mine} may have to join the line: it has nothing in it, and the clock
   * of another is ahead of its own. OFFSET 0 makes PostgreSQL look for the first task in line;
   * without it, it would read all of them into a hash table.
   */
  static final String AWAY =
      """
      NOT EXISTS (
        SELECT FROM task WHERE task.tenant = mine.id AND state = 'ready' AND task.rank < 'Infinity'
        OFFSET 0)
      AND EXISTS (
        SELECT FROM tenant_clock AS other WHERE other.clock > (
          SELECT clock FROM tenant_clock WHERE id = mine.id))\
      """;

  /**
   * A row that is locked is left alone: whoever holds it is a claim, so that the tenant was in line
   * a moment ago, or the end of an attempt or a submission, which lets it join.
   */
  private static final NamedSql JOIN_LINE =
      NamedSql.of(
          """
          WITH RECURSIVE HEADS,
          now (clock) AS MATERIALIZED (
            SELECT coalesce(
              (SELECT min(clock) FROM heads JOIN tenant_clock ON id = tenant WHERE rank < 'Infinity'),
              (SELECT max(clock) FROM tenant_clock))),
          back AS MATERIALIZED (
            SELECT id FROM tenant AS mine WHERE id = ANY(:tenants) AND AWAY
            ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
          UPDATE tenant SET clock = tenant.clock + now.clock - tenant_clock.clock
          FROM now, back JOIN tenant_clock USING (id)
          WHERE tenant.id = back.id AND tenant_clock.clock < now.clock
          """
              .replace("HEADS", HEADS)
              .replace("AWAY", AWAY));

  private static final String ANY_IN_LINE =
      "WITH RECURSIVE HEADS SELECT EXISTS (SELECT FROM heads WHERE rank < 'Infinity') AS any"
          .replace("HEADS", HEADS);

  private FairShares() {}

  /** Whether a task of any tenant is in line. */
  static boolean anyInLine(Session session) throws SQLException {
    return session.first(ANY_IN_LINE, row -> row.getBoolean("any")).orElseThrow();
  }

  /** Lets tenants join the line that have no task in it; called before their tasks get ready. */
  static void joinLine(Session session, Collection<String> tenants) throws SQLException {
    session.update(JOIN_LINE.bind("tenants", tenants.toArray(String[]::new)));
  }
}
