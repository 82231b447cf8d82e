package glimt.storage;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.job.WorkerId;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;

/**
 * The task ledger. A claim hands out a {@link Lease}; its attempt number fences every later word on
 * that task, so a worker that lost its lease changes no row and is told so. Time is the database's.
 */
public final class Tasks {
  /** A task that fails this often is not tried again. */
  public static final int TRIES = 3;

  /** A task that loses this many workers without a new checkpoint is to blame for it. */
  public static final int LOSSES = 3;

  private static final int WHY_LIMIT = 1000;

  /**
   * MATERIALIZED, or the planner may run the subquery more than once and claim more than its limit.
   * A worker that failed at a task leaves it to the others for a while.
   */
  private static final String CLAIM =
      """
      WITH next AS MATERIALIZED (
        SELECT id FROM task
        WHERE state = 'ready' AND card = ANY(?) AND ready_at <= now()
          AND (failed_on IS DISTINCT FROM ? OR ready_at <= now() - make_interval(secs => ?))
        ORDER BY job_number, ordinal
        LIMIT ?
        FOR UPDATE SKIP LOCKED),
      claimed AS (
        UPDATE task SET
          state = 'running', attempt = attempt + 1, worker = ?, step = coalesce(checkpoint_step, 0),
          lease_until = now() + make_interval(secs => ?)
        FROM next WHERE task.id = next.id
        RETURNING task.*),
      begun AS (
        INSERT INTO attempt (task, number, worker, started)
        SELECT id, attempt, worker, clock_timestamp() FROM claimed)
      SELECT claimed.*, job.spec, job.started IS NULL AS first, ARRAY(
        SELECT product.artifact
        FROM task_edge JOIN product ON product.task = task_edge.before
        WHERE task_edge.after = claimed.id AND product.role = 'sample'
        ORDER BY task_edge.position, product.position) AS inputs
      FROM claimed JOIN job ON job.id = claimed.job
      ORDER BY job_number, ordinal
      """;

  /**
   * Tells of each job's first claim. The one statement that locks jobs under locks of tasks: a
   * cancel at the same instant may be found in a deadlock with it, and either is tried again.
   */
  private static final String START =
      """
      WITH first AS MATERIALIZED (
        SELECT id FROM job WHERE id = ANY(?::uuid[]) AND started IS NULL ORDER BY id FOR UPDATE),
      started AS (
        UPDATE job SET started = clock_timestamp(), last_seq = last_seq + 1
        FROM first WHERE job.id = first.id
        RETURNING job.id, last_seq)
      INSERT INTO event (job, seq, at, fact)
      SELECT id, last_seq, clock_timestamp(), ?::jsonb FROM started
      """;

  private static final String RENEW =
      """
      WITH ours AS MATERIALIZED (
        SELECT task.id, beat.step
        FROM task
        JOIN unnest(?, ?, ?) AS beat (task, attempt, step)
          ON task.id = beat.task AND task.attempt = beat.attempt
        WHERE state = 'running'
        ORDER BY task.id FOR UPDATE OF task)
      UPDATE task SET
        lease_until = clock_timestamp() + make_interval(secs => ?),
        step = greatest(task.step, least(steps, ours.step)),
        reached = greatest(reached, least(steps, ours.step))
      FROM ours WHERE task.id = ours.id
      RETURNING task.id, attempt
      """;

  /**
   * Only one that reaches further: words may overtake each other, and a task whose losses are
   * forgiven only by further checkpoints cannot be tried for ever.
   */
  private static final String CHECKPOINT =
      """
      UPDATE task SET
        losses = 0, checkpoint_state = ?, checkpoint_step = ?, checkpoint_class = ?,
        step = greatest(step, ?), reached = greatest(reached, ?)
      WHERE id = ? AND attempt = ? AND state = 'running' AND ? > coalesce(checkpoint_step, 0)
      """;

  private static final String HOLDS =
      "SELECT id, attempt FROM task WHERE id = ? AND attempt = ? AND state = 'running'";

