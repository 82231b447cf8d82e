package glimt.ledger;

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
import glimt.json.EnumWord;
import glimt.json.Json;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How attempts end, and jobs with them: the statements of one transaction. Whoever ends something
 * holds the locks of its job rows first and of its tasks then, each in the order of their ids.
 */
final class Endings {
  private static final String LOCK_JOBS =
      """
      SELECT id, last_seq FROM job
      WHERE id IN (SELECT job FROM task WHERE id = ANY(?))
      ORDER BY id FOR UPDATE
      """;

  private static final String HOLD =
      """
      SELECT task.id, task.attempt, job, work, failures, losses, worker,
             remade_in IS NOT NULL AS remakes, coalesce(strikes, 0) AS strikes,
             lease_until < clock_timestamp() AS silent,
             stepped < clock_timestamp() - make_interval(secs => ?) AS stalled
      FROM task
      JOIN unnest(?, ?) AS lease (task, attempt)
        ON task.id = lease.task AND task.attempt = lease.attempt
      LEFT JOIN worker ON worker.id = task.worker
      WHERE state = 'running'
      ORDER BY task.id FOR UPDATE OF task
      """;

  private static final String SUCCEED =
      """
      UPDATE task SET
        state = 'succeeded', step = steps, reached = steps, lease_until = NULL,
        failures = 0, losses = 0, remade_in = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      FROM unnest(?, ?) AS lease (task, attempt)
      WHERE task.id = lease.task AND task.attempt = lease.attempt AND state = 'running'
      """;

  /**
   * It waits again for what is being made again. One that ran out of memory with nothing beside it
   * goes to a worker that has more, if there is one.
   */
  private static final String GIVE_BACK =
      """
      WITH open AS (
        SELECT count(*)::integer AS predecessors
        FROM task_edge JOIN task ON task.id = before
        WHERE after = ? AND state <> 'succeeded')
      UPDATE task SET
        state = CASE WHEN predecessors = 0 THEN 'ready' ELSE 'blocked' END,
        waits_for = predecessors,
        ready_at = clock_timestamp() + make_interval(secs => ?),
        failures = ?, losses = coalesce(?, losses), failed_on = coalesce(?, failed_on),
        alone = alone OR ?,
        memory = greatest(memory, coalesce((
          SELECT tried.memory + 1 FROM worker AS tried
          WHERE tried.id = task.worker AND task.alone AND ? AND EXISTS (
            SELECT FROM worker AS larger
            WHERE larger.memory > tried.memory AND task.card = ANY(larger.cards)
              AND larger.drained IS NULL)), 0)),
        step = coalesce(checkpoint_step, 0), lease_until = NULL
      FROM open
      WHERE task.id = ? AND task.attempt = ? AND task.state = 'running'
      RETURNING task.state
      """;

  /** What it once made stays accepted, and its tries stay used up: nobody tries again. */
  private static final String GIVE_UP =
      """
      UPDATE task SET
        state = 'succeeded', step = steps, lease_until = NULL, remade_in = NULL,
        failures = ?, losses = ?,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      WHERE id = ? AND attempt = ? AND state = 'running'
      """;

  private static final String FAIL =
      """
      UPDATE task SET
        state = 'failed', failures = ?, losses = ?, failed_on = worker, lease_until = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      WHERE id = ? AND attempt = ? AND state = 'running'
      """;

  /** Of an attempt whose worker was not heard it is told what the beats and the clock say. */
  private static final String END_ATTEMPTS =
      """
      UPDATE attempt SET
        ended = clock_timestamp(), outcome = said.outcome, fault = said.fault, why = said.why,
        numeric_class = coalesce(said.numeric_class, attempt.numeric_class),
        resumed_from = coalesce(said.resumed_from, attempt.resumed_from),
        steps = coalesce(said.steps, CASE
          WHEN task.step > attempt.resumed_from THEN task.step - attempt.resumed_from
          WHEN attempt.resumed_from IS NOT NULL THEN 0 END),
        seconds = coalesce(said.seconds, CASE
          WHEN attempt.seconds IS NOT NULL
          THEN extract(epoch FROM clock_timestamp() - attempt.started) END),
        network_seconds = coalesce(said.network_seconds, attempt.network_seconds)
      FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) AS said
        (task, number, outcome, fault, why, numeric_class, resumed_from, steps, seconds,
         network_seconds)
      JOIN task ON task.id = said.task
      WHERE attempt.task = said.task AND attempt.number = said.number AND attempt.ended IS NULL
      """;

