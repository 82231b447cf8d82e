package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.TaskId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a missing or damaged file is made again. The task that made it runs again; tasks that read
 * the file and are not running wait. Meanwhile the result of the task stays accepted, and so does
 * the ending of its job. The file must come out with the same bytes, so only a worker of the same
 * numeric class may run the task.
 *
 * <p>A file that a job took over is made again by the job that made it, if that is still there.
 * Whatever in the other job reads it waits for that.
 *
 * <p>Callers hold the lock of the job.
 */
final class Repairs {
  private static final String LOCK_JOB =
      """
      SELECT id FROM job
      WHERE id = ? AND (ending IS NULL OR ending = 'succeeded') FOR UPDATE
      """;

  private static final String MADE_IN_JOB =
      """
      SELECT task.* FROM task JOIN product ON product.task = task.id
      WHERE job = ? AND artifact = ? ORDER BY task.id FOR UPDATE OF task
      """;

  private static final String READ_BY =
      """
      SELECT task.*
      FROM task_edge
      JOIN product ON product.task = task_edge.before
      JOIN task ON task.id = task_edge.before
      WHERE task_edge.after = ? AND artifact = ? ORDER BY task.id FOR UPDATE OF task
      """;

  private static final String TAKEN_FROM =
      """
      SELECT task.* FROM task JOIN product ON product.task = task.id
      WHERE task.id = ? AND artifact = ? FOR UPDATE OF task
      """;

  private static final String LOCK_JOB_OF =
      "SELECT id FROM job WHERE id = (SELECT job FROM task WHERE id = ?) FOR UPDATE";

  /** The reader reads nothing by this port: it waits. */
  private static final NamedSql WAIT_FOR_TAKEN =
      NamedSql.of(
          """
          INSERT INTO task_edge (before, after, position, port)
          SELECT :maker, :reader, (SELECT count(*) FROM task_edge WHERE after = :reader), 'taken'
          ON CONFLICT DO NOTHING
          """);

  private static final String REOPEN =
      """
      UPDATE task SET
        state = 'ready', ready_at = clock_timestamp(), failed_on = NULL, forgiven = 0,
        remade_in = (
          SELECT coalesce(numeric_class, '') FROM attempt
          WHERE attempt.task = task.id AND outcome = 'succeeded')
      WHERE id = ? AND state = 'succeeded'
      """;

  private static final String WAIT =
      """
      WITH successor AS MATERIALIZED (
        SELECT task.id FROM task JOIN task_edge ON after = task.id
        WHERE before = ? AND state IN ('blocked', 'ready') ORDER BY task.id FOR UPDATE OF task)
      UPDATE task SET state = 'blocked', waits_for = waits_for + 1
      FROM successor WHERE task.id = successor.id AND state IN ('blocked', 'ready')
      """;

  /** Stops the work for a store that keeps losing the same files. */
  private static final NamedSql WORN_OUT =
      NamedSql.of(
          """
          SELECT count(*) >= :most * (SELECT count(*) FROM task_edge WHERE after = :task) AS worn_out
          FROM attempt WHERE task = :task AND outcome = 'yielded' AND fault = 'storage'
          """);

  private static final String ACCEPTED =
      "SELECT artifact FROM product WHERE task = ? ORDER BY position";

  private Repairs() {}

  /**
   * The task that made a file.
   *
   * @param taken the task of another job that made it in its place; null if it made it itself
   * @param open whether the file is being remade
   * @param givenUp whether the farm has given up remaking the file
   */
  private record Producer(TaskId id, @Nullable TaskId taken, boolean open, boolean givenUp) {
    static Producer read(ResultSet row) throws SQLException {
      return new Producer(
          new TaskId(row.getLong("id")),
          Optional.ofNullable(row.getObject("taken", Long.class)).map(TaskId::new).orElse(null),
          row.getString("remade_in") != null,
          row.getInt("failures") >= Retries.TRIES || row.getInt("losses") >= Retries.LOSSES);
    }
  }

  /** Returns whether a file of a job is being remade, from now on or already. */
  static boolean remake(Session session, JobId job, ArtifactId file) throws SQLException {
    if (session.first(LOCK_JOB, row -> row, job.value()).isEmpty()) {
      return false;
    }
    Optional<Producer> found =
        session.first(MADE_IN_JOB, Producer::read, job.value(), file.sha256());
    return remake(session, maker(session, found, file));
  }

  /** Returns whether a file that a task reads is being remade, from now on or already. */
  static boolean remakeFor(Session session, TaskId reader, ArtifactId file) throws SQLException {
    long task = reader.value();
    boolean wornOut =
        session
            .first(
                WORN_OUT.bind("most", Retries.TRIES + 1).bind("task", task),
                row -> row.getBoolean("worn_out"))
            .orElseThrow();
    if (wornOut) {
      return false;
    }
    Optional<Producer> found = session.first(READ_BY, Producer::read, task, file.sha256());
    Optional<Producer> maker = maker(session, found, file);
    if (!remake(session, maker)) {
      return false;
    }
    if (!maker.equals(found)) {
      session.update(
          WAIT_FOR_TAKEN.bind("maker", maker.orElseThrow().id().value()).bind("reader", task));
    }
    return true;
  }

  /** Returns the task that made a file, which may be of another job; empty if that was deleted. */
  private static Optional<Producer> maker(
      Session session, Optional<Producer> found, ArtifactId file) throws SQLException {
    if (found.isEmpty() || found.get().taken() == null) {
      return found;
    }
    long maker = found.get().taken().value();
    session.first(LOCK_JOB_OF, row -> row, maker);
    return session.first(TAKEN_FROM, Producer::read, maker, file.sha256());
  }

  private static boolean remake(Session session, Optional<Producer> found) throws SQLException {
    if (found.isEmpty() || (!found.get().open() && found.get().givenUp())) {
      return false;
    }
    long maker = found.get().id().value();
    if (!found.get().open() && session.update(REOPEN, maker) == 1) {
      session.update(WAIT, maker);
    }
    return true;
  }

  /** Returns the files of the accepted result of a task, in order. */
  static List<ArtifactId> accepted(Session session, TaskId task) throws SQLException {
    return session.all(ACCEPTED, row -> new ArtifactId(row.getString("artifact")), task.value());
  }
}
