package glimt.coordinator;

import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Advanced;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Checkpointed;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.TasksReady;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerId;
import glimt.ledger.AttemptEnd;
import glimt.ledger.Settlement;
import glimt.ledger.Tasks;
import glimt.storage.StorageException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.typed.Cluster;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Introduces ready tasks to idle workers. It remembers only who is idle and what the ledger is
 * being asked: any number of coordinators may run, any may take any message, and one that dies
 * takes nothing with it.
 *
 * <p>It trusts no message to arrive. Idle workers say so again, endings are repeated until they are
 * heard, and every sweep looks at the ledger afresh.
 */
public final class Coordinator extends AbstractMatchingBehavior<Coordinator.CoordinatorMessage> {
  private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);

  public sealed interface CoordinatorMessage permits ToCoordinator, Internal {}

  private sealed interface Internal extends CoordinatorMessage {}

  /**
   * @param asOf how many hints had been heard when the ledger was asked
   */
  private record Claimed(Idle by, long asOf, List<Task> tasks) implements Internal {}

  private record Renewed(List<Beat> beats, Set<Lease> stillOurs) implements Internal {}

  private record Settled(List<Ended> endings, List<Settlement> written) implements Internal {}

  private record Swept(Set<JobId> jobs) implements Internal {}

  private record Gone(WorkerId worker) implements Internal {}

  private record TakenBack(Set<JobId> jobs) implements Internal {}

  private record Colleagues(Set<ActorRef<ToCoordinator>> all) implements Internal {}

  private enum Signal implements Internal {
    SWEEP,
    UNSETTLED,
    TIDIED,
    /** Nothing is to be done about an answer. */
    NOTED
  }

  /**
   * A worker that waits for work.
   *
   * @param said when it last said so, in {@link System#nanoTime}
   */
  private record Waiting(Idle worker, long said) {}

  private final Tasks tasks;
  private final Executor jdbc;
  private final Feed feed;
  private final Cadence cadence;
  private final List<Runnable> chores;

  private final Map<WorkerId, Waiting> idle = new HashMap<>();
  private final Set<WorkerId> asking = new HashSet<>();
  private final Gathering<Beat> beats = new Gathering<>();
  private final Gathering<Ended> endings = new Gathering<>();
  private Set<ActorRef<ToCoordinator>> colleagues = Set.of();
  private long hints;
  private boolean sweeping;
  private boolean tidying;

  /**
   * @param jdbc where the ledger's blocking calls run
   * @param chores what is done besides at every sweep; it may take its time, and may fail
   */
  static Behavior<CoordinatorMessage> create(
      Tasks tasks, Executor jdbc, Feed feed, Cadence cadence, Runnable... chores) {
    Behavior<CoordinatorMessage> behavior =
        Behaviors.setup(
            context ->
                Behaviors.withTimers(
                    timers -> {
                      timers.startTimerWithFixedDelay(Signal.SWEEP, Duration.ZERO, cadence.sweep());
                      return new Coordinator(context, tasks, jdbc, feed, cadence, List.of(chores));
                    }));
    // It has nothing to lose.
    return Behaviors.supervise(behavior)
        .onFailure(RuntimeException.class, SupervisorStrategy.restart());
  }

  private Coordinator(
      ActorContext<CoordinatorMessage> context,
      Tasks tasks,
      Executor jdbc,
      Feed feed,
      Cadence cadence,
      List<Runnable> chores) {
    super(context);
    this.chores = chores;
    this.tasks = tasks;
    this.jdbc = jdbc;
    this.feed = feed;
    this.cadence = cadence;
    ActorRef<Receptionist.Command> receptionist = context.getSystem().receptionist();
    receptionist.tell(
        Receptionist.register(Protocol.COORDINATORS, context.getSelf().<ToCoordinator>narrow()));
    receptionist.tell(
        Receptionist.subscribe(
            Protocol.COORDINATORS,
            context.messageAdapter(
                Receptionist.Listing.class,
                listing -> new Colleagues(listing.getServiceInstances(Protocol.COORDINATORS)))));
  }

  @Override
  public Behavior<CoordinatorMessage> onMessage(CoordinatorMessage message) {
    switch (message) {
      case TasksReady _ -> offerAll();
      case Idle worker -> welcome(worker);
      case Claimed claimed -> hand(claimed);
      case Beat beat -> {
        busy(beat.from());
        beats.add(beat.lease(), beat);
        renew();
      }
      case Renewed renewed -> {
        beats.back(true);
        abandon(renewed);
        renew();
      }
      // If the lease is gone, the next beat hears of it.
      case Checkpointed(Lease lease, Checkpoint checkpoint) ->
          ask(
              "checkpoint",
              () -> tasks.checkpoint(lease, checkpoint),
              _ -> Signal.NOTED,
              Signal.NOTED);
      case Ended ended -> {
        busy(ended.from());
        endings.add(ended.lease(), ended);
        settle();
      }
      case Settled settled -> {
        endings.back(true);
        hear(settled);
        settle();
      }
      case Gone(WorkerId worker) -> {
        idle.remove(worker);
        takeBack(worker);
      }
      case TakenBack(Set<JobId> jobs) -> announce(jobs);
      case Swept(Set<JobId> jobs) -> {
        sweeping = false;
        announce(jobs);
        // Always, since hints get lost.
        offerAll();
      }
      case Colleagues(Set<ActorRef<ToCoordinator>> all) -> colleagues = all;
      case Signal signal -> {
        switch (signal) {
          case SWEEP -> sweep();
          case UNSETTLED -> {
            endings.back(false);
            settle();
          }
          case TIDIED -> tidying = false;
          case NOTED -> {}
        }
      }
    }
    return this;
  }

  private void welcome(Idle worker) {
    WorkerId id = worker.worker().id();
    getContext().watchWith(worker.at(), new Gone(id));
    idle.put(id, new Waiting(worker, System.nanoTime()));
    offer(worker);
  }

  /** An {@link Idle} that crossed the {@link Run} before this word is out of date. */
  private void busy(ActorRef<ToWorker> worker) {
    idle.values().removeIf(waiting -> waiting.worker().at().equals(worker));
  }

  private void offerAll() {
    hints++;
    idle.values().forEach(waiting -> offer(waiting.worker()));
  }

  private void offer(Idle worker) {
    WorkerId id = worker.worker().id();
    if (asking.add(id)) {
      long asOf = hints;
      ask(
          "claim",
          () -> tasks.claim(worker.worker(), machine(worker), 1),
          claimed -> new Claimed(worker, asOf, claimed),
          new Claimed(worker, hints, List.of()));
    }
  }

  /** A worker of this very node has no address in its name. */
  private String machine(Idle worker) {
    return worker
        .at()
        .path()
        .address()
        .getHost()
        .or(() -> Cluster.get(getContext().getSystem()).selfMember().address().getHost())
        .orElse("here");
  }

  private void hand(Claimed claimed) {
    Idle worker = claimed.by();
    WorkerId id = worker.worker().id();
    asking.remove(id);
    boolean waits = idle.containsKey(id);
    if (claimed.tasks().isEmpty()) {
      // What became ready while the ledger was looking may have been missed.
      if (waits && claimed.asOf() != hints) {
        offer(worker);
      }
      return;
    }
    idle.remove(id);
    if (waits) {
      claimed.tasks().forEach(task -> worker.at().tell(new Run(task)));
    } else {
      // It died or was busy after all while the ledger gave it work; what else it holds is its own.
      claimed.tasks().forEach(task -> handBack(task, worker));
      settle();
    }
    claimed.tasks().forEach(task -> feed.publish(new Advanced(task.job())));
  }

  private void handBack(Task task, Idle worker) {
    Outcome untouched = new Outcome.Yielded(Optional.empty());
    Effort none = new Effort(worker.worker().numericClass(), 0, 0, 0, 0);
    endings.add(task.lease(), new Ended(task.lease(), untouched, none, worker.at()));
  }

  private void renew() {
    List<Beat> words = beats.take();
    if (!words.isEmpty()) {
      Map<Lease, Integer> steps = words.stream().collect(Collectors.toMap(Beat::lease, Beat::step));
      // No answer is no reason to abandon anything.
      ask(
          "renew",
          () -> tasks.renew(steps),
          stillOurs -> new Renewed(words, stillOurs),
          new Renewed(words, steps.keySet()));
    }
  }

  private static void abandon(Renewed renewed) {
    for (Beat beat : renewed.beats()) {
      if (!renewed.stillOurs().contains(beat.lease())) {
        LOG.info("a beat came too late: {} is no longer held", beat.lease());
        beat.from().tell(new Abandon(beat.lease()));
      }
    }
  }

  private void settle() {
    List<Ended> words = endings.take();
    if (!words.isEmpty()) {
      List<AttemptEnd> facts =
          words.stream()
              .map(word -> new AttemptEnd(word.lease(), word.outcome(), word.effort()))
              .toList();
      // Unheard, the workers say it again.
      ask("end", () -> tasks.end(facts), written -> new Settled(words, written), Signal.UNSETTLED);
    }
  }

  /** Those that were not written had lost their lease; they too need not be said again. */
  private void hear(Settled settled) {
    settled.endings().forEach(ended -> ended.from().tell(new Heard(ended.lease())));
    Set<Lease> held = settled.written().stream().map(Settlement::lease).collect(Collectors.toSet());
    settled.endings().stream()
        .map(Ended::lease)
        .filter(lease -> !held.contains(lease))
        .forEach(lease -> LOG.info("an ending came too late: {} is no longer held", lease));
    settled.written().stream()
        .map(Settlement::job)
        .distinct()
        .forEach(job -> feed.publish(new Advanced(job)));
    if (settled.written().stream().anyMatch(Settlement::freed)) {
      offerEverywhere();
    }
  }

  private void takeBack(WorkerId worker) {
    ask("take back", () -> tasks.lose(worker), TakenBack::new, Signal.NOTED);
  }

  private void announce(Set<JobId> jobs) {
    jobs.forEach(job -> feed.publish(new Advanced(job)));
    if (!jobs.isEmpty()) {
      offerEverywhere();
    }
  }

  private void offerEverywhere() {
    offerAll();
    colleagues.stream()
        .filter(colleague -> !colleague.equals(getContext().getSelf()))
        .forEach(colleague -> colleague.tell(new TasksReady()));
  }

  private void sweep() {
    // A worker that found another coordinator waits there.
    long forgotten = System.nanoTime() - cadence.beat().multipliedBy(3).toNanos();
    idle.entrySet()
        .removeIf(
            entry -> !asking.contains(entry.getKey()) && entry.getValue().said() - forgotten < 0);
    if (!sweeping) {
      sweeping = true;
      ask("sweep", tasks::expire, Swept::new, new Swept(Set.of()));
    }
    if (!tidying && !chores.isEmpty()) {
      tidying = true;
      ask("tidy up", this::doChores, _ -> Signal.TIDIED, Signal.TIDIED);
    }
  }

  private boolean doChores() {
    chores.forEach(Runnable::run);
    return true;
  }

  /** Asks the ledger, off this actor's thread; the answer comes back as a message. */
  private <T> void ask(
      String what,
      Supplier<T> question,
      Function<T, CoordinatorMessage> answer,
      CoordinatorMessage noAnswer) {
    getContext()
        .pipeToSelf(
            CompletableFuture.supplyAsync(question, jdbc),
            (value, broken) -> {
              if (broken == null) {
                return answer.apply(value);
              }
              Throwable cause = broken.getCause() == null ? broken : broken.getCause();
              if (cause instanceof StorageException) {
                LOG.warn("could not {}, will try again: {}", what, cause.toString());
              } else {
                LOG.error("could not {}, will try again", what, cause);
              }
              return noAnswer;
            });
  }
}
