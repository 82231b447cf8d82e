package glimt.ledger;

import java.sql.SQLException;
import java.util.Collection;

/**
 * Shares the devices among tenants by weight, by start-time fair queueing (Goyal, Vin and Cheng
 * 1996) in device-seconds. Every tenant has a virtual clock: the device-seconds that it was given,
 * divided by its weight. The tenant whose clock is furthest behind is next.
 *
 * <p>A claim advances the clock by what the task is likely to take, and the end of the attempt
 * corrects it by what it took. Claims never wait for the row of a tenant: a claim that finds it
 * locked leaves the whole charge to the end of its attempt.
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
        SELECT tenant.id, rank, clock - CASE WHEN rank < 0 THEN %s ELSE 0 END AS turn
        FROM heads JOIN tenant ON tenant.id = heads.tenant
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

  /** The clock of the first tenant in line; null if there is none. */
  static final String FIRST =
      """
      SELECT min(clock) FROM heads JOIN tenant ON tenant.id = heads.tenant
      WHERE rank < 'Infinity'\
      """;

  private static final NamedSql JOIN_LINE =
      NamedSql.of(
          """
          WITH RECURSIVE %s,
          now (clock) AS MATERIALIZED (
            SELECT coalesce((%s), (SELECT max(clock) FROM tenant))),
          back AS MATERIALIZED (
            SELECT id FROM tenant, now
            WHERE id = ANY(:tenants) AND tenant.clock < now.clock
              AND id NOT IN (SELECT tenant FROM heads WHERE rank < 'Infinity')
            ORDER BY id FOR NO KEY UPDATE OF tenant)
          UPDATE tenant SET clock = greatest(tenant.clock, now.clock)
          FROM now, back WHERE tenant.id = back.id
          """
              .formatted(HEADS, FIRST));

  private FairShares() {}

  /** Lets tenants join the line that have no task in it; called before their tasks get ready. */
  static void joinLine(Session session, Collection<String> tenants) throws SQLException {
    session.update(JOIN_LINE.bind("tenants", tenants.toArray(String[]::new)));
  }
}