  private static final String PULSE =
      """
      WITH before AS MATERIALIZED (SELECT at FROM pulse FOR UPDATE)
      UPDATE pulse SET at = clock_timestamp() FROM before
      RETURNING extract(epoch FROM pulse.at - before.at)::double precision AS gap
      """;

  /** Never past a whole lease from now, which is all that a lease renewed since then deserves. */
  private static final String FORGIVE =
      """
      WITH running AS MATERIALIZED (
        SELECT id FROM task WHERE state = 'running' ORDER BY id FOR UPDATE)
      UPDATE task SET
        lease_until = greatest(lease_until, least(
          lease_until + make_interval(secs => ?), clock_timestamp() + make_interval(secs => ?)))
      FROM running WHERE task.id = running.id AND state = 'running'
      """;

  private static final String LATE =
      """
      SELECT id, attempt FROM task WHERE state = 'running' AND lease_until < clock_timestamp()
      """;

  private static final String HELD_BY =
      "SELECT id, attempt FROM task WHERE state = 'running' AND worker = ?";

  /**
   * How long things take.
   *
   * @param lease how long a worker may be silent
   * @param sweep from one {@link #expire} to the next
   * @param backOff how long a task rests after its first failure; twice that after the second
   */
  public record Terms(Duration lease, Duration sweep, Duration backOff) {
    public static final Terms USUAL =
        new Terms(Duration.ofSeconds(10), Duration.ofSeconds(2), Duration.ofSeconds(1));

    public Terms {
      if (lease.compareTo(sweep) <= 0 || !sweep.isPositive() || backOff.isNegative()) {
        throw new IllegalArgumentException("a lease must outlast a sweep, and no time be negative");
      }
    }
  }

  /** A worker's last word on an attempt. */
  public record Ended(Lease lease, Outcome outcome, Effort effort) {}

  /**
   * What became of an attempt's end.
   *
   * @param seq the number of its job's newest event
   * @param freed whether there is a ready task now that was not before
   */
  public record Ending(Lease lease, JobId job, long seq, boolean freed) {}

  private final Database database;
  private final Terms terms;

  public Tasks(Database database, Terms terms) {
    this.database = database;
    this.terms = terms;
  }

  /**
   * Hands out ready tasks, those of the oldest job first and within it in the order of its plan.
   *
   * @param bundles the card's digest of each bundle that the worker has, by name; only tasks that
   *     were planned with one of them are handed out
   * @param most how many at most
   */
  public List<Task> claim(WorkerId worker, Map<String, ArtifactId> bundles, int most) {
    String[] cards = bundles.values().stream().map(ArtifactId::sha256).toArray(String[]::new);
    return database.transact(
        "claim for worker " + worker,
        session -> {
          List<Claimed> claimed =
              session.all(
                  CLAIM,
                  Tasks::claimed,
                  cards,
                  worker.value(),
                  seconds(terms.sweep()),
                  most,
                  worker.value(),
                  seconds(terms.lease()));
          start(session, claimed);
          return claimed.stream().map(Claimed::task).toList();
        });
  }

  /**
   * Keeps attempts alive.
   *
   * @param steps how many steps each has done
   * @return those that still hold their lease; the others must stop
   */
  public Set<Lease> renew(Map<Lease, Integer> steps) {
    List<Map.Entry<Lease, Integer>> beats = List.copyOf(steps.entrySet());
    return Set.copyOf(
        database.transact(
            "renew leases",
            session ->
                session.all(
                    RENEW,
                    Tasks::lease,
                    beats.stream().mapToLong(beat -> beat.getKey().task().value()).toArray(),
                    beats.stream().mapToInt(beat -> beat.getKey().attempt()).toArray(),
                    beats.stream().mapToInt(Map.Entry::getValue).toArray(),
                    seconds(terms.lease()))));
  }

  /**
   * Remembers from where another attempt may go on. The artifact must be durable already.
   *
   * @return whether the lease still holds
   */
  public boolean checkpoint(Lease lease, Checkpoint checkpoint) {
    long task = lease.task().value();
    return database.transact(
        "checkpoint task " + task,
        session ->
            keep(session, lease, checkpoint)
                || session.first(HOLDS, Tasks::lease, task, lease.attempt()).isPresent());
  }