  /** Artifacts are sorted: two transactions that insert the same ones wait for each other. */
  private static final String KEEP =
      """
      WITH kept AS (
        INSERT INTO artifact (sha256, media_type, length, made)
        SELECT DISTINCT ON (sha256) sha256, media_type, length, clock_timestamp()
        FROM unnest(?, ?, ?) AS made (sha256, media_type, length)
        ORDER BY sha256
        ON CONFLICT (sha256) DO NOTHING)
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

  private static final String END_DONE =
      """
      UPDATE job SET ended = clock_timestamp(), ending = 'succeeded'
      WHERE id = ANY(?::uuid[]) AND ended IS NULL
        AND NOT EXISTS (
          SELECT FROM task
          WHERE task.job = job.id AND state <> 'succeeded' AND remade_in IS NULL)
      RETURNING id
      """;

  private static final String END_JOB =
      """
      UPDATE job SET ended = clock_timestamp(), ending = ?, fault = ?, why = ?
      WHERE id = ? AND ended IS NULL
      """;

  /**
   * The attempts are ended by a statement of their own: this one may have waited for a claim, and
   * would not see the attempt that claim has begun since. What was being made again had been
   * accepted, and is.
   */
  private static final String CANCEL_REST =
      """
      WITH rest AS MATERIALIZED (
        SELECT id FROM task WHERE job = ? AND state IN ('blocked', 'ready', 'running')
          AND EXISTS (SELECT FROM job WHERE id = task.job AND ended IS NULL)
        ORDER BY id FOR UPDATE)
      UPDATE task SET
        state = CASE WHEN remade_in IS NULL THEN 'cancelled' ELSE 'succeeded' END,
        waits_for = CASE WHEN remade_in IS NULL THEN waits_for ELSE 0 END,
        lease_until = NULL, remade_in = NULL,
        checkpoint_state = NULL, checkpoint_step = NULL, checkpoint_class = NULL,
        fallback_state = NULL, fallback_step = NULL, fallback_class = NULL
      FROM rest WHERE task.id = rest.id
      RETURNING task.id, attempt
      """;

  /**
   * A running attempt whose row, and whose job's, this transaction holds.
   *
   * @param remakes whether its task has a result already, of which a file is made again
   * @param strikes of its worker
   */
  record Held(
      Lease lease,
      JobId job,
      Work work,
      int failures,
      int losses,
      String worker,
      boolean remakes,
      int strikes,
      boolean silent,
      boolean stalled) {
    boolean late() {
      return silent || stalled;
    }
  }

  /**
   * How a task is given back.
   *
   * @param losses null to keep what is remembered, which a checkpoint may just have forgiven
   * @param failedOn the worker to be spared the next attempt, or null to keep what is remembered
   * @param alone whether nothing may run beside it on its device from now on
   * @param rest seconds until another attempt may begin
   */
  record Back(
      int failures,
      @Nullable Integer losses,
      @Nullable String failedOn,
      boolean alone,
      double rest) {
    static Back uncharged(Held held) {
      return new Back(held.failures(), null, null, false, 0);
    }

    static Back failed(Held held, Fault fault, double rest) {
      boolean alone = fault == Fault.OUT_OF_MEMORY;
      return new Back(held.failures() + 1, null, held.worker(), alone, rest);
    }

    static Back lost(Held held) {
      return new Back(held.failures(), held.losses() + 1, held.worker(), false, 0);
    }
  }

  /**
   * The last word on an attempt.
   *
   * @param effort null if its worker was not heard
   */
  record Word(
      Lease lease,
      String outcome,
      @Nullable Fault fault,
      @Nullable String why,
      @Nullable Effort effort) {}

  private final Session session;
  private final Map<JobId, Long> lastSeq;

  private Endings(Session session, Map<JobId, Long> lastSeq) {
    this.session = session;
    this.lastSeq = lastSeq;
  }

  /** Locks the jobs of some tasks. */
  static Endings lockJobsOf(Session session, Collection<TaskId> tasks) throws SQLException {
    Map<JobId, Long> lastSeq = new HashMap<>();
    session.all(
        LOCK_JOBS,
        row -> lastSeq.put(new JobId(row.getObject("id", UUID.class)), row.getLong("last_seq")),
        tasks.stream().mapToLong(TaskId::value).toArray());
    return new Endings(session, lastSeq);
  }

  /** For a caller that has locked the job it speaks of. */
  static Endings ofLocked(Session session) {
    return new Endings(session, new HashMap<>());
  }

  /** Locks those of the attempts that still run, in the order of their tasks. */
  List<Held> hold(Collection<Lease> leases, Tasks.Terms terms) throws SQLException {
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
                row.getBoolean("remakes"),
                row.getInt("strikes"),
                row.getBoolean("silent"),
                row.getBoolean("stalled")),
        Tasks.seconds(terms.stall()),
        ids(leases),
        attempts(leases));
  }

  private static long[] ids(Collection<Lease> leases) {
    return leases.stream().mapToLong(lease -> lease.task().value()).toArray();
  }

  private static int[] attempts(Collection<Lease> leases) {
    return leases.stream().mapToInt(Lease::attempt).toArray();
  }

  long lastSeq(JobId job) {
    return lastSeq.getOrDefault(job, 0L);
  }

  /** Returns the jobs in which a task became ready. A result that is there already is kept. */
  List<JobId> succeed(Map<Held, List<Product>> successes) throws SQLException {
    if (successes.isEmpty()) {
      return List.of();
    }
    List<Lease> leases = successes.keySet().stream().map(Held::lease).toList();
    session.update(SUCCEED, ids(leases), attempts(leases));
    Map<Held, List<Product>> results = new LinkedHashMap<>(successes);
    results.keySet().removeIf(Held::remakes);
    keep(results);
    Workers.praise(session, results.keySet());
    List<JobId> freed = free(leases);
    List<Events.Said> facts = new ArrayList<>();
    results.forEach(
        (held, products) -> {
          if (held.work() instanceof Work.Assemble(String level, _, _)) {
            facts.add(new Events.Said(held.job(), new JobEvent.LevelFinished(level, products)));
          }
        });
    String[] jobs =
        successes.keySet().stream()
            .map(held -> held.job().toString())
            .distinct()
            .toArray(String[]::new);
    for (JobId done :
        session.all(END_DONE, row -> new JobId(row.getObject("id", UUID.class)), (Object) jobs)) {
      facts.add(new Events.Said(done, new JobEvent.Ended(JobState.SUCCEEDED, null, null)));
    }
    lastSeq.putAll(Events.append(session, facts));
    return freed;
  }

  private List<JobId> free(Collection<Lease> done) throws SQLException {
    List<JobId> freed = new ArrayList<>();
    session.all(
        FREE,
        row ->
            row.getString("state").equals("ready")
                && freed.add(new JobId(row.getObject("job", UUID.class))),
        ids(done));
    return freed;
  }

  private void keep(Map<Held, List<Product>> successes) throws SQLException {
    List<Long> tasks = new ArrayList<>();
    List<Integer> positions = new ArrayList<>();
    List<Product> products = new ArrayList<>();
    successes.forEach(
        (held, made) -> {
          for (int i = 0; i < made.size(); i++) {
            tasks.add(held.lease().task().value());
            positions.add(i);
            products.add(made.get(i));
          }
        });
    if (products.isEmpty()) {
      return;
    }
    List<Artifact> artifacts = products.stream().map(Product::artifact).toList();
    String[] digests =
        artifacts.stream().map(artifact -> artifact.id().sha256()).toArray(String[]::new);
    session.update(
        KEEP,
        digests,
        artifacts.stream().map(Artifact::mediaType).toArray(String[]::new),
        artifacts.stream().mapToLong(Artifact::length).toArray(),
        tasks.toArray(Long[]::new),
        positions.toArray(Integer[]::new),
        products.stream().map(made -> EnumWord.of(made.role())).toArray(String[]::new),
        digests);
  }

  /**
   * Lets another attempt begin.
   *
   * @return whether it is ready: it is not if its job has ended in this transaction, or if one of
   *     its inputs is being made again
   */
  boolean giveBack(Held held, Back back) throws SQLException {
    return session
        .first(
            GIVE_BACK,
            row -> row.getString("state"),
            held.lease().task().value(),
            back.rest(),
            back.failures(),
            back.losses(),
            back.failedOn(),
            back.alone(),
            back.alone(),
            held.lease().task().value(),
            held.lease().attempt())
        .equals(Optional.of("ready"));
  }

  /**
   * Fails a task for good, and its job with it. A task that has a result is given up instead, and
   * what waits for its file finds out by itself.
   *
   * @return whether a task is ready now that was not
   */
  boolean fail(Held held, int failures, int losses, Fault fault, String why) throws SQLException {
    long task = held.lease().task().value();
    int attempt = held.lease().attempt();
    if (held.remakes()) {
      session.update(GIVE_UP, failures, losses, task, attempt);
      return !free(List.of(held.lease())).isEmpty();
    }
    session.update(FAIL, failures, losses, task, attempt);
    cutShort(held.job(), JobState.FAILED, fault, why);
    return false;
  }

  /** Writes what became of attempts, but for those that have ended. */
  void endAttempts(List<Word> words) throws SQLException {
    if (words.isEmpty()) {
      return;
    }
    List<Lease> leases = words.stream().map(Word::lease).toList();
    session.update(
        END_ATTEMPTS,
        ids(leases),
        attempts(leases),
        words.stream().map(Word::outcome).toArray(String[]::new),
        words.stream()
            .map(said -> said.fault() == null ? null : EnumWord.of(said.fault()))
            .toArray(String[]::new),
        words.stream().map(Word::why).toArray(String[]::new),
        efforts(words, Effort::numericClass).toArray(String[]::new),
        efforts(words, Effort::resumedFrom).toArray(Integer[]::new),
        efforts(words, Effort::steps).toArray(Integer[]::new),
        efforts(words, Effort::seconds).toArray(Double[]::new),
        efforts(words, Effort::networkSeconds).toArray(Double[]::new));
  }

  private static <T> Stream<@Nullable T> efforts(List<Word> words, Function<Effort, T> part) {
    return words.stream().map(said -> said.effort() == null ? null : part.apply(said.effort()));
  }

  /**
   * Ends a job before its tasks are done. The first ending to come is right; what the job has left
   * to do is cancelled.
   */
  void cutShort(JobId job, JobState ending, @Nullable Fault fault, @Nullable String why)
      throws SQLException {
    endAttempts(
        session.all(
            CANCEL_REST,
            row ->
                new Word(
                    new Lease(new TaskId(row.getLong("id")), row.getInt("attempt")),
                    "cancelled",
                    null,
                    null,
                    null),
            job.value()));
    // The clock is read after every claim that was waited for: nothing begins after the end.
    int written =
        session.update(
            END_JOB,
            EnumWord.of(ending),
            fault == null ? null : EnumWord.of(fault),
            why,
            job.value());
    if (written == 1) {
      JobEvent.Fact ended = new JobEvent.Ended(ending, fault, why);
      lastSeq.putAll(Events.append(session, List.of(new Events.Said(job, ended))));
    }
  }
}
