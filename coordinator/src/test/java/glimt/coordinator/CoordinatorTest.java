package glimt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Advanced;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.TasksReady;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.JobView.AttemptView;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.TaskState;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.DotLedger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.pekko.actor.testkit.typed.javadsl.FishingOutcomes;
import org.apache.pekko.actor.testkit.typed.javadsl.TestProbe;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Adapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CoordinatorTest {
  private static final Duration SOON = Duration.ofMinutes(1);
  private static final Effort EFFORT = new Effort("test", 0, 10, 0.5, 0.4);
  private static final AtomicInteger NAMES = new AtomicInteger();

  private static DotLedger ledger;
  private static Node node;

  @BeforeAll
  static void start(@TempDir Path home) {
    ledger = new DotLedger(home, ShortCadence.CADENCE.lease(), ShortCadence.CADENCE.sweep());
    node = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
  }

  @AfterAll
  static void stop() {
    node.close();
    ledger.close();
  }

  /** A simulated worker: makes its messages, and has a probe for those it receives. */
  private record Hand(WorkerCard card, TestProbe<ToWorker> probe) {
    static Hand with(Bundles.CatalogueEntry bundle, Node at) {
      WorkerId id = new WorkerId("hand-" + NAMES.incrementAndGet());
      return new Hand(
          new WorkerCard(id, 1, "cpu", "test", Map.of(bundle.card().name(), bundle.digest())),
          TestProbe.create(ToWorker.class, at.system()));
    }

    Idle idle() {
      return new Idle(card, probe.ref());
    }

    Task task() {
      return probe.expectMessageClass(Run.class, SOON).task();
    }

    Ended ended(Task task) {
      return ended(task, new Outcome.Succeeded(List.of()));
    }

    Ended ended(Task task, Outcome outcome) {
      return new Ended(task.lease(), outcome, EFFORT, probe.ref());
    }
  }

  private static ActorRef<ToCoordinator> coordinator(Node at, Cadence cadence) {
    return at.spawn(
            Coordinator.create(ledger.tasks, ledger.jdbc, at.feed(), cadence),
            "coordinator-" + NAMES.incrementAndGet())
        .narrow();
  }

  private static ActorRef<ToCoordinator> coordinator() {
    return coordinator(node, ShortCadence.CADENCE);
  }

  private static List<AttemptView> attempts(JobId job, int ordinal) {
    return ledger.find(job).levels().getFirst().tasks().get(ordinal).attempts();
  }

  @Test
  void a_task_that_nobody_mentioned_is_found_by_the_sweep() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Hand hand = Hand.with(bundle, node);
    coordinator().tell(hand.idle());
    hand.probe().expectNoMessage(Duration.ofMillis(50));
    JobId job = ledger.submit(bundle);
    assertThat(hand.task().job()).isEqualTo(job);
  }

  @Test
  void a_hint_needs_no_sweep() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Hand hand = Hand.with(bundle, node);
    Duration never = Duration.ofHours(1);
    ActorRef<ToCoordinator> coordinator =
        coordinator(
            node,
            new Cadence(ShortCadence.CADENCE.beat(), ShortCadence.CADENCE.lease(), never, never));
    coordinator.tell(hand.idle());
    JobId job = ledger.submit(bundle);
    coordinator.tell(new TasksReady());
    assertThat(hand.task().job()).isEqualTo(job);
  }

  @Test
  void a_worker_is_given_only_what_its_bundles_can_make() {
    Hand hand = Hand.with(ledger.bundle(1), node);
    Bundles.CatalogueEntry other = ledger.bundle(1);
    ledger.submit(other);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(hand.idle());
    Hand able = Hand.with(other, node);
    coordinator.tell(able.idle());
    able.task();
    hand.probe().expectNoMessage(Duration.ofMillis(300));
  }

  @Test
  void a_beat_on_a_lost_lease_is_told_to_abandon() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    ledger.submit(bundle);
    Hand hand = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(hand.idle());
    Task task = hand.task();
    coordinator.tell(new Beat(task.lease(), 3, hand.probe().ref()));
    hand.probe().expectNoMessage(Duration.ofMillis(200));
    ledger.tasks.lose(hand.card().id());
    coordinator.tell(new Beat(task.lease(), 4, hand.probe().ref()));
    hand.probe().expectMessage(SOON, new Abandon(task.lease()));
  }

  @Test
  void an_ending_said_twice_is_heard_twice_and_written_once() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    JobId job = ledger.submit(bundle);
    Hand hand = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(hand.idle());
    Task task = hand.task();
    coordinator.tell(hand.ended(task));
    hand.probe().expectMessage(SOON, new Heard(task.lease()));
    coordinator.tell(hand.ended(task));
    hand.probe().expectMessage(SOON, new Heard(task.lease()));
    assertThat(attempts(job, 0)).extracting(AttemptView::outcome).containsExactly("succeeded");
  }

  @Test
  void what_an_ending_frees_is_handed_out_at_once_and_told_on_the_feed() {
    Bundles.CatalogueEntry bundle = ledger.bundle(2);
    JobId job = ledger.submit(bundle);
    TestProbe<Live> feed = TestProbe.create(Live.class, node.system());
    node.feed().subscribe(feed.ref());
    Hand hand = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    for (int ordinal = 0; ordinal < 3; ordinal++) {
      coordinator.tell(hand.idle());
      Task task = hand.task();
      assertThat(task.ordinal()).isEqualTo(ordinal);
      coordinator.tell(hand.ended(task));
      hand.probe().expectMessage(SOON, new Heard(task.lease()));
    }
    assertThat(ledger.find(job).state()).isEqualTo(JobState.SUCCEEDED);
    feed.fishForMessage(
        SOON,
        live ->
            live.equals(new Advanced(job))
                ? FishingOutcomes.complete()
                : FishingOutcomes.continueAndIgnore());
  }

  @Test
  void the_task_of_a_worker_that_dies_is_handed_to_another() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    JobId job = ledger.submit(bundle);
    Hand dying = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(dying.idle());
    Task task = dying.task();
    dying.probe().stop();
    Hand other = Hand.with(bundle, node);
    coordinator.tell(other.idle());
    Task again = other.task();
    assertThat(again.lease().task()).isEqualTo(task.lease().task());
    assertThat(attempts(job, 0).getFirst().outcome()).isEqualTo("lost");
  }

  @Test
  void what_a_worker_said_before_it_died_is_written_before_its_tasks_are_taken_back() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    Duration never = Duration.ofHours(1);
    AtomicBoolean catches = new AtomicBoolean();
    CompletableFuture<Runnable> caught = new CompletableFuture<>();
    ActorRef<ToCoordinator> coordinator =
        node.spawn(
                Coordinator.create(
                    ledger.withLongLeases(),
                    call -> {
                      if (!catches.get() || !caught.complete(call)) {
                        ledger.jdbc.execute(call);
                      }
                    },
                    node.feed(),
                    new Cadence(ShortCadence.CADENCE.beat(), never.minusMinutes(1), never, never)),
                "coordinator-" + NAMES.incrementAndGet())
            .narrow();
    Hand other = Hand.with(bundle, node);
    Hand dying = Hand.with(bundle, node);
    ledger.submit(bundle);
    coordinator.tell(other.idle());
    Task first = other.task();
    JobId job = ledger.submit(bundle);
    coordinator.tell(dying.idle());
    Task task = dying.task();

    // What the other did is being written while this one hands its task back and dies.
    catches.set(true);
    coordinator.tell(other.ended(first));
    Runnable write = caught.join();
    coordinator.tell(dying.ended(task, new Outcome.Yielded(Optional.empty())));
    dying.probe().stop();
    other.probe().expectTerminated(dying.probe().ref(), SOON);
    Bundles.CatalogueEntry last = ledger.bundle(1);
    ledger.submit(last);
    Hand able = Hand.with(last, node);
    coordinator.tell(able.idle());
    able.task();
    write.run();
    other.probe().expectMessage(SOON, new Heard(first.lease()));
    Hand next = Hand.with(bundle, node);
    coordinator.tell(next.idle());
    next.task();
    next.probe()
        .awaitAssert(
            SOON,
            () -> {
              assertThat(attempts(job, 0)).extracting(AttemptView::outcome).startsWith("yielded");
              return job;
            });
  }

  @Test
  void the_task_of_a_silent_worker_is_handed_to_another() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    ledger.submit(bundle);
    Hand silent = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(silent.idle());
    Task task = silent.task();
    Hand other = Hand.with(bundle, node);
    Task again =
        other
            .probe()
            .awaitAssert(
                SOON,
                ShortCadence.CADENCE.beat(),
                () -> {
                  coordinator.tell(other.idle());
                  return other
                      .probe()
                      .expectMessageClass(Run.class, ShortCadence.CADENCE.beat())
                      .task();
                });
    assertThat(again.lease().task()).isEqualTo(task.lease().task());
    coordinator.tell(silent.ended(task));
    silent.probe().expectMessage(SOON, new Heard(task.lease()));
    assertThat(ledger.find(task.job()).levels().getFirst().tasks().getFirst().state())
        .isEqualTo(TaskState.RUNNING);
  }

  @Test
  void a_worker_that_leaves_is_not_given_back_what_it_hands_back() {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    JobId job = ledger.submit(bundle);
    Hand leaving = Hand.with(bundle, node);
    ActorRef<ToCoordinator> coordinator = coordinator();
    coordinator.tell(leaving.idle());
    Task task = leaving.task();
    // This Idle arrives as if it had been sent before the worker received the Run.
    coordinator.tell(leaving.idle());
    coordinator.tell(leaving.ended(task, new Outcome.Yielded(Optional.empty())));
    leaving.probe().expectMessage(SOON, new Heard(task.lease()));
    leaving.probe().expectNoMessage(ShortCadence.CADENCE.sweep().multipliedBy(2));
    Hand other = Hand.with(bundle, node);
    coordinator.tell(other.idle());
    assertThat(other.task().lease().task()).isEqualTo(task.lease().task());
    assertThat(attempts(job, 0).getFirst().outcome()).isEqualTo("yielded");
    assertThat(attempts(job, 0)).hasSize(2);
  }

  @Test
  void what_the_ledger_gave_to_one_that_is_busy_after_all_goes_back_and_its_own_task_stays()
      throws InterruptedException {
    Bundles.CatalogueEntry bundle = ledger.bundle(1);
    JobId first = ledger.submit(bundle);
    Hand hand = Hand.with(bundle, node);
    Duration never = Duration.ofHours(1);
    AtomicBoolean held = new AtomicBoolean();
    BlockingQueue<Runnable> questions = new LinkedBlockingQueue<>();
    ActorRef<ToCoordinator> coordinator =
        node.spawn(
                Coordinator.create(
                    ledger.tasks,
                    question -> {
                      if (held.get()) {
                        questions.add(question);
                      } else {
                        ledger.jdbc.execute(question);
                      }
                    },
                    node.feed(),
                    new Cadence(
                        ShortCadence.CADENCE.beat(), ShortCadence.CADENCE.lease(), never, never)),
                "coordinator-" + NAMES.incrementAndGet())
            .narrow();
    coordinator.tell(hand.idle());
    Task task = hand.task();
    JobId second = ledger.submit(bundle);
    held.set(true);
    coordinator.tell(hand.idle()); // may have crossed with the task, and is not believed
    coordinator.tell(hand.idle());
    Runnable claim = asked(questions);
    coordinator.tell(hand.ended(task));
    Runnable end = asked(questions);
    held.set(false);
    claim.run();
    hand.probe().expectNoMessage(Duration.ofMillis(50));
    end.run();
    hand.probe().expectMessage(SOON, new Heard(task.lease()));
    assertThat(attempts(first, 0)).extracting(AttemptView::outcome).containsExactly("succeeded");
    hand.probe().expectMessageClass(Heard.class, SOON);
    assertThat(attempts(second, 0)).extracting(AttemptView::outcome).containsExactly("yielded");
  }

  private static Runnable asked(BlockingQueue<Runnable> questions) throws InterruptedException {
    return Objects.requireNonNull(questions.poll(SOON.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  void a_coordinator_that_dies_in_mid_job_takes_nothing_with_it() {
    Bundles.CatalogueEntry bundle = ledger.bundle(2);
    JobId job = ledger.submit(bundle);
    Hand hand = Hand.with(bundle, node);
    ActorRef<Coordinator.CoordinatorMessage> dying =
        node.spawn(
            Coordinator.create(ledger.tasks, ledger.jdbc, node.feed(), ShortCadence.CADENCE),
            "dying-coordinator");
    dying.tell(hand.idle());
    Task task = hand.task();
    Adapter.toClassic(node.system()).stop(Adapter.toClassic(dying));
    ActorRef<ToCoordinator> next = coordinator();
    next.tell(new Beat(task.lease(), 5, hand.probe().ref()));
    hand.probe().expectNoMessage(Duration.ofMillis(200));
    next.tell(hand.ended(task));
    hand.probe().expectMessage(SOON, new Heard(task.lease()));
    for (int ordinal = 1; ordinal < 3; ordinal++) {
      next.tell(hand.idle());
      Task more = hand.task();
      next.tell(hand.ended(more));
      hand.probe().expectMessage(SOON, new Heard(more.lease()));
    }
    assertThat(ledger.find(job).state()).isEqualTo(JobState.SUCCEEDED);
    assertThat(attempts(job, 0)).hasSize(1);
  }

  @Test
  void two_coordinators_hand_out_every_task_once() {
    Bundles.CatalogueEntry bundle = ledger.bundle(6);
    JobId job;
    try (Node second = Node.join(node.address(), Set.of(Node.NodeRole.COORDINATOR))) {
      List<ActorRef<ToCoordinator>> both =
          List.of(coordinator(), coordinator(second, ShortCadence.CADENCE));
      job = ledger.submit(bundle);
      Set<Object> leases = new HashSet<>();
      for (int i = 0; i < 6; i++) {
        Node at = i % 2 == 0 ? node : second;
        Hand hand = Hand.with(bundle, at);
        both.get(i % 2).tell(hand.idle());
        Task task = hand.task();
        assertThat(leases.add(task.lease().task())).isTrue();
        // The other coordinator, which did not assign the task, receives the end.
        both.get((i + 1) % 2).tell(hand.ended(task));
        hand.probe().expectMessage(SOON, new Heard(task.lease()));
      }
      Hand last = Hand.with(bundle, node);
      both.getFirst().tell(last.idle());
      Task assemble = last.task();
      both.getLast().tell(last.ended(assemble));
      last.probe().expectMessage(SOON, new Heard(assemble.lease()));
    }
    assertThat(ledger.find(job).state()).isEqualTo(JobState.SUCCEEDED);
  }

  @Test
  void clocks_that_contradict_each_other_are_refused() {
    Duration second = Duration.ofSeconds(1);
    assertThatThrownBy(() -> new Cadence(second, second.multipliedBy(3), second, second))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("lost beats");
    assertThatThrownBy(
            () -> new Cadence(second, second.multipliedBy(4), second, second.multipliedBy(4)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("stall");
  }
}