  /** Returns nothing if the lease was no longer held; ending twice is harmless. */
  public Optional<Ending> end(Lease lease, Outcome outcome, Effort effort) {
    return end(List.of(new Ended(lease, outcome, effort))).stream().findFirst();
  }

  /**
   * Writes how attempts ended, and all that follows from it, in one transaction.
   *
   * @return what became of those whose lease still held; the others changed nothing
   */
  public List<Ending> end(List<Ended> batch) {
    Map<Lease, Ended> words = new LinkedHashMap<>();
    batch.forEach(ended -> words.putIfAbsent(ended.lease(), ended));
    return database.transact(
        "end attempts",
        session -> {
          Endings endings =
              Endings.lockJobsOf(session, words.keySet().stream().map(Lease::task).toList());
          List<Endings.Held> ours = endings.hold(words.keySet());
          List<Endings.Word> said = new ArrayList<>();
          Set<Lease> freed = new HashSet<>();
          Map<Endings.Held, List<Product>> successes = new LinkedHashMap<>();
          for (Endings.Held held : ours) {
            Ended word = Objects.requireNonNull(words.get(held.lease()));
            said.add(word(word));
            if (word.outcome() instanceof Outcome.Succeeded(var products)) {
              successes.put(held, products);
            }
          }
          endings.endAttempts(said);
          Collection<JobId> jobs = endings.succeed(successes);
          for (Endings.Held held : ours) {
            Ended word = Objects.requireNonNull(words.get(held.lease()));
            boolean ready =
                successes.containsKey(held)
                    ? jobs.contains(held.job())
                    : unfinished(session, endings, held, word.outcome());
            if (ready) {
              freed.add(held.lease());
            }
          }
          return ours.stream()
              .map(
                  held ->
                      new Ending(
                          held.lease(),
                          held.job(),
                          endings.lastSeq(held.job()),
                          freed.contains(held.lease())))
              .toList();
        });
  }

  /**
   * The sweep: takes tasks back from workers that have been silent for longer than a lease, unless
   * it was the database that was away.
   *
   * @return the jobs they are of
   */
  public Set<JobId> expire() {
    return database.transact(
        "expire leases",
        session -> {
          double gap = session.first(PULSE, row -> row.getDouble("gap")).orElse(0.0);
          if (gap > 2 * seconds(terms.sweep())) {
            session.update(FORGIVE, gap, seconds(terms.lease()));
          }
          List<Lease> late = session.all(LATE, Tasks::lease);
          // Some may have been renewed since they were read and before they were locked.
          return lose(session, late, Endings.Held::late);
        });
  }

  /**
   * Takes back at once what a worker holds, because its process is known to have ended.
   *
   * @return the jobs it worked for
   */
  public Set<JobId> lose(WorkerId worker) {
    return database.transact(
        "take back from worker " + worker,
        session -> lose(session, session.all(HELD_BY, Tasks::lease, worker.value()), _ -> true));
  }

  /**
   * @param first whether its job had not started
   */
  private record Claimed(Task task, boolean first) {}

  private static Claimed claimed(ResultSet row) throws SQLException {
    String state = row.getString("checkpoint_state");
    Task task =
        new Task(
            lease(row),
            new JobId(row.getObject("job", UUID.class)),
            Json.read(row.getString("spec"), JobSpec.class),
            new ArtifactId(row.getString("card")),
            row.getInt("ordinal"),
            Json.read(row.getString("work"), Work.class),
            Arrays.stream((String[]) row.getArray("inputs").getArray())
                .map(ArtifactId::new)
                .toList(),
            state == null
                ? Optional.empty()
                : Optional.of(
                    new Checkpoint(
                        new ArtifactId(state),
                        row.getInt("checkpoint_step"),
                        row.getString("checkpoint_class"))));
    return new Claimed(task, row.getBoolean("first"));
  }

