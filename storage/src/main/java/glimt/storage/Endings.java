package glimt.storage;

import glimt.job.Artifact;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.Lease;
import glimt.job.Product;
import glimt.job.TaskId;
import glimt.job.Work;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How attempts end, and jobs with them: the statements of one transaction. Whoever ends something
 * holds the locks of its job rows first and of its tasks then, each in the order of their ids.
 */
final class Endings {
  private static final String LOCK_JOBS =
      """
      SELECT id, last_seq FROM job
      WHERE ended IS NULL AND id IN (SELECT job FROM task WHERE id = ANY(?))
      ORDER BY id FOR UPDATE
      """;

  private static final String HOLD =
      """
      SELECT task.id, task.attempt, job, work, failures, losses, worker,
             lease_until < clock_timestamp() AS late
      FROM task
      JOIN unnest(?, ?) AS lease (task, attempt)
        ON task.id = lease.task AND task.attempt = lease.attempt
      WHERE state = 'running'
      ORDER BY task.id FOR UPDATE OF task
      """;

  private static final String SUCCEED =
      """
      UPDATE task SET
        state = 'succeeded', step = steps, reached = steps, lease_until = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL
      WHERE id = ? AND attempt = ? AND state = 'running'
      """;

  private static final String GIVE_BACK =
      """
      UPDATE task SET
        state = 'ready', ready_at = clock_timestamp() + make_interval(secs => ?),
        failures = ?, losses = ?, failed_on = coalesce(?, failed_on),
        step = coalesce(checkpoint_step, 0), lease_until = NULL
      WHERE id = ? AND attempt = ? AND state = 'running'
      """;

  private static final String FAIL =
      """
      UPDATE task SET
        state = 'failed', failures = ?, losses = ?, failed_on = worker, lease_until = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL
      WHERE id = ? AND attempt = ? AND state = 'running'
      """;

  private static final String END_ATTEMPT =
      """
      UPDATE attempt SET
        ended = clock_timestamp(), outcome = ?, fault = ?, why = ?,
        numeric_class = ?, resumed_from = ?, steps = ?, seconds = ?, network_seconds = ?
      WHERE task = ? AND number = ? AND ended IS NULL
      """;

  /** Sorted, since two transactions that insert the same digests wait for each other. */
  private static final String KEEP_ARTIFACTS =
      """
      INSERT INTO artifact (sha256, media_type, length, made)
      SELECT sha256, media_type, length, clock_timestamp()
      FROM unnest(?, ?, ?) AS made (sha256, media_type, length)
      ORDER BY sha256
      ON CONFLICT (sha256) DO NOTHING
      """;

  private static final String KEEP_PRODUCTS =
      """
      INSERT INTO product (task, position, role, artifact)
      SELECT * FROM unnest(?, ?, ?, ?)
      """;

  /**
   * Grouped first: UPDATE … FROM touches each row once, however many edges lead to it, so two
   * predecessors in one batch would count as one.
   */
  private static final String FREE =
      """
      WITH freed AS (
        SELECT after AS id, count(*)::integer AS predecessors
        FROM task_edge WHERE before = ANY(?) GROUP BY after),
      locked AS MATERIALIZED (
        SELECT task.id, predecessors FROM task JOIN freed ON freed.id = task.id
        WHERE state = 'blocked' ORDER BY task.id FOR UPDATE OF task)
      UPDATE task SET
        waits_for = waits_for - predecessors,
        state = CASE WHEN waits_for = predecessors THEN 'ready' ELSE 'blocked' END,
        ready_at = clock_timestamp()
      FROM locked WHERE task.id = locked.id AND state = 'blocked'
      RETURNING task.job, state
      """;

  private static final String DONE =
      """
      SELECT id FROM unnest(?::uuid[]) AS finished (id)
      WHERE NOT EXISTS (SELECT FROM task WHERE job = finished.id AND state <> 'succeeded')
      ORDER BY id
      """;

  private static final String END_JOB =
      """
      UPDATE job SET ended = clock_timestamp(), ending = ?, fault = ?, why = ?
      WHERE id = ? AND ended IS NULL
      """;

  private static final String CANCEL_REST =
      """
      WITH rest AS MATERIALIZED (
        SELECT id FROM task WHERE job = ? AND state IN ('blocked', 'ready', 'running')
        ORDER BY id FOR UPDATE),
      cancelled AS (
        UPDATE task SET
          state = 'cancelled', lease_until = NULL,
          checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL
        FROM rest WHERE task.id = rest.id
        RETURNING task.id, attempt)
      UPDATE attempt SET ended = clock_timestamp(), outcome = 'cancelled'
      FROM cancelled
      WHERE attempt.task = cancelled.id AND attempt.number = cancelled.attempt
        AND attempt.ended IS NULL
      """;

  /** A running attempt whose row, and whose job's, this transaction holds. */
  record Held(
      Lease lease, JobId job, Work work, int failures, int losses, String worker, boolean late) {}

  private final Session session;
  private final Map<JobId, Long> lastSeq;

  private Endings(Session session, Map<JobId, Long> lastSeq) {
    this.session = session;
    this.lastSeq = lastSeq;
  }

  /** Locks the jobs of some tasks, but for those that have ended. */
  static Endings lockJobsOf(Session session, Collection<TaskId> tasks) throws SQLException {
    Map<JobId, Long> lastSeq = new HashMap<>();
    session.all(
        LOCK_JOBS,
        row -> lastSeq.put(new JobId(row.getObject("id", UUID.class)), row.getLong("last_seq")),
        tasks.stream().mapToLong(TaskId::value).toArray());
    return new Endings(session, lastSeq);
  }

