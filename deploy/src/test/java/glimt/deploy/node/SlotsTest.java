package glimt.deploy.node;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.artifact.ArtifactFolder;
import glimt.artifact.Artifacts;
import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.WorkerView;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.JobView.AttemptView;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.TaskState;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.DotLedger;
import glimt.worker.WorkerProcess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SlotsTest {
  private static final Duration SOON = Duration.ofMinutes(2);
  private static final Duration STEP = Duration.ofMillis(5);
  private static final Duration POLL = Duration.ofMillis(200);

  /** Short leases and timeouts. */
  private static final Cadence CADENCE =
      new Cadence(
          Duration.ofMillis(300),
          Duration.ofSeconds(6),
          Duration.ofMillis(300),
          Duration.ofSeconds(20));

  @TempDir private Path home;
  private DotLedger ledger;
  private Bundles.CatalogueEntry bundle;
  private Node node;
  private Farm farm;

  /**
   * A worker whose tasks last until a file is there, and hang while another is: {@code address id
   * name digest home}.
   */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      WorkerCard card =
          new WorkerCard(
              new WorkerId(args[1]),
              ProcessHandle.current().pid(),
              "cpu",
              "test",
              Map.of(args[2], new ArtifactId(args[3])));
      Path home = Path.of(args[4]);
      Artifacts artifacts = new ArtifactFolder(home.resolve("artifacts"));
      WorkerProcess.run(
          args[0],
          card,
          (task, attempt) -> {
            while (!Files.exists(home.resolve("go"))) {
              if (!Files.exists(home.resolve("hang"))) {
                attempt.check();
                attempt.progress(1, 10);
              }
              LockSupport.parkNanos(STEP.toNanos());
            }
            byte[] bytes = ("task " + task.ordinal()).getBytes(StandardCharsets.UTF_8);
            var artifact = artifacts.put("text/plain", bytes);
            return new Outcome.Succeeded(
                List.of(new Product(Role.SAMPLE, artifact), new Product(Role.MEDIA, artifact)));
          },
          CADENCE);
    }
  }

  @BeforeEach
  void start() {
    ledger = new DotLedger(home, CADENCE.lease(), CADENCE.sweep());
    bundle = ledger.bundle(1);
    node = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
    node.coordinate(ledger.tasks, ledger.jdbc, CADENCE);
    farm = node.farm();
  }

  @AfterEach
  void stop() {
    node.close();
    ledger.close();
  }

  private Slots slots(int count) {
    return Slots.start(count, this::child, ledger.tasks, farm, CADENCE);
  }

  private ProcessBuilder child(int slot, WorkerId id) {
    // Default signal handling, even if this build runs in the background.
    return new ProcessBuilder(
            "env",
            "--default-signal",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-cp",
            System.getProperty("java.class.path"),
            Child.class.getName(),
            node.address(),
            id.value(),
            bundle.card().name(),
            bundle.digest().sha256(),
            home.toString())
        .redirectErrorStream(true)
        .redirectOutput(home.resolve(id + ".log").toFile());
  }

  private JobId submit() {
    JobId job = ledger.submit(bundle);
    farm.tasksReady();
    return job;
  }

  private JobView eventually(JobId job, Predicate<JobView> awaited) throws Exception {
    BlockingQueue<Live> shown = new LinkedBlockingQueue<>();
    long end = System.nanoTime() + SOON.toNanos();
    try (Farm.Subscription _ = farm.watch(job, shown::add)) {
      JobView view = ledger.find(job);
      while (!awaited.test(view)) {
        assertThat(System.nanoTime()).as("still %s", view).isLessThan(end);
        Live _ = shown.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
        view = ledger.find(job);
      }
      return view;
    }
  }

  private static boolean runs(JobView view, int attempts) {
    JobView.TaskView first = view.levels().getFirst().tasks().getFirst();
    return first.state() == TaskState.RUNNING && first.attempts().size() == attempts;
  }

  private List<AttemptView> attempts(JobId job) {
    return ledger.find(job).levels().getFirst().tasks().getFirst().attempts();
  }

  /** Sends a signal, for which Java has no method. */
  private static void signal(String name, ProcessHandle process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  /** The process of the worker that works on a job. */
  private ProcessHandle worksOn(JobId job) throws Exception {
    for (long end = System.nanoTime() + SOON.toNanos(); System.nanoTime() < end; ) {
      for (WorkerView view : farm.workers().toCompletableFuture().get(5, TimeUnit.SECONDS)) {
        if (view.job().filter(job::equals).isPresent()) {
          return ProcessHandle.of(view.worker().pid()).orElseThrow();
        }
      }
    }
    throw new AssertionError("nobody works on " + job);
  }

  @Test
  void a_killed_worker_is_replaced_and_its_task_ends_elsewhere() throws Exception {
    try (Slots _ = slots(2)) {
      JobId job = submit();
      eventually(job, view -> runs(view, 1));
      ProcessHandle victim = worksOn(job);
      victim.destroyForcibly();
      eventually(job, view -> runs(view, 2));
      assertThat(attempts(job).getFirst().outcome()).isEqualTo("lost");
      Files.createFile(home.resolve("go"));
      assertThat(eventually(job, view -> view.state().ended()).state())
          .isEqualTo(JobState.SUCCEEDED);
      for (long end = System.nanoTime() + SOON.toNanos(); ; ) {
        List<WorkerView> views = farm.workers().toCompletableFuture().get(5, TimeUnit.SECONDS);
        if (views.size() == 2) {
          break;
        }
        assertThat(System.nanoTime()).as("still %s", views).isLessThan(end);
      }
    }
    assertThat(ProcessHandle.current().children().filter(this::isWorker)).isEmpty();
  }

  private boolean isWorker(ProcessHandle process) {
    return process.info().commandLine().orElse("").contains(Child.class.getName());
  }

  @Test
  void closing_hands_back_what_runs_uncharged() throws Exception {
    JobId job;
    try (Slots _ = slots(1)) {
      job = submit();
      eventually(job, view -> runs(view, 1));
    }
    assertThat(attempts(job)).extracting(AttemptView::outcome).containsExactly("yielded");
    Files.createFile(home.resolve("go"));
    try (Slots _ = slots(1)) {
      assertThat(eventually(job, view -> view.state().ended()).state())
          .isEqualTo(JobState.SUCCEEDED);
    }
  }

  @Test
  void a_worker_that_hangs_at_a_step_is_ended_and_its_task_done_by_another_process()
      throws Exception {
    try (Slots _ = slots(1)) {
      JobId job = submit();
      eventually(job, view -> runs(view, 1));
      ProcessHandle hanging = worksOn(job);
      Files.createFile(home.resolve("hang"));
      eventually(job, view -> "lost".equals(attempts(job).getFirst().outcome()));
      assertThat(hanging.isAlive()).isFalse();
      Files.delete(home.resolve("hang"));
      Files.createFile(home.resolve("go"));
      assertThat(eventually(job, view -> view.state().ended()).state())
          .isEqualTo(JobState.SUCCEEDED);
    }
  }

  @Test
  void a_worker_that_froze_past_its_lease_changes_nothing_and_takes_new_work() throws Exception {
    try (Slots _ = slots(1)) {
      JobId job = submit();
      eventually(job, view -> runs(view, 1));
      ProcessHandle zombie = worksOn(job);
      signal("STOP", zombie);
      eventually(
          job, view -> view.levels().getFirst().tasks().getFirst().state() == TaskState.READY);
      try (Slots _ = slots(1)) {
        eventually(job, view -> runs(view, 2));
        signal("CONT", zombie);
        // It takes another job, so it has given up the first.
        JobId next = submit();
        eventually(next, view -> runs(view, 1));
        assertThat(worksOn(next)).isEqualTo(zombie);
        Files.createFile(home.resolve("go"));
        assertThat(eventually(next, view -> view.state().ended()).state())
            .isEqualTo(JobState.SUCCEEDED);
        assertThat(eventually(job, view -> view.state().ended()).state())
            .isEqualTo(JobState.SUCCEEDED);
        assertThat(attempts(job))
            .extracting(AttemptView::outcome)
            .containsExactly("lost", "succeeded");
      }
    }
  }

  @Test
  void told_to_stop_a_worker_hands_back_its_task_and_exits_with_0() throws Exception {
    Process worker = child(0, new WorkerId("alone")).start();
    JobId job = submit();
    eventually(job, view -> runs(view, 1));
    worker.toHandle().destroy();
    assertThat(worker.waitFor(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(worker.exitValue()).isZero();
    assertThat(attempts(job)).extracting(AttemptView::outcome).containsExactly("yielded");
  }

  @Test
  void told_twice_a_worker_exits_at_once() throws Exception {
    Process worker = child(0, new WorkerId("alone")).start();
    JobId job = submit();
    eventually(job, view -> runs(view, 1));
    // Make its step hang, so that it cannot stop after it.
    Files.createFile(home.resolve("hang"));
    long began = System.nanoTime();
    do {
      worker.toHandle().destroy();
    } while (!worker.waitFor(50, TimeUnit.MILLISECONDS));
    assertThat(worker.exitValue()).isEqualTo(143);
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(CADENCE.stall());
  }
}
