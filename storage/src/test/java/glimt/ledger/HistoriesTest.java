package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.TaskView;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.TaskState;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Random histories of the ledger. A failure's message has the seed; use it in {@link #withSeed} to
 * repeat the history.
 */
class HistoriesTest {
  private static final int WORKERS = 3;

  /**
   * The lease is so long that a worker that failed a task leaves it to others for the whole test.
   */
  private static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofHours(2), Duration.ofHours(1), Duration.ZERO);

  @Test
  void a_history_by_one_hand_agrees_with_the_model_after_every_word() {
    withSeed(HistoriesTest::playByOneHand);
  }

  /** Here a claim of two tasks found one first that must be alone, on a device in use. */
  @Test
  void the_history_in_which_a_task_that_must_be_alone_hid_another_agrees_with_the_model() {
    withSeed(-628551400705211197L, HistoriesTest::playByOneHand);
  }

  private static void playByOneHand(long seed) {
    try (Ledger ledger = Ledger.fresh()) {
      new OneHand(ledger, new Random(seed)).play(200);
    }
  }

  @Test
  void a_history_by_many_hands_keeps_the_invariants() {
    withSeed(
        seed -> {
          try (Ledger ledger = Ledger.fresh();
              ExecutorService threads = Executors.newFixedThreadPool(4)) {
            ManyHands history = new ManyHands(ledger);
            List<Callable<Void>> hands = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
              Random random = new Random(seed + i);
              String worker = "w" + i;
              hands.add(
                  () -> {
                    history.play(random, worker, 100);
                    return null;
                  });
            }
            for (Future<Void> hand : threads.invokeAll(hands)) {
              hand.get();
            }
            history.finish();
          }
        });
  }

  @FunctionalInterface
  private interface Play {
    void from(long seed) throws Exception;
  }

  private static void withSeed(Play play) {
    withSeed(ThreadLocalRandom.current().nextLong(), play);
  }

  private static void withSeed(long seed, Play play) {
    try {
      play.from(seed);
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed %sL: %s".formatted(seed, e.getMessage()), e);
    }
  }

  /** One thread calls random methods and compares each result with the model's. */
  private static final class OneHand {
    private final Ledger ledger;
    private final Tasks tasks;
    private final Workers workers;
    private final Random random;
    private final LedgerModel model = new LedgerModel();
    private final Plan plan;

    OneHand(Ledger ledger, Random random) {
      this.ledger = ledger;
      this.tasks = new Tasks(ledger.database, TERMS);
      this.workers = new Workers(ledger.database);
      this.random = random;
      this.plan = Plan.of(Ledger.spec(), ledger.card);
    }

    void play(int words) {
      for (int i = 0; i < words; i++) {
        say();
        model.jobs().forEach(job -> model.agreesWith(ledger.view(job)));
        assertThat(workers.drained().keySet()).isEqualTo(model.drained());
      }
      // New workers, which no task avoids, bring every job to its end.
      for (int i = 0; !model.allEnded(); i++) {
        // Some claims are of a single task, since some tasks must run alone on their device.
        claim("fresh" + i, 1 + i % 3);
        model.held().forEach(lease -> end(lease, new Outcome.Succeeded(List.of())));
        assertThat(i).isLessThan(200);
      }
      model.jobs().forEach(job -> model.agreesWith(ledger.view(job)));
    }

    private void say() {
      String worker = "w" + random.nextInt(WORKERS);
      switch (random.nextInt(10)) {
        case 0 -> {
          if (model.jobs().size() < 6) {
            model.submitted(ledger.submit(), plan);
          }
        }
        case 1, 2, 3 -> claim(worker, 1 + random.nextInt(2));
        case 4 -> {
          int step = 1 + random.nextInt(2);
          any(model.everHeld())
              .ifPresent(
                  lease ->
                      model.renewed(
                          lease, step, tasks.renew(Map.of(lease, step)).held().contains(lease)));
        }
        case 5 -> {
          any(model.everHeld())
              .ifPresent(
                  lease -> {
                    Checkpoint checkpoint = checkpoint(lease);
                    model.checkpointed(lease, checkpoint, tasks.checkpoint(lease, checkpoint));
                  });
        }
        case 6 -> any(model.everHeld()).ifPresent(lease -> end(lease, outcome(lease)));
        case 7 -> any(model.held()).ifPresent(lease -> end(lease, outcome(lease)));
        case 8 -> {
          if (random.nextInt(3) == 0) {
            tasks.lose(new WorkerId(worker));
            model.lost(new WorkerId(worker));
          } else {
            expire();
          }
        }
        case 9 -> {
          if (random.nextBoolean()) {
            any(model.everHeld())
                .ifPresent(
                    lease ->
                        assertThat(tasks.remake(model.job(lease), made(lease)))
                            .isEqualTo(model.remade(lease)));
          }
          if (random.nextInt(5) == 0) {
            any(model.jobs())
                .ifPresent(
                    job -> {
                      ledger.jobs.cancel(TenantId.DEFAULT, job);
                      model.cancelled(job);
                    });
          }
        }
        default -> throw new IllegalStateException();
      }
    }

    private void claim(String worker, int most) {
      WorkerCard card = card(worker);
      model.claimed(card, most, tasks.claim(card, "here", most));
    }

    private void end(Lease lease, Outcome outcome) {
      Outcome made = outcome instanceof Outcome.Succeeded ? HistoriesTest.success(lease) : outcome;
      Effort effort = new Effort(model.numericClass(lease), 0, 4, 0.5, 0.4);
      model.ended(lease, made, tasks.end(lease, made, effort));
    }

    private void expire() {
      List<Lease> late =
          model.held().stream()
              .filter(_ -> random.nextInt(3) == 0)
              .sorted(Comparator.comparingLong(lease -> lease.task().value()))
              .toList();
      for (Lease lease : late) {
        ledger.sql(
            "UPDATE task SET lease_until = now() - interval '1 second' WHERE id = ?",
            lease.task().value());
      }
      tasks.expire();
      model.expired(late);
    }

    private Outcome outcome(Lease lease) {
      if (random.nextInt(5) == 0 && !model.inputs(lease).isEmpty()) {
        return new Outcome.Damaged(any(model.inputs(lease)).orElseThrow());
      }
      return switch (random.nextInt(8)) {
        case 0 -> new Outcome.Yielded(Optional.empty());
        case 1 -> new Outcome.Yielded(Optional.of(checkpoint(lease)));
        case 2 ->
            new Outcome.Failed(
                random.nextBoolean() ? Fault.INTERNAL : Fault.OUT_OF_MEMORY, "chance");
        case 3 ->
            random.nextInt(4) == 0
                ? new Outcome.Failed(Fault.INVALID, "chance")
                : new Outcome.Failed(Fault.STORAGE, "chance");
        default -> new Outcome.Succeeded(List.of());
      };
    }

    private Checkpoint checkpoint(Lease lease) {
      int step = 1 + random.nextInt(model.steps(lease));
      return new Checkpoint(Ledger.digestOf("state"), step, model.numericClass(lease));
    }

    /** Workers use two devices, each with its own numeric class. */
    private WorkerCard card(String worker) {
      int device = worker.charAt(worker.length() - 1) % 2;
      return new WorkerCard(
          new WorkerId(worker),
          1,
          "cuda:" + device,
          "class " + device,
          Map.of("toy", ledger.digest));
    }

    private <T> Optional<T> any(List<T> list) {
      return list.isEmpty() ? Optional.empty() : Optional.of(list.get(random.nextInt(list.size())));
    }
  }

  /** Several threads call random methods, and the results of all must be consistent. */
  private static final class ManyHands {
    private final Ledger ledger;
    private final Tasks tasks;
    private final Set<JobId> submitted = ConcurrentHashMap.newKeySet();
    private final Set<JobId> cancelled = ConcurrentHashMap.newKeySet();
    private final Set<Lease> leases = ConcurrentHashMap.newKeySet();
    private final Set<TaskId> accepted = ConcurrentHashMap.newKeySet();
    private final Map<TaskId, Integer> newest = new ConcurrentHashMap<>();
    private final Map<Lease, List<ArtifactId>> inputs = new ConcurrentHashMap<>();

    /** The artifacts that were reported as damaged, whose tasks may succeed again. */
    private final Set<ArtifactId> damaged = ConcurrentHashMap.newKeySet();

    private final Map<JobId, JobView> seen = new ConcurrentHashMap<>();

    ManyHands(Ledger ledger) {
      this.ledger = ledger;
      this.tasks = new Tasks(ledger.database, TERMS);
    }

    void play(Random random, String worker, int words) {
      for (int i = 0; i < words; i++) {
        say(random, worker);
      }
    }

    private void say(Random random, String worker) {
      switch (random.nextInt(12)) {
        case 0 -> {
          if (submitted.size() < 30) {
            submitted.add(ledger.submit());
          }
        }
        case 1, 2, 3 -> claim(worker, 1 + random.nextInt(3));
        case 4 ->
            any(random, leases)
                .ifPresent(
                    lease -> {
                      boolean stale = stale(lease);
                      boolean ours = tasks.renew(Map.of(lease, 1)).held().contains(lease);
                      assertThat(stale && ours).as("I4: %s renewed", lease).isFalse();
                    });
        case 5 ->
            any(random, leases)
                .ifPresent(
                    lease -> {
                      boolean stale = stale(lease);
                      boolean ours =
                          tasks.checkpoint(
                              lease, new Checkpoint(Ledger.digestOf("state"), 1, "test"));
                      assertThat(stale && ours).as("I4: %s checkpointed", lease).isFalse();
                    });
        case 6, 7, 8 -> end(random);
        case 9 -> {
          tasks.expire();
          if (random.nextInt(4) == 0) {
            tasks.lose(new WorkerId("w" + random.nextInt(4)));
          }
        }
        case 10 ->
            any(random, leases)
                .ifPresent(
                    lease ->
                        ledger.sql(
                            """
                            UPDATE task SET lease_until = now() - interval '1 second'
                            WHERE id = ? AND state = 'running'
                            """,
                            lease.task().value()));
        case 11 -> {
          any(random, submitted).ifPresent(this::watch);
          if (random.nextInt(8) == 0) {
            any(random, submitted).ifPresent(this::cancel);
          }
        }
        default -> throw new IllegalStateException();
      }
    }

    private void claim(String worker, int most) {
      Set<JobId> before = Set.copyOf(cancelled);
      for (Task task : tasks.claim(ledger.worker(worker), "here", most)) {
        assertThat(before).as("I11: no task of a cancelled job starts").doesNotContain(task.job());
        if (!damaged.contains(made(task.lease()))) {
          assertThat(accepted).as("I3: done once").doesNotContain(task.lease().task());
        }
        inputs.put(task.lease(), task.artifacts());
        newest.merge(task.lease().task(), task.lease().attempt(), Math::max);
        assertThat(leases.add(task.lease())).as("claimed once: %s", task.lease()).isTrue();
      }
    }

    private void end(Random random) {
      List<AttemptEnd> batch = new ArrayList<>();
      List<Lease> stale = new ArrayList<>();
      int size = 1 + random.nextInt(3);
      for (int i = 0; i < size; i++) {
        any(random, leases)
            .ifPresent(
                lease -> {
                  batch.add(new AttemptEnd(lease, outcome(random, lease), Ledger.EFFORT));
                  if (stale(lease)) {
                    stale.add(lease);
                  }
                });
      }
      for (Settlement ending : tasks.end(batch)) {
        assertThat(stale).as("I4: a report with an old attempt").doesNotContain(ending.lease());
        boolean success =
            batch.stream()
                    .filter(ended -> ended.lease().equals(ending.lease()))
                    .findFirst()
                    .orElseThrow()
                    .outcome()
                instanceof Outcome.Succeeded;
        if (success && !damaged.contains(made(ending.lease()))) {
          assertThat(accepted.add(ending.lease().task())).as("I3: one result").isTrue();
        }
      }
    }

    private void cancel(JobId job) {
      JobState state = ledger.jobs.cancel(TenantId.DEFAULT, job).orElseThrow().state();
      assertThat(state.ended()).isTrue();
      if (state == JobState.CANCELLED) {
        cancelled.add(job);
      }
    }

    /** A reader sees a job only move forward. */
    private void watch(JobId job) {
      seen.compute(
          job,
          (_, before) -> {
            boolean wasCancelled = cancelled.contains(job);
            JobView now = ledger.view(job);
            if (before != null) {
              assertThat(now.progress()).as("I6").isGreaterThanOrEqualTo(before.progress());
              assertThat(now.lastSeq()).as("I6").isGreaterThanOrEqualTo(before.lastSeq());
              if (before.state().ended()) {
                assertThat(now).as("I6: an ending is final").isEqualTo(before);
              }
            }
            if (wasCancelled) {
              assertThat(now.state()).as("I11").isEqualTo(JobState.CANCELLED);
            }
            return now;
          });
    }

    private boolean stale(Lease lease) {
      boolean done = accepted.contains(lease.task()) && !damaged.contains(made(lease));
      return done || newest.getOrDefault(lease.task(), 0) > lease.attempt();
    }

    void finish() {
      for (int i = 0; submitted.stream().anyMatch(job -> !ledger.view(job).state().ended()); i++) {
        tasks.expire();
        for (int worker = 0; worker < 4; worker++) {
          tasks.lose(new WorkerId("w" + worker));
        }
        String fresh = "fresh" + i;
        for (Task task : tasks.claim(ledger.worker(fresh), "here", 99)) {
          ledger.succeed(task);
        }
        assertThat(i).as("I17: the queue drains").isLessThan(50);
      }
      submitted.forEach(this::watch);
      submitted.forEach(this::check);
      assertThat(ledger.count("SELECT count(*) FROM job")).isEqualTo(submitted.size());
      assertThat(new Audit(ledger.database).breaches()).isEmpty();
    }

    private void check(JobId job) {
      JobView view = ledger.view(job);
      List<JobEvent> events = ledger.events.after(TenantId.DEFAULT, job, 0, 99);
      assertThat(events)
          .as("I6: no gap and no repeat")
          .extracting(JobEvent::seq)
          .containsExactlyElementsOf(LongStream.rangeClosed(1, view.lastSeq()).boxed().toList());
      assertThat(events).extracting(JobEvent::at).isSorted();
      assertThat(events)
          .as("one ending, at the end")
          .filteredOn(event -> event.fact() instanceof JobEvent.JobEnded)
          .containsExactly(events.getLast());
      List<TaskView> all = view.levels().stream().flatMap(level -> level.tasks().stream()).toList();
      for (TaskView task : all) {
        List<AttemptView> attempts = task.attempts();
        assertThat(attempts)
            .extracting(AttemptView::number)
            .containsExactlyElementsOf(
                LongStream.rangeClosed(1, attempts.size()).mapToObj(n -> (int) n).toList());
        assertThat(attempts).allSatisfy(attempt -> assertThat(attempt.outcome()).isNotNull());
        assertThat(count(attempts, "succeeded"))
            .as("I3")
            .isEqualTo(task.state() == TaskState.SUCCEEDED ? 1 : 0);
        // Each time it is made, a task has at most one checkpoint, which forgives losses once.
        long times = 1 + count(attempts, "remade");
        assertThat(count(attempts, "failed")).as("I9").isLessThanOrEqualTo(times * Retries.TRIES);
        assertThat(count(attempts, "lost"))
            .as("I9")
            .isLessThanOrEqualTo(times * (2L * Retries.LOSSES - 1));
      }
      if (view.state() == JobState.SUCCEEDED) {
        assertThat(all).allSatisfy(t -> assertThat(t.state()).isEqualTo(TaskState.SUCCEEDED));
      }
      assertThat(
              ledger.count(
                  """
                  SELECT count(*) FROM task_edge
                  JOIN task ON task.id = after
                  JOIN attempt AS begun ON begun.task = after
                  JOIN attempt AS read ON read.task = before
                  WHERE job = ? AND read.outcome = 'succeeded' AND read.ended > begun.started
                  """,
                  job.value()))
          .as("I7: no task starts before its inputs are ready")
          .isZero();
    }

    private static long count(List<AttemptView> attempts, String outcome) {
      return attempts.stream().filter(attempt -> outcome.equals(attempt.outcome())).count();
    }

    private Outcome outcome(Random random, Lease lease) {
      List<ArtifactId> read = inputs.getOrDefault(lease, List.of());
      if (random.nextInt(20) == 0 && !read.isEmpty()) {
        ArtifactId input = read.get(random.nextInt(read.size()));
        damaged.add(input);
        return new Outcome.Damaged(input);
      }
      return switch (random.nextInt(10)) {
        case 0 -> new Outcome.Yielded(Optional.empty());
        case 1 -> new Outcome.Failed(Fault.INTERNAL, "chance");
        case 2 ->
            random.nextInt(10) == 0
                ? new Outcome.Failed(Fault.INVALID, "chance")
                : new Outcome.Failed(Fault.STORAGE, "chance");
        default -> HistoriesTest.success(lease);
      };
    }

    private static <T> Optional<T> any(Random random, Set<T> set) {
      List<T> list = List.copyOf(set);
      return list.isEmpty() ? Optional.empty() : Optional.of(list.get(random.nextInt(list.size())));
    }
  }

  private static ArtifactId made(Lease lease) {
    return Ledger.digestOf("made by task " + lease.task());
  }

  private static Outcome success(Lease lease) {
    ArtifactId id = made(lease);
    return new Outcome.Succeeded(
        List.of(
            new glimt.job.Product(
                glimt.job.Product.Role.SAMPLE,
                new glimt.job.Artifact(id, "application/safetensors", 8))));
  }
}
