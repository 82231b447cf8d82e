package glimt.ledger;

import glimt.job.Fault;
import glimt.job.JobState;
import glimt.job.Lease;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What becomes of a task whose attempt did not succeed: another attempt, or a failed job. */
final class Retries {
  /** A task that fails this often is not tried again. */
  static final int TRIES = 3;

  /** A task that loses this many workers without a new checkpoint is to blame for it. */
  static final int LOSSES = 3;

  /**
   * The task waits again for an input that is being remade. A task that ran out of memory with
   * nothing beside it goes to a worker that has more, if there is one.
   */
  private static final NamedSql GIVE_BACK =
      NamedSql.of(
          """
          WITH open AS (
            SELECT count(*)::integer AS predecessors
            FROM task_edge JOIN task ON task.id = before
            WHERE after = :task AND state <> 'succeeded')
          UPDATE task SET
            state = CASE WHEN predecessors = 0 THEN 'ready' ELSE 'blocked' END,
            waits_for = predecessors,
            ready_at = clock_timestamp() + make_interval(secs => :rest),
            failures = :failures, losses = coalesce(:losses, losses),
            failed_on = coalesce(:failedOn, failed_on),
            alone = alone OR :alone,
            memory = greatest(memory, coalesce((
              SELECT tried.memory + 1 FROM worker AS tried
              WHERE tried.id = task.worker AND task.alone AND :alone AND EXISTS (
                SELECT FROM worker AS larger
                WHERE larger.memory > tried.memory AND task.card = ANY(larger.cards)
                  AND larger.drained IS NULL)), 0)),
            step = coalesce(checkpoint_step, 0), lease_until = NULL
          FROM open
          WHERE task.id = :task AND task.attempt = :attempt AND task.state = 'running'
          RETURNING task.state
          """);

  /** The task keeps its accepted result and its count of tries, so that nobody tries again. */
  private static final NamedSql GIVE_UP =
      NamedSql.of(
          """
          UPDATE task SET
            state = 'succeeded', step = steps, lease_until = NULL, remade_in = NULL,
            failures = :failures, losses = :losses,
            checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
            fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
          WHERE id = :task AND attempt = :attempt AND state = 'running'
          """);

  private static final NamedSql FAIL =
      NamedSql.of(
          """
          UPDATE task SET
            state = 'failed', failures = :failures, losses = :losses, failed_on = worker,
            lease_until = NULL,
            checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
            fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
          WHERE id = :task AND attempt = :attempt AND state = 'running'
          """);

  private final Session session;
  private final LockedJobs jobs;
  private final LeaseTerms terms;

  Retries(Session session, LockedJobs jobs, LeaseTerms terms) {
    this.session = session;
    this.jobs = jobs;
    this.terms = terms;
  }

  /**
   * Lets another attempt begin, and charges this one to nobody. What is remembered of losses stays:
   * a checkpoint may just have forgiven them.
   *
   * @return whether the task is ready: not if its job has ended in this transaction, or if one of
   *     its inputs is being remade
   */
  boolean giveBack(RunningAttempt attempt) throws SQLException {
    return giveBack(attempt, attempt.failures(), null, null, false, 0);
  }

  /** Charges a failure; returns whether a task is ready now that was not ready before. */
  boolean failed(RunningAttempt attempt, Fault fault, String why) throws SQLException {
    int failures = attempt.failures() + 1;
    if (!fault.retryable() || failures >= TRIES) {
      return fail(attempt, failures, attempt.losses(), fault, why);
    }
    double rest = terms.backOffSeconds() * (1 << (failures - 1)) * jitter(attempt.lease());
    boolean alone = fault == Fault.OUT_OF_MEMORY;
    return giveBack(attempt, failures, null, attempt.worker(), alone, rest);
  }

  /** Counts a lost worker; returns whether a task is ready now that was not ready before. */
  boolean lost(RunningAttempt attempt) throws SQLException {
    int losses = attempt.losses() + 1;
    if (losses < LOSSES) {
      return giveBack(attempt, attempt.failures(), losses, attempt.worker(), false, 0);
    }
    String why =
        (attempt.stalled() ? "it hung %s workers" : "%s workers were lost at the same point of it")
            .formatted(losses);
    return fail(attempt, attempt.failures(), losses, Fault.POISON, why);
  }

  /**
   * @param losses null to keep the count that the row has
   * @param failedOn the worker that the next attempt should avoid; null to keep the one in the row
   * @param alone whether nothing may run beside the task on its device from now on
   * @param rest seconds until another attempt may begin
   */
  private boolean giveBack(
      RunningAttempt attempt,
      int failures,
      @Nullable Integer losses,
      @Nullable String failedOn,
      boolean alone,
      double rest)
      throws SQLException {
    return session
        .first(
            GIVE_BACK
                .bind("task", attempt.lease().task().value())
                .bind("attempt", attempt.lease().attempt())
                .bind("failures", failures)
                .bind("losses", losses)
                .bind("failedOn", failedOn)
                .bind("alone", alone)
                .bind("rest", rest),
            row -> row.getString("state"))
        .equals(Optional.of("ready"));
  }

  /**
   * Fails a task for good, and its job with it. If the task was remaking a file, only that is given
   * up: the attempt of a successor finds that the file is missing.
   */
  private boolean fail(RunningAttempt attempt, int failures, int losses, Fault fault, String why)
      throws SQLException {
    session.update(
        (attempt.remakes() ? GIVE_UP : FAIL)
            .bind("task", attempt.lease().task().value())
            .bind("attempt", attempt.lease().attempt())
            .bind("failures", failures)
            .bind("losses", losses));
    if (attempt.remakes()) {
      return !Successors.free(session, List.of(attempt.lease())).isEmpty();
    }
    jobs.cutShort(
        attempt.job(), fault == Fault.BLOCKED ? JobState.BLOCKED : JobState.FAILED, fault, why);
    return false;
  }

  /**
   * From 0.75 to 1.25, so that tasks that failed together do not come back together; the same for
   * the same attempt. The mixer is SplitMix64's (Steele, Lea, Flood 2014).
   */
  private static double jitter(Lease lease) {
    long z = lease.task().value() * 0x9E3779B97F4A7C15L + lease.attempt();
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return 0.75 + ((z ^ (z >>> 31)) >>> 11) * 0x1p-54;
  }
}