  /** Speaks of one job, whose row the caller has locked. */
  static Endings ofLocked(Session session, JobId job, long lastSeq) {
    return new Endings(session, new HashMap<>(Map.of(job, lastSeq)));
  }

  /** Locks those of the attempts that still run, in the order of their tasks. */
  List<Held> hold(Collection<Lease> leases) throws SQLException {
    return session.all(
        HOLD,
        row ->
            new Held(
                new Lease(new TaskId(row.getLong("id")), row.getInt("attempt")),
                new JobId(row.getObject("job", UUID.class)),
                Json.read(row.getString("work"), Work.class),
                row.getInt("failures"),
                row.getInt("losses"),
                row.getString("worker"),
                row.getBoolean("late")),
        leases.stream().mapToLong(lease -> lease.task().value()).toArray(),
        leases.stream().mapToInt(Lease::attempt).toArray());
  }

  long lastSeq(JobId job) {
    return lastSeq.getOrDefault(job, 0L);
  }

  void append(JobId job, JobEvent.Fact fact) throws SQLException {
    lastSeq.put(job, Events.append(session, job, fact));
  }

  /** Returns the jobs in which a task became ready. */
  List<JobId> succeed(Map<Held, List<Product>> successes) throws SQLException {
    for (Held held : successes.keySet()) {
      session.update(SUCCEED, held.lease().task().value(), held.lease().attempt());
    }
    keep(successes);
    List<JobId> freed = new ArrayList<>();
    session.all(
        FREE,
        row ->
            row.getString("state").equals("ready")
                && freed.add(new JobId(row.getObject("job", UUID.class))),
        successes.keySet().stream().mapToLong(held -> held.lease().task().value()).toArray());
    for (Map.Entry<Held, List<Product>> success : successes.entrySet()) {
      if (success.getKey().work() instanceof Work.Assemble(String level, _)) {
        append(success.getKey().job(), new JobEvent.LevelFinished(level, success.getValue()));
      }
    }
    String[] jobs =
        successes.keySet().stream()
            .map(held -> held.job().toString())
            .distinct()
            .toArray(String[]::new);
    for (JobId done :
        session.all(DONE, row -> new JobId(row.getObject("id", UUID.class)), (Object) jobs)) {
      endJob(done, JobState.SUCCEEDED, null, null);
    }
    return freed;
  }

  private void keep(Map<Held, List<Product>> successes) throws SQLException {
    Map<String, Artifact> artifacts = new TreeMap<>();
    List<Long> tasks = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<Product> products = new ArrayList<>();
    successes.forEach(
        (held, made) -> {
          for (int i = 0; i < made.size(); i++) {
            artifacts.put(made.get(i).artifact().id().sha256(), made.get(i).artifact());
            tasks.add(held.lease().task().value());
            positions.add(i);
            products.add(made.get(i));
          }
        });
    session.update(
        KEEP_ARTIFACTS,
        artifacts.keySet().toArray(String[]::new),
        artifacts.values().stream().map(Artifact::mediaType).toArray(String[]::new),
        artifacts.values().stream().mapToLong(Artifact::length).toArray());
    session.update(
        KEEP_PRODUCTS,
        tasks.toArray(Long[]::new),
        positions.toArray(Integer[]::new),
        products.stream().map(made -> word(made.role())).toArray(String[]::new),
        products.stream().map(made -> made.artifact().id().sha256()).toArray(String[]::new));
  }

  /**
   * Lets another attempt begin, after a while.
   *
   * @param failedOn the worker to be spared the next one, or null to keep what is remembered
   * @return whether it is ready: it is not if its job has ended in this transaction
   */
  boolean giveBack(Held held, int failures, int losses, @Nullable String failedOn, double seconds)
      throws SQLException {
    return session.update(
            GIVE_BACK,
            seconds,
            failures,
            losses,
            failedOn,
            held.lease().task().value(),
            held.lease().attempt())
        == 1;
  }

  /** Fails a task for good, and its job with it. */
  void fail(Held held, int failures, int losses, Fault fault, String why) throws SQLException {
    session.update(FAIL, failures, losses, held.lease().task().value(), held.lease().attempt());
    endJob(held.job(), JobState.FAILED, fault, why);
  }

  void endAttempt(
      Lease lease,
      String outcome,
      @Nullable Fault fault,
      @Nullable String why,
      @Nullable Effort effort)
      throws SQLException {
    session.update(
        END_ATTEMPT,
        outcome,
        fault == null ? null : word(fault),
        why,
        effort == null ? null : effort.numericClass(),
        effort == null ? null : effort.resumedFrom(),
        effort == null ? null : effort.steps(),
        effort == null ? null : effort.seconds(),
        effort == null ? null : effort.networkSeconds(),
        lease.task().value(),
        lease.attempt());
  }

  /** Writes a job's ending, once: the first to come is right, and the rest is cancelled. */
  void endJob(JobId job, JobState ending, @Nullable Fault fault, @Nullable String why)
      throws SQLException {
    int written =
        session.update(END_JOB, word(ending), fault == null ? null : word(fault), why, job.value());
    if (written == 1) {
      session.update(CANCEL_REST, job.value());
      append(job, new JobEvent.Ended(ending, fault, why));
    }
  }

  /** As SQL and JSON spell it. */
  static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  static <T extends Enum<T>> T value(Class<T> type, String word) {
    return Enum.valueOf(type, word.toUpperCase(Locale.ROOT));
  }
}
