package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.TaskId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Reports from the ledger's rows what happened to jobs and tasks, and which promises are broken.
 */
public final class Audit {
  private static final String NAMED =
      """
      SELECT artifact FROM product
      UNION
      SELECT checkpoint_state FROM task WHERE checkpoint_state IS NOT NULL
      """;

  private static final String MADE =
      """
      SELECT ordinal, position, artifact FROM product JOIN task ON task.id = product.task
      WHERE job = ? ORDER BY ordinal, position
      """;

  private static final String JOBS = "SELECT id FROM job";

  private static final String OPEN = "SELECT id FROM job WHERE ended IS NULL";

  private static final String LEASES =
      """
      SELECT task.id, ordinal, number, outcome, numeric_class, resumed_from, attempt.steps, seconds
      FROM attempt JOIN task ON task.id = attempt.task
      WHERE job = ? ORDER BY task.id, number
      """;

  /** The time per step is taken from the attempt that succeeded. */
  private static final String LOSSES =
      """
      SELECT task.id, lost.number, task.steps AS whole, lost.resumed_from AS began_at,
             lost.resumed_from + lost.steps AS heard_at, next.resumed_from AS goes_on_at,
             extract(epoch FROM lost.ended - lost.started)::double precision AS life,
             done.seconds / done.steps AS step_seconds
      FROM task
      JOIN attempt AS lost ON lost.task = task.id AND lost.outcome = 'lost'
      JOIN attempt AS next ON next.task = task.id AND next.number = lost.number + 1
      JOIN attempt AS done ON done.task = task.id AND done.outcome = 'succeeded' AND done.steps > 0
      WHERE job = ? ORDER BY task.id, lost.number
      """;

  private static final String PREEMPTED = "SELECT id FROM task WHERE id = ? AND preempted = ?";

  private static final String CHECKPOINTS =
      """
      SELECT checkpoint_state FROM task WHERE job = ? AND checkpoint_state IS NOT NULL ORDER BY id
      """;

  /**
   * A broken promise.
   *
   * @param promise which one
   * @param whose the job or the worker whose rows break it
   * @param what what is wrong with them
   */
  public record Breach(String promise, String whose, String what) {}

  /**
   * An attempt at a task.
   *
   * @param lease the task and the attempt's number
   * @param ordinal the task's index in its job's plan
   * @param outcome succeeded, failed, yielded, lost, cancelled or remade; empty while it runs
   * @param numericClass the numeric class of its worker
   * @param resumedFrom the number of steps done by earlier attempts
   * @param steps the number of steps that it did, as far as the ledger knows
   * @param seconds how long it was busy, as far as the ledger knows
   */
  public record Begun(
      Lease lease,
      int ordinal,
      String outcome,
      String numericClass,
      int resumedFrom,
      int steps,
      double seconds) {}

  /**
   * A lost attempt, compared with the next attempt at the same task.
   *
   * @param lease the task and the lost attempt's number
   * @param whole the number of steps of the task
   * @param beganAt the step at which the lost attempt began
   * @param heardAt the step that it had reached by its last heartbeat or checkpoint
   * @param goesOnAt the step at which the next attempt began
   * @param life the seconds from its beginning until the ledger took the task back
   * @param stepSeconds the seconds per step of the attempt that succeeded
   */
  public record Loss(
      Lease lease,
      int whole,
      int beganAt,
      int heardAt,
      int goesOnAt,
      double life,
      double stepSeconds) {}

  private final Database database;

  public Audit(Database database) {
    this.database = database;
  }

  /** Returns every promise of the ledger that is broken, from one snapshot. */
  public List<Breach> breaches() {
    return breaches(Invariants.OF_LEDGER);
  }

  /**
   * Returns every promise that is broken of those that the ledger and its workers keep together,
   * from one snapshot. They hold if workers do one task at a time and report what they did.
   */
  public List<Breach> breachesWithWorkers() {
    return breaches(Invariants.WITH_WORKERS);
  }

  private List<Breach> breaches(Map<String, String> promises) {
    return database.read(
        "audit",
        session -> {
          List<Breach> all = new ArrayList<>();
          for (Map.Entry<String, String> promise : promises.entrySet()) {
            all.addAll(
                session.all(
                    promise.getValue(),
                    row -> new Breach(promise.getKey(), row.getString(1), row.getString(2))));
          }
          return all;
        });
  }

  /** Returns every artifact that a row refers to: results, and checkpoints of unfinished tasks. */
  public Set<ArtifactId> named() {
    return new LinkedHashSet<>(list("list the artifacts", NAMED, Audit::artifact));
  }

  /** Returns the products of a job's tasks, each as {@code ordinal/position digest}. */
  public List<String> made(JobId job) {
    return list(
        "list the products",
        MADE,
        row ->
            "%s/%s %s"
                .formatted(
                    row.getInt("ordinal"), row.getInt("position"), row.getString("artifact")),
        job.value());
  }

  /** Returns all jobs, deleted ones included. */
  public Set<JobId> jobs() {
    return new LinkedHashSet<>(list("list the jobs", JOBS, Audit::job));
  }

  /** Returns the jobs that have not ended. */
  public Set<JobId> open() {
    return new LinkedHashSet<>(list("list the open jobs", OPEN, Audit::job));
  }

  /** Returns every attempt at a job's tasks, by task and number. */
  public List<Begun> attempts(JobId job) {
    return list(
        "list the attempts",
        LEASES,
        row ->
            new Begun(
                lease(row),
                row.getInt("ordinal"),
                row.getString("outcome") == null ? "" : row.getString("outcome"),
                row.getString("numeric_class"),
                row.getInt("resumed_from"),
                row.getInt("steps"),
                row.getDouble("seconds")),
        job.value());
  }

  /** Returns the lost attempts at those of a job's tasks that succeeded later. */
  public List<Loss> losses(JobId job) {
    return list(
        "list the losses",
        LOSSES,
        row ->
            new Loss(
                lease(row),
                row.getInt("whole"),
                row.getInt("began_at"),
                row.getInt("heard_at"),
                row.getInt("goes_on_at"),
                row.getDouble("life"),
                row.getDouble("step_seconds")),
        job.value());
  }

  /** Returns whether an attempt was asked to make room for an urgent task. */
  public boolean isPreempted(Lease lease) {
    return !list(
            "look for a preempted attempt",
            PREEMPTED,
            row -> row.getLong(1),
            lease.task().value(),
            lease.attempt())
        .isEmpty();
  }

  /** Returns the checkpoints from which a job's tasks would resume now. */
  public List<ArtifactId> checkpoints(JobId job) {
    return list("list the checkpoints", CHECKPOINTS, Audit::artifact, job.value());
  }

  private <T> List<T> list(String what, String sql, Session.RowMapper<T> row, Object... arguments) {
    return database.read(what, session -> session.all(sql, row, arguments));
  }

  private static Lease lease(ResultSet row) throws SQLException {
    return new Lease(new TaskId(row.getLong("id")), row.getInt("number"));
  }

  private static JobId job(ResultSet row) throws SQLException {
    return new JobId(row.getObject(1, UUID.class));
  }

  private static ArtifactId artifact(ResultSet row) throws SQLException {
    return new ArtifactId(row.getString(1));
  }
}
