package glimt.ledger;

import glimt.job.Checkpoint;
import glimt.job.Lease;
import glimt.job.TaskId;
import glimt.job.WorkerId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** How workers keep their attempts alive, and how the sweep finds the dead ones. */
final class Leases {
  private static final NamedSql RENEW =
      NamedSql.of(
          """
          WITH ours AS MATERIALIZED (
            SELECT task.id, beat.step
            FROM task
            JOIN unnest(:tasks, :attempts, :steps) AS beat (task, attempt, step)
              ON task.id = beat.task AND task.attempt = beat.attempt
            WHERE state = 'running'
            ORDER BY task.id FOR UPDATE OF task)
          UPDATE task SET
            lease_until = clock_timestamp() + make_interval(secs => :lease),
            step = least(steps, ours.step),
            stepped = CASE WHEN least(steps, ours.step) = task.step THEN stepped
                           ELSE clock_timestamp() END,
            reached = greatest(reached, least(steps, ours.step))
          FROM ours WHERE task.id = ours.id
          RETURNING task.id, attempt,
            steps > 1 AND (rank = 'Infinity' OR preempted IS NOT DISTINCT FROM attempt) AS yields
          """);

  /**
   * Of one attempt's checkpoints, only one that reaches further is taken: messages may overtake
   * each other. The first of a new attempt is taken in any case: an attempt that did not begin at
   * the latest checkpoint could not trust it, and then the one before it stays the fallback. No
   * step forgives losses twice, so a task cannot be tried for ever.
   */
  private static final NamedSql CHECKPOINT =
      NamedSql.of(
          """
          WITH here (state, step, class, task, attempt) AS (VALUES (:state, :step, :numericClass, :task, :attempt))
          UPDATE task SET
            fallback_state = CASE WHEN here.step > checkpoint_step THEN checkpoint_state
                                  ELSE fallback_state END,
            fallback_step = CASE WHEN here.step > checkpoint_step THEN checkpoint_step
                                 ELSE fallback_step END,
            fallback_class = CASE WHEN here.step > checkpoint_step THEN checkpoint_class
                                  ELSE fallback_class END,
            checkpoint_state = here.state, checkpoint_step = here.step, checkpoint_class = here.class,
            checkpoint_attempt = here.attempt,
            losses = CASE WHEN here.step > forgiven THEN 0 ELSE losses END,
            forgiven = greatest(forgiven, here.step),
            step = greatest(task.step, here.step), reached = greatest(reached, here.step),
            stepped = clock_timestamp()
          FROM here
          WHERE task.id = here.task AND task.attempt = here.attempt AND task.state = 'running'
            AND (here.step > coalesce(checkpoint_step, 0)
              OR here.step > 0 AND checkpoint_attempt IS DISTINCT FROM here.attempt)
          """);

  private static final String HOLDS =
      "SELECT id, attempt FROM task WHERE id = ? AND attempt = ? AND state = 'running'";

  private static final String PULSE =
      """
      WITH before AS MATERIALIZED (SELECT at FROM pulse FOR UPDATE)
      UPDATE pulse SET at = clock_timestamp() FROM before
      RETURNING extract(epoch FROM pulse.at - before.at)::double precision AS gap
      """;

  /** A lease that was renewed meanwhile ends a whole lease from now at the latest. */
  private static final NamedSql FORGIVE =
      NamedSql.of(
          """
          WITH running AS MATERIALIZED (
            SELECT id FROM task WHERE state = 'running' ORDER BY id FOR UPDATE)
          UPDATE task SET
            lease_until = greatest(lease_until, least(
              lease_until + make_interval(secs => :gap), clock_timestamp() + make_interval(secs => :lease))),
            stepped = least(stepped + make_interval(secs => :gap), clock_timestamp())
          FROM running WHERE task.id = running.id AND state = 'running'
          """);

  private static final String LATE =
      """
      SELECT id, attempt FROM task
      WHERE state = 'running'
        AND (lease_until < clock_timestamp()
          OR stepped < clock_timestamp() - make_interval(secs => ?))
      """;

  private static final String HELD_BY =
      "SELECT id, attempt FROM task WHERE state = 'running' AND worker = ?";

  private Leases() {}

  /** Renews the leases that still hold. */
  static Renewal renew(Session session, Map<Lease, Integer> steps, double seconds)
      throws SQLException {
    List<Map.Entry<Lease, Integer>> beats = List.copyOf(steps.entrySet());
    Set<Lease> held = new HashSet<>();
    Set<Lease> yielding = new HashSet<>();
    session.all(
        RENEW
            .bind("tasks", beats.stream().mapToLong(beat -> beat.getKey().task().value()).toArray())
            .bind("attempts", beats.stream().mapToInt(beat -> beat.getKey().attempt()).toArray())
            .bind("steps", beats.stream().mapToInt(Map.Entry::getValue).toArray())
            .bind("lease", seconds),
        row -> held.add(lease(row)) && row.getBoolean("yields") && yielding.add(lease(row)));
    return new Renewal(held, yielding);
  }

  /** Returns whether the ledger took the checkpoint. */
  static boolean keep(Session session, Lease lease, Checkpoint checkpoint) throws SQLException {
    return session.update(
            CHECKPOINT
                .bind("state", checkpoint.state().sha256())
                .bind("step", checkpoint.step())
                .bind("numericClass", checkpoint.numericClass())
                .bind("task", lease.task().value())
                .bind("attempt", lease.attempt()))
        == 1;
  }

  static boolean holds(Session session, Lease lease) throws SQLException {
    return session.first(HOLDS, Leases::lease, lease.task().value(), lease.attempt()).isPresent();
  }

  /**
   * Returns leases whose worker has been silent too long, or whose step has stalled. If it was the
   * database that was away, it extends the leases first.
   */
  static List<Lease> late(Session session, LeaseTerms terms) throws SQLException {
    double gap = session.first(PULSE, row -> row.getDouble("gap")).orElse(0.0);
    if (gap > 2 * terms.sweepSeconds()) {
      session.update(FORGIVE.bind("gap", gap).bind("lease", terms.leaseSeconds()));
    }
    return session.all(LATE, Leases::lease, terms.stallSeconds());
  }

  static List<Lease> heldBy(Session session, WorkerId worker) throws SQLException {
    return session.all(HELD_BY, Leases::lease, worker.value());
  }

  static Lease lease(ResultSet row) throws SQLException {
    return new Lease(new TaskId(row.getLong("id")), row.getInt("attempt"));
  }

  /** Returns the ids of the tasks, as an SQL array. */
  static long[] tasks(Collection<Lease> leases) {
    return leases.stream().mapToLong(lease -> lease.task().value()).toArray();
  }

  /** Returns the numbers of the attempts, as an SQL array. */
  static int[] attempts(Collection<Lease> leases) {
    return leases.stream().mapToInt(Lease::attempt).toArray();
  }
}
