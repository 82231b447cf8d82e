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
 * Checks the promises of the ledger against its rows, and reports what became of jobs and tasks.
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
      SELECT task.id, ordinal, number, outcome, numeric_class, resumed_from, seconds
      FROM attempt JOIN task ON task.id = attempt.task
      WHERE job = ? ORDER BY task.id, number
      """;

  /** The attempt that finished the task shows how long a step takes. */
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

  private static final String CHECKPOINTS =
      """
      SELECT checkpoint_state FROM task WHERE job = ? AND checkpoint_state IS NOT NULL ORDER BY id
      """;

  /**
   * A broken promise.
   *
   * @param job the job whose rows show it
   */
  public record Breach(String promise, JobId job, String what) {}

  /**
   * An attempt that has begun.
   *
   * @param ordinal the place of its task in the plan of the job
   * @param outcome as the ledger has it; empty while it runs
   * @param resumedFrom the step it began at
   * @param seconds how long it was busy, as far as is known
   */
  public record Begun(
      Lease lease,
      int ordinal,
      String outcome,
      String numericClass,
      int resumedFrom,
      double seconds) {}

  /**
   * An attempt that was lost, and the next one at the same task.
   *
   * @param whole how many steps the task has
   * @param beganAt the step that the lost one began at
   * @param heardAt the step that it had come to by its last beat or checkpoint
   * @param goesOnAt the step that the next one began at
   * @param life seconds from its beginning until the ledger took it back
   * @param stepSeconds how long a step takes
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

  /** Returns every breach in the whole ledger, on one snapshot. */
  public List<Breach> breaches() {
    return database.read(
        "audit",
        session -> {
          List<Breach> all = new ArrayList<>();
          for (Map.Entry<String, String> promise : Invariants.ALL.entrySet()) {
            all.addAll(
                session.all(
                    promise.getValue(),
                    row -> new Breach(promise.getKey(), job(row), row.getString(2))));
          }
          return all;
        });
  }

  /** Returns every artifact that a row names: results, and checkpoints that may be resumed from. */
  public Set<ArtifactId> named() {
    return new LinkedHashSet<>(list("list the artifacts", NAMED, Audit::artifact));
  }

  /** Returns the products of the tasks of a job, each as {@code ordinal/position digest}. */
  public List<String> made(JobId job) {
    return list(
        "list what was made",
        MADE,
        row ->
            "%s/%s %s"
                .formatted(
                    row.getInt("ordinal"), row.getInt("position"), row.getString("artifact")),
        job.value());
  }

  public Set<JobId> jobs() {
    return new LinkedHashSet<>(list("list the jobs", JOBS, Audit::job));
  }

  /** Returns the jobs that have not ended. */
  public Set<JobId> open() {
    return new LinkedHashSet<>(list("list the open jobs", OPEN, Audit::job));
  }

  /** Returns every attempt at the tasks of a job, in order. */
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
                row.getDouble("seconds")),
        job.value());
  }

  /** Returns the lost attempts at the tasks of a job that another attempt then finished. */
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

  /** Returns the checkpoints that the tasks of a job would resume from now. */
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
