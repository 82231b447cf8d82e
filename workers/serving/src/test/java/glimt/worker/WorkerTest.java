package glimt.worker;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import glimt.bundle.BundleException;
import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.coordinator.Protocol.Advanced;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Previewed;
import glimt.coordinator.Protocol.Progress;
import glimt.coordinator.Protocol.WorkerView;
import glimt.coordinator.ShortCadence;
import glimt.job.Fault;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.JobView.TaskView;
import glimt.job.Outcome;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.DotLedger;
import glimt.ledger.Usage.WorkerUse;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WorkerTest {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private static DotLedger ledger;
  private static Node node;
  private static Farm farm;
  private static ExecutorService slots;

  @BeforeAll
  static void start(@TempDir Path home) {
    ledger = new DotLedger(home, ShortCadence.CADENCE.lease(), ShortCadence.CADENCE.sweep());
    node = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
    node.coordinate(ledger.tasks, ledger.jdbc, ShortCadence.CADENCE);
    farm = node.farm();
    slots = Executors.newCachedThreadPool();
  }

  @AfterAll
  static void stop() {
    slots.shutdownNow();
    node.close();
    ledger.close();
  }

  private static ActorRef<Worker.WorkerMessage> worker(Bundles.CatalogueEntry bundle, Maker maker)
      throws Exception {
    return worker(bundle, maker, ShortCadence.CADENCE, () -> fail("a step hangs"));
  }

  private static ActorRef<Worker.WorkerMessage> worker(
      Bundles.CatalogueEntry bundle, Maker maker, Cadence cadence, Runnable hung) throws Exception {
    WorkerId id = new WorkerId("worker-" + NAMES.incrementAndGet());
    WorkerCard card =
        new WorkerCard(
            id,
            ProcessHandle.current().pid(),
            "cpu",
            Digests.NUMERIC_CLASS,
            Map.of(bundle.card().name(), bundle.digest()));
    ActorRef<Worker.WorkerMessage> worker =
        node.spawn(Worker.create(card, maker, slots, node.feed(), cadence, hung), id.value());
    long end = System.nanoTime() + SOON.toNanos();
    while (views().stream().noneMatch(view -> view.worker().equals(card))) {
      assertThat(System.nanoTime()).as("the farm knows %s", id).isLessThan(end);
    }
    return worker;
  }

  private static List<WorkerView> views() throws Exception {
    return farm.workers().toCompletableFuture().get(5, TimeUnit.SECONDS);
  }

  private static JobId submit(Bundles.CatalogueEntry bundle) {
    JobId job = ledger.submit(bundle);
    farm.tasksReady();
    return job;
  }

  /** Collects a job's live messages, and waits for those of a kind. */
  private static final class Screen {
    private final BlockingQueue<Live> shown = new LinkedBlockingQueue<>();

    <T extends Live> T next(Class<T> kind) throws InterruptedException {
      long end = System.nanoTime() + SOON.toNanos();
      while (true) {
        Live live = shown.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        assertThat(live).as("a %s within %s", kind.getSimpleName(), SOON).isNotNull();
        if (kind.isInstance(live)) {
          return kind.cast(live);
        }
      }
    }
  }

  /** Reads the job at every live message, and at least every heartbeat, until the test holds. */
  private static JobView eventually(JobId job, Predicate<JobView> awaited)
      throws InterruptedException {
    Screen screen = new Screen();
    long end = System.nanoTime() + SOON.toNanos();
    try (Farm.Subscription _ = farm.watch(job, screen.shown::add)) {
      JobView view = ledger.find(job);
      while (!awaited.test(view)) {
        assertThat(System.nanoTime()).as("still %s", view).isLessThan(end);
        Live _ = screen.shown.poll(ShortCadence.CADENCE.beat().toMillis(), TimeUnit.MILLISECONDS);
        view = ledger.find(job);
      }
      return view;
    }
  }

  private static JobView ended(JobId job) throws InterruptedException {
    return eventually(job, view -> view.state().ended());
  }

  private static List<TaskView> tasks(JobView job) {
    return job.levels().stream().flatMap(level -> level.tasks().stream()).toList();
  }

  @Test
  void two_workers_make_a_job_and_each_attempt_says_what_it_took() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(4);
    worker(bundle, Digests.quick(ledger.artifacts));
    worker(bundle, Digests.quick(ledger.artifacts));
    JobView job = ended(submit(bundle));
    assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(tasks(job)).hasSize(5).allSatisfy(task -> assertThat(task.attempts()).hasSize(1));
    assertThat(tasks(job).getFirst().attempts().getFirst().effort())
        .satisfies(
            effort -> {
              assertThat(effort.numericClass()).isEqualTo(Digests.NUMERIC_CLASS);
              assertThat(effort.steps()).isEqualTo(10);
              assertThat(effort.seconds()).isPositive();
            });
  }

  @Test
  void a_watcher_sees_progress_and_previews_and_without_one_none_are_made() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Semaphore steps = new Semaphore(0);
    JobId job = submit(bundle);
    Screen screen = new Screen();
    try (Farm.Subscription _ = farm.watch(job, screen.shown::add)) {
      // The worker starts after the watch, since its claim is published at once.
      worker(bundle, new Digests(ledger.artifacts, steps));
      screen.next(Advanced.class);
      // Messages arrive in order, so when the worker answers it knows that the job is watched.
      views();
      steps.release();
      assertThat(screen.next(Progress.class)).isEqualTo(new Progress(job, "base", 0, 1, 10));
      Previewed preview = screen.next(Previewed.class);
      assertThat(preview.step()).isEqualTo(1);
      assertThat(preview.bytes()).hasSize(32);
    }
    steps.release(9);
    assertThat(ended(job).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void a_cancelled_job_stops_between_two_steps() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Digests digests = Digests.quick(ledger.artifacts);
    AtomicBoolean mayEnd = new AtomicBoolean();
    worker(
        bundle,
        (task, attempt) -> {
          while (!mayEnd.get()) {
            // This loop ends only when the attempt is told to stop.
            attempt.progress(3, 10);
            attempt.check();
          }
          return digests.make(task, attempt);
        });
    JobId job = submit(bundle);
    eventually(job, view -> tasks(view).getFirst().step() == 3);
    ledger.jobs.cancel(TenantId.DEFAULT, job);
    farm.changed(job);
    JobId next = submit(bundle);
    eventually(next, view -> view.state() == JobState.RUNNING);
    mayEnd.set(true);
    assertThat(ended(next).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(ledger.find(job).state()).isEqualTo(JobState.CANCELLED);
  }

  @Test
  void what_a_maker_throws_is_told_as_a_fault_and_the_worker_lives_on() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Digests digests = Digests.quick(ledger.artifacts);
    AtomicInteger calls = new AtomicInteger();
    worker(
        bundle,
        (task, attempt) -> {
          if (calls.getAndIncrement() == 0) {
            throw new BundleException("base.safetensors: truncated");
          }
          return digests.make(task, attempt);
        });
    JobView failed = ended(submit(bundle));
    assertThat(failed.state()).isEqualTo(JobState.FAILED);
    assertThat(failed.fault()).isEqualTo(Fault.INVALID);
    assertThat(failed.why()).isEqualTo("base.safetensors: truncated");
    assertThat(ended(submit(bundle)).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void a_worker_that_leaves_hands_back_its_checkpoint_and_another_goes_on_from_there()
      throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    worker(bundle, Digests.quick(ledger.artifacts));
    JobView undisturbed = ended(submit(bundle));

    Bundles.CatalogueEntry other = ledger.bundle(1);
    Semaphore steps = new Semaphore(4);
    ActorRef<Worker.WorkerMessage> leaving = worker(other, new Digests(ledger.artifacts, steps));
    JobId job = submit(other);
    eventually(job, view -> tasks(view).getFirst().step() == 4);
    Done _ =
        node.ask(leaving, Worker.Leave::new, SOON)
            .toCompletableFuture()
            .get(SOON.toSeconds(), TimeUnit.SECONDS);
    worker(other, Digests.quick(ledger.artifacts));
    JobView view = ended(job);
    assertThat(tasks(view).getFirst().attempts())
        .extracting(AttemptView::outcome)
        .containsExactly("yielded", "succeeded");
    assertThat(tasks(view).getFirst().attempts().getLast().effort())
        .satisfies(effort -> assertThat(effort.resumedFrom()).isEqualTo(4));
    assertThat(view.levels().getFirst().products())
        .isEqualTo(undisturbed.levels().getFirst().products());
  }

  @Test
  void a_task_makes_room_for_an_urgent_job_and_goes_on_to_the_same_bytes() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    worker(bundle, Digests.quick(ledger.artifacts));
    JobView undisturbed = ended(submit(bundle));

    Bundles.CatalogueEntry other = ledger.bundle(1);
    Semaphore steps = new Semaphore(4);
    worker(other, new Digests(ledger.artifacts, steps));
    JobId job = submit(other);
    eventually(job, view -> tasks(view).getFirst().step() == 4);
    JobId urgent = ledger.submit(other, JobClass.URGENT);
    farm.tasksReady();
    // The worker can do no further step until it has made room.
    eventually(urgent, view -> view.state() == JobState.RUNNING);
    steps.release(1000);
    ended(job);
    ended(urgent);
    JobView view = ledger.find(job);
    AttemptView yielded = tasks(view).getFirst().attempts().getFirst();
    assertThat(yielded.outcome()).isEqualTo("yielded");
    AttemptView wentOn = tasks(view).getFirst().attempts().getLast();
    assertThat(wentOn.effort())
        .satisfies(
            effort ->
                assertThat(effort.resumedFrom())
                    .isEqualTo(requireNonNull(yielded.effort()).steps()));
    assertThat(tasks(ledger.find(urgent)).getFirst().attempts().getFirst().started())
        .isBefore(wentOn.started());
    assertThat(view.levels().getFirst().products())
        .isEqualTo(undisturbed.levels().getFirst().products())
        .isEqualTo(ledger.find(urgent).levels().getFirst().products());
  }

  @Test
  void a_paused_job_gives_its_worker_to_others_and_goes_on_from_where_it_was() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Semaphore steps = new Semaphore(4);
    worker(bundle, new Digests(ledger.artifacts, steps));
    JobId job = submit(bundle);
    eventually(job, view -> tasks(view).getFirst().step() == 4);
    ledger.jobs.change(TenantId.DEFAULT, job, null, true, null);
    farm.changed(job);
    eventually(
        job, view -> "yielded".equals(tasks(view).getFirst().attempts().getFirst().outcome()));
    steps.release(1000);
    assertThat(ended(submit(bundle)).state()).isEqualTo(JobState.SUCCEEDED);
    JobView paused = ledger.find(job);
    assertThat(paused.state()).isEqualTo(JobState.RUNNING);
    assertThat(paused.paused()).isNotNull();
    ledger.jobs.change(TenantId.DEFAULT, job, null, false, null);
    farm.tasksReady();
    AttemptView last = tasks(ended(job)).getFirst().attempts().getLast();
    assertThat(last.effort()).satisfies(effort -> assertThat(effort.resumedFrom()).isEqualTo(4));
  }

  @Test
  void a_worker_accounts_for_its_life_though_it_made_room_and_stood_idle() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(3);
    Semaphore steps = new Semaphore(4);
    worker(bundle, new Digests(ledger.artifacts, steps));
    String id = "worker-" + NAMES.get();
    JobId job = submit(bundle);
    eventually(job, view -> tasks(view).getFirst().step() == 4);
    JobId urgent = ledger.submit(bundle, JobClass.URGENT);
    farm.tasksReady();
    eventually(urgent, view -> view.state() == JobState.RUNNING);
    steps.release(1000);
    ended(urgent);
    ended(job);
    LocalDate today = LocalDate.now(Clock.systemUTC());
    double busy =
        Stream.of(job, urgent)
            .flatMap(one -> tasks(ledger.find(one)).stream())
            .flatMap(task -> task.attempts().stream())
            .map(AttemptView::effort)
            .mapToDouble(effort -> requireNonNull(effort).seconds())
            .sum();
    WorkerUse use = null;
    for (long end = System.nanoTime() + SOON.toNanos(); use == null || use.busy() < busy - 1e-9; ) {
      assertThat(System.nanoTime()).as("still %s of %s busy", use, busy).isLessThan(end);
      use =
          ledger.usage.workers(today.minusDays(1)).stream()
              .filter(one -> one.worker().equals(id))
              .findFirst()
              .orElse(null);
    }
    assertThat(use.idle()).isPositive();
    assertThat(Math.abs(use.unaccounted())).as("of %s", use).isLessThan(0.001 * use.life());
  }

  @Test
  void workers_answer_who_they_are_and_what_they_do() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Semaphore steps = new Semaphore(2);
    worker(bundle, new Digests(ledger.artifacts, steps));
    JobId job = submit(bundle);
    eventually(job, view -> tasks(view).getFirst().step() == 2);
    WorkerView view =
        views().stream()
            .filter(one -> one.job().equals(Optional.of(job)))
            .findFirst()
            .orElseThrow();
    assertThat(view.step()).isEqualTo(2);
    assertThat(view.worker().bundles()).containsValue(bundle.digest());
    steps.release(8);
    assertThat(ended(job).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void a_step_that_outlasts_its_limit_is_noticed() throws Exception {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    CountDownLatch noticed = new CountDownLatch(1);
    Cadence impatient = ShortCadence.CADENCE.withStall(Duration.ofSeconds(3));
    worker(
        bundle,
        (_, attempt) -> {
          attempt.progress(3, 10);
          noticed.await();
          return new Outcome.Failed(Fault.POISON, "it hung");
        },
        impatient,
        noticed::countDown);
    JobView job = ended(submit(bundle));
    assertThat(job.why()).isEqualTo("it hung");
  }
}
