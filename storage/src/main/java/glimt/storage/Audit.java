package glimt.storage;

import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.TaskId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/**
 * Every promise of the ledger that its rows can show to be broken. What the tables' constraints
 * forbid is asked again: an audit trusts nobody.
 */
public final class Audit {
  /** Each tells of rows that must not be: the job, and what is wrong with it. */
  private static final Map<String, String> PROMISES = new LinkedHashMap<>();

  static {
    PROMISES.put(
        "one accepted result",
        """
        SELECT task.job, format('task %s is %s with %s accepted results', id, state, accepted)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS accepted FROM attempt
          WHERE attempt.task = task.id AND outcome = 'succeeded') AS results
        WHERE accepted > 1 OR (state = 'succeeded' AND accepted <> 1)
        """);
    PROMISES.put(
        "a result has a product",
        """
        SELECT job, format('task %s succeeded and made nothing', id)
        FROM task WHERE state = 'succeeded'
          AND NOT EXISTS (SELECT FROM product WHERE product.task = task.id)
        """);
    PROMISES.put(
        "attempts are numbered without a gap",
        """
        SELECT task.job, format('task %s is at attempt %s and has %s, the last %s',
                                id, attempt, attempts, last)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS attempts, coalesce(max(number), 0) AS last FROM attempt
          WHERE attempt.task = task.id) AS had
        WHERE attempts <> attempt OR last <> attempt
        """);
    PROMISES.put(
        "only the newest attempt runs",
        """
        SELECT task.job, format('attempt %s of task %s, which is %s at %s, has not ended',
                                number, id, state, task.attempt)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE ended IS NULL AND (state <> 'running' OR number <> task.attempt)
        """);
    PROMISES.put(
        "what runs has an attempt",
        """
        SELECT job, format('task %s runs, and its attempt %s has ended', id, task.attempt)
        FROM task JOIN attempt ON attempt.task = task.id AND number = task.attempt
        WHERE state = 'running' AND ended IS NOT NULL
        """);
    PROMISES.put(
        "an ended job has ended, but for what is made again",
        """
        SELECT job, format('%s job with task %s %s', ending, task.id, state)
        FROM task JOIN job ON job.id = task.job
        WHERE ended IS NOT NULL AND remade_in IS NULL AND (state IN ('blocked', 'ready', 'running')
          OR (ending = 'succeeded' AND state <> 'succeeded'))
        """);
    PROMISES.put(
        "a job whose tasks are done has ended",
        """
        SELECT id, 'every task succeeded and the job did not' FROM job
        WHERE ended IS NULL
          AND NOT EXISTS (SELECT FROM task WHERE task.job = job.id AND state <> 'succeeded')
        """);
    PROMISES.put(
        "nothing happens after the end, but what is made again",
        """
        SELECT job.id, format('attempt %s of task %s began or succeeded after the job was %s',
                              attempt.number, task.id, ending)
        FROM job JOIN task ON task.job = job.id JOIN attempt ON attempt.task = task.id
        WHERE (outcome = 'succeeded' AND attempt.ended > job.ended)
          OR (attempt.started > job.ended AND NOT EXISTS (
            SELECT FROM attempt AS accepted
            WHERE accepted.task = task.id AND accepted.number < attempt.number
              AND accepted.outcome = 'succeeded'))
        """);
    PROMISES.put(
        "events are numbered without a gap",
        """
        SELECT id, format('%s events, the last %s, and the job says %s', events, last, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS events, coalesce(max(seq), 0) AS last FROM event
          WHERE event.job = job.id) AS had
        WHERE events <> last_seq OR last <> last_seq
        """);
    PROMISES.put(
        "the ending is told once and last",
        """
        SELECT id, format('%s, with %s events of its end, at %s of %s',
                          coalesce(ending, 'not ended'), told, at, last_seq)
        FROM job CROSS JOIN LATERAL (
          SELECT count(*) AS told, max(seq) AS at, max(fact ->> 'state') AS said FROM event
          WHERE event.job = job.id AND fact ->> 'type' = 'ended') AS events
        WHERE CASE WHEN ending IS NULL THEN told > 0
                   ELSE told <> 1 OR at <> last_seq OR said <> ending END
        """);
    PROMISES.put(
        "no task begins before its inputs",
        """
        SELECT task.job, format('attempt %s of task %s began before task %s had its result',
                                attempt.number, task.id, before)
        FROM task_edge
        JOIN task ON task.id = task_edge.after
        JOIN attempt ON attempt.task = task.id
        LEFT JOIN attempt AS input ON input.task = before AND input.outcome = 'succeeded'
        WHERE input.ended IS NULL OR input.ended > attempt.started
        """);
    PROMISES.put(
        "what waits waits for something",
        """
        SELECT job, format('task %s is %s, waits for %s and has %s inputs to come',
                           id, state, waits_for, missing)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS missing FROM task_edge JOIN task AS input ON input.id = before
          WHERE task_edge.after = task.id AND input.state <> 'succeeded') AS inputs
        WHERE state IN ('blocked', 'ready', 'running') AND waits_for <> missing
        """);
    PROMISES.put(
        "charged tries are few",
        """
        SELECT task.job, format('task %s failed %s times', id, failed)
        FROM task CROSS JOIN LATERAL (
          SELECT count(*) AS failed FROM attempt
          WHERE attempt.task = task.id AND outcome = 'failed' AND fault <> 'lost') AS tries
        WHERE failed > %d
        """
            .replace("%d", "" + Tasks.TRIES));
    PROMISES.put(
        "a resumed attempt had somebody to resume from",
        """
        SELECT task.job, format('attempt %s of task %s resumed from %s', number, id, resumed_from)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND (number = 1 OR resumed_from > task.steps)
        """);
    PROMISES.put(
        "no task mixes numeric classes",
        """
        SELECT task.job, format('attempt %s of task %s went on from step %s in %s, as none before',
                                number, id, resumed_from, numeric_class)
        FROM attempt JOIN task ON task.id = attempt.task
        WHERE resumed_from > 0 AND NOT EXISTS (
          SELECT FROM attempt AS before
          WHERE before.task = attempt.task AND before.number < attempt.number
            AND before.numeric_class = attempt.numeric_class)
        """);
  }

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