  private static Lease lease(ResultSet row) throws SQLException {
    return new Lease(new TaskId(row.getLong("id")), row.getInt("attempt"));
  }

  private static void start(Session session, List<Claimed> claimed) throws SQLException {
    String[] first =
        claimed.stream()
            .filter(Claimed::first)
            .map(one -> one.task().job().toString())
            .distinct()
            .toArray(String[]::new);
    if (first.length > 0) {
      session.update(START, first, Events.fact(new JobEvent.Started()));
    }
  }

  /** Returns whether it reaches further than the one there was. */
  private static boolean keep(Session session, Lease lease, Checkpoint checkpoint)
      throws SQLException {
    int step = checkpoint.step();
    return session.update(
            CHECKPOINT,
            checkpoint.state().sha256(),
            step,
            checkpoint.numericClass(),
            step,
            step,
            lease.task().value(),
            lease.attempt(),
            step)
        == 1;
  }

  private static Endings.Word word(Ended ended) {
    Lease lease = ended.lease();
    Effort effort = ended.effort();
    return switch (ended.outcome()) {
      case Outcome.Succeeded _ -> new Endings.Word(lease, "succeeded", null, null, effort);
      case Outcome.Yielded _ -> new Endings.Word(lease, "yielded", null, null, effort);
      case Outcome.Failed(Fault fault, String why) ->
          new Endings.Word(lease, "failed", fault, clean(why), effort);
    };
  }

  /** Returns whether the task is ready again. */
  private boolean unfinished(Session session, Endings endings, Endings.Held held, Outcome outcome)
      throws SQLException {
    return switch (outcome) {
      case Outcome.Succeeded _ -> false;
      case Outcome.Yielded(var checkpoint) -> {
        boolean further = checkpoint.isPresent() && keep(session, held.lease(), checkpoint.get());
        // The losses that a further checkpoint has just forgiven stay forgiven.
        yield endings.giveBack(held, held.failures(), further ? 0 : held.losses(), null, 0);
      }
      case Outcome.Failed(Fault fault, _) when fault == Fault.LOST -> lost(endings, held);
      case Outcome.Failed(Fault fault, String why) -> {
        int failures = held.failures() + 1;
        if (!fault.retryable() || failures >= TRIES) {
          endings.fail(held, failures, held.losses(), fault, clean(why));
          yield false;
        }
        double rest =
            seconds(terms.backOff())
                * (1 << (failures - 1))
                * ThreadLocalRandom.current().nextDouble(0.75, 1.25);
        yield endings.giveBack(held, failures, held.losses(), held.worker(), rest);
      }
    };
  }

  private static Set<JobId> lose(Session session, List<Lease> leases, Predicate<Endings.Held> still)
      throws SQLException {
    Set<JobId> jobs = new LinkedHashSet<>();
    if (leases.isEmpty()) {
      return jobs;
    }
    Endings endings = Endings.lockJobsOf(session, leases.stream().map(Lease::task).toList());
    List<Endings.Held> lost = endings.hold(leases).stream().filter(still).toList();
    endings.endAttempts(
        lost.stream()
            .map(held -> new Endings.Word(held.lease(), "lost", Fault.LOST, null, null))
            .toList());
    for (Endings.Held held : lost) {
      lost(endings, held);
      jobs.add(held.job());
    }
    return jobs;
  }

  /** Returns whether the task is ready again. */
  private static boolean lost(Endings endings, Endings.Held held) throws SQLException {
    int losses = held.losses() + 1;
    if (losses >= LOSSES) {
      endings.fail(
          held,
          held.failures(),
          losses,
          Fault.POISON,
          "%d workers were lost at the same point of it".formatted(losses));
      return false;
    }
    return endings.giveBack(held, held.failures(), losses, held.worker(), 0);
  }

  /** PostgreSQL's text holds no NUL, and nobody reads a reason of many pages. */
  private static String clean(String why) {
    String text = why.replace('\0', ' ');
    return text.substring(0, Math.min(WHY_LIMIT, text.length()));
  }

  private static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
