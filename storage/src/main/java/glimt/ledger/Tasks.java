package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Task;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

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
   * How long things take.
   *
   * @param lease how long a worker may be silent
   * @param sweep from one {@link #expire} to the next
   * @param backOff how long a task rests after its first failure; twice that after the second
   * @param stall how long one step may take before its attempt is taken to hang
   */
  public record Terms(Duration lease, Duration sweep, Duration backOff, Duration stall) {
    public static final Terms USUAL =
        new Terms(
            Duration.ofSeconds(10),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofMinutes(2));

    /** A step may take as long as twelve leases. */
    public Terms(Duration lease, Duration sweep, Duration backOff) {
      this(lease, sweep, backOff, lease.multipliedBy(12));
    }

    public Terms {
      if (stall.compareTo(lease) <= 0) {
        throw new IllegalArgumentException("a step may take longer than a lease");
      }
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
   * @param machine where the worker runs; a device is told apart by it
   * @param most how many at most
   */
  public List<Task> claim(WorkerCard worker, String machine, int most) {
    return database.transact(
        "claim for worker " + worker.id(),
        session -> {
          Workers.see(session, worker, machine, seconds(terms.sweep()));
          return Claims.claim(session, worker, machine, most, seconds(terms.lease()));
        });
  }

  /**
   * Keeps attempts alive.
   *
   * @param steps how many steps each has done
   * @return those that still hold their lease; the others must stop
   */
  public Set<Lease> renew(Map<Lease, Integer> steps) {
    return Set.copyOf(
        database.transact(
            "renew leases",
            session -> {
              List<Lease> held = Leases.renew(session, steps, seconds(terms.lease()));
              StaleMessages.count(session, "beat", steps.size() - held.size());
              return held;
            }));
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
        session -> {
          boolean taken = Leases.keep(session, lease, checkpoint);
          boolean held = taken || Leases.holds(session, lease);
          StaleMessages.count(session, "checkpoint", taken ? 0 : 1);
          return held;
        });
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
          List<Endings.Held> ours = endings.hold(words.keySet(), terms);
          List<Endings.Word> said = new ArrayList<>();
          Set<Lease> freed = new HashSet<>();
          Map<Endings.Held, List<Product>> successes = new LinkedHashMap<>();
          Map<Lease, Outcome> outcomes = new HashMap<>();
          for (Endings.Held held : ours) {
            Ended word = Objects.requireNonNull(words.get(held.lease()));
            Outcome outcome = held.remakes() ? compared(session, word) : word.outcome();
            outcomes.put(held.lease(), outcome);
            said.add(word(held, outcome, word.effort()));
            if (outcome instanceof Outcome.Succeeded(var products)) {
              successes.put(held, products);
            }
          }
          endings.endAttempts(said);
          Collection<JobId> jobs = endings.succeed(successes);
          for (Endings.Held held : ours) {
            Outcome outcome = Objects.requireNonNull(outcomes.get(held.lease()));
            boolean ready =
                successes.containsKey(held)
                    ? jobs.contains(held.job())
                    : unfinished(session, endings, held, outcome);
            if (ready) {
              freed.add(held.lease());
            }
          }
          StaleMessages.count(session, "end", batch.size() - ours.size());
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
          Workers.forgetSilent(session);
          // Some may have been renewed since they were read and before they were locked.
          return lose(session, Leases.late(session, terms), Endings.Held::late);
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
        session -> {
          Workers.forget(session, worker);
          return lose(session, Leases.heldBy(session, worker), _ -> true);
        });
  }

  /**
   * How often each kind of word came too late, or twice: {@code beat}, {@code checkpoint}, {@code
   * end}.
   */
  public Map<String, Long> lateWords() {
    return database.read("count late words", StaleMessages::all);
  }

  /**
   * Has a file of a job made again that is missing or damaged. Its bytes will be the same.
   *
   * @return whether that is under way; false if the job was cut short, or it was tried in vain
   */
  public boolean remake(JobId job, ArtifactId file) {
    return database.transact(
        "make artifact " + file + " again", session -> Repairs.remake(session, job, file));
  }

  /** Made again, a file has the same bytes, or it is another. */
  private static Outcome compared(Session session, Ended word) throws SQLException {
    if (!(word.outcome() instanceof Outcome.Succeeded(var products))) {
      return word.outcome();
    }
    List<ArtifactId> made = products.stream().map(product -> product.artifact().id()).toList();
    return made.equals(Repairs.accepted(session, word.lease().task()))
        ? word.outcome()
        : new Outcome.Failed(Fault.INTERNAL, "made again, its result has other bytes");
  }

  private static Endings.Word word(Endings.Held held, Outcome outcome, Effort effort) {
    Lease lease = held.lease();
    return switch (outcome) {
      case Outcome.Succeeded _ ->
          new Endings.Word(lease, held.remakes() ? "remade" : "succeeded", null, null, effort);
      case Outcome.Yielded _ -> new Endings.Word(lease, "yielded", null, null, effort);
      case Outcome.Failed(Fault fault, String why) ->
          new Endings.Word(lease, "failed", fault, clean(why), effort);
      // Given back rather than failed: nobody is to blame who tried.
      case Outcome.Damaged(ArtifactId input) ->
          new Endings.Word(lease, "yielded", Fault.STORAGE, damaged(input), effort);
    };
  }

  /** Returns whether the task is ready again. */
  private boolean unfinished(Session session, Endings endings, Endings.Held held, Outcome outcome)
      throws SQLException {
    return switch (outcome) {
      case Outcome.Succeeded _ -> false;
      case Outcome.Yielded(var checkpoint) -> {
        if (checkpoint.isPresent()) {
          Leases.keep(session, held.lease(), checkpoint.get());
        }
        yield endings.giveBack(held, Endings.Back.uncharged(held));
      }
      case Outcome.Damaged(ArtifactId input) -> {
        if (!Repairs.remakeFor(session, held.lease().task(), input)) {
          yield failed(endings, held, Fault.STORAGE, damaged(input));
        }
        endings.giveBack(held, Endings.Back.uncharged(held));
        yield true; // if not this task, then the one that makes its input
      }
      case Outcome.Failed(Fault fault, _) when fault == Fault.LOST -> lost(endings, held);
      case Outcome.Failed(Fault fault, String why) -> failed(endings, held, fault, clean(why));
    };
  }

  /** Returns whether the task is ready again. */
  private boolean failed(Endings endings, Endings.Held held, Fault fault, String why)
      throws SQLException {
    int failures = held.failures() + 1;
    if (!fault.retryable() || failures >= TRIES) {
      return endings.fail(held, failures, held.losses(), fault, why);
    }
    double rest = seconds(terms.backOff()) * (1 << (failures - 1)) * jitter(held.lease());
    return endings.giveBack(held, Endings.Back.failed(held, fault, rest));
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

  private static String damaged(ArtifactId input) {
    return "its input %s is missing or damaged".formatted(input);
  }

  private Set<JobId> lose(Session session, List<Lease> leases, Predicate<Endings.Held> still)
      throws SQLException {
    Set<JobId> jobs = new LinkedHashSet<>();
    if (leases.isEmpty()) {
      return jobs;
    }
    Endings endings = Endings.lockJobsOf(session, leases.stream().map(Lease::task).toList());
    List<Endings.Held> lost = endings.hold(leases, terms).stream().filter(still).toList();
    endings.endAttempts(
        lost.stream()
            .map(held -> new Endings.Word(held.lease(), "lost", Fault.LOST, whyLost(held), null))
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
      return endings.fail(
          held,
          held.failures(),
          losses,
          Fault.POISON,
          (held.stalled() ? "it hung %s workers" : "%s workers were lost at the same point of it")
              .formatted(losses));
    }
    return endings.giveBack(held, Endings.Back.lost(held));
  }

  private @Nullable String whyLost(Endings.Held held) {
    return held.stalled()
        ? "no step was done for %s seconds".formatted(terms.stall().toSeconds())
        : null;
  }

  /** PostgreSQL's text holds no NUL, and nobody reads a reason of many pages. */
  private static String clean(String why) {
    String text = why.replace('\0', ' ');
    return text.substring(0, Math.min(WHY_LIMIT, text.length()));
  }

  static double seconds(Duration duration) {
    return duration.toNanos() / 1e9;
  }
}