  /** How long a step took is told by the attempt that came to the end. */
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
   * A promise that was broken.
   *
   * @param job by whose rows it shows
   */
  public record Breach(String promise, JobId job, String what) {}

  /**
   * An attempt that was begun.
   *
   * @param ordinal of its task in its job's plan
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

  /** Every breach in the whole ledger, on one snapshot. */
  public List<Breach> breaches() {
    return database.read(
        "audit",
        session -> {
          List<Breach> all = new ArrayList<>();
          for (Map.Entry<String, String> promise : PROMISES.entrySet()) {
            all.addAll(
                session.all(
                    promise.getValue(),
                    row -> new Breach(promise.getKey(), job(row), row.getString(2))));
          }
          return all;
        });
  }

  /** Every artifact that a row speaks of: results, and checkpoints that may be resumed from. */
  public Set<ArtifactId> named() {
    return new LinkedHashSet<>(list("list the artifacts", NAMED, Audit::artifact));
  }

  /** What a job's tasks made: a line {@code ordinal/position digest} each. */
  public List<String> made(JobId job) {
    return list(
        "list what was made",
        MADE,
        row ->
            "%d/%d %s"
                .formatted(
                    row.getInt("ordinal"), row.getInt("position"), row.getString("artifact")),
        job.value());
  }

  public Set<JobId> jobs() {
    return new LinkedHashSet<>(list("list the jobs", JOBS, Audit::job));
  }

  /** The jobs that have not ended. */
  public Set<JobId> open() {
    return new LinkedHashSet<>(list("list the open jobs", OPEN, Audit::job));
  }

  /** Every attempt at a job's tasks, in their order. */
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

  /** What was lost of a job's tasks, but for those that nobody finished. */
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

  /** The checkpoints that a job's tasks would be resumed from now. */
  public List<ArtifactId> checkpoints(JobId job) {
    return list("list the checkpoints", CHECKPOINTS, Audit::artifact, job.value());
  }

  private <T> List<T> list(String what, String sql, Session.Row<T> row, Object... arguments) {
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
