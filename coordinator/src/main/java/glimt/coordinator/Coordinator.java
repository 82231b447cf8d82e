package glimt.coordinator;

import glimt.coordinator.IdleWorkers.Askers;
import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Advanced;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Changed;
import glimt.coordinator.Protocol.Checkpointed;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.TasksReady;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Protocol.Yield;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerId;
import glimt.ledger.AttemptEnd;
import glimt.ledger.Renewal;
import glimt.ledger.Seeker;
import glimt.ledger.Settlement;
import glimt.ledger.Tasks;
import glimt.storage.StorageException;
import java.time.Duration;
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
 * Assigns ready tasks to idle workers. Its only state is the set of idle workers and the pending
 * calls to the ledger. So any number of coordinators may run, each may receive any message, and
 * nothing is lost when one dies.
 *
 * <p>It does not rely on the delivery of messages. Idle workers repeat {@link Idle}, workers repeat
 * {@link Ended} until it is acknowledged, and every sweep reads the ledger again.
 */
public final class Coordinator extends AbstractMatchingBehavior<Coordinator.CoordinatorMessage> {
  private static final Logger LOG = LoggerFactory.getLogger(Coordinator.class);

  /** The messages of this actor: those of {@link Protocol}, and its own. */
  public sealed interface CoordinatorMessage permits ToCoordinator, Internal {}

  private sealed interface Internal extends CoordinatorMessage {}

  /**
   * The ledger answered a claim.
   *
   * @param dry whether there was no task, not for other workers either
   */
  private record Claimed(Askers by, Map<WorkerId, Task> tasks, boolean dry) implements Internal {}

  private record Renewed(List<Beat> beats, Renewal renewal) implements Internal {}

  private record Settled(List<Ended> endings, List<Settlement> written) implements Internal {}

  private record Swept(Set<JobId> jobs) implements Internal {}

  private record Gone(WorkerId worker, ActorRef<ToWorker> at) implements Internal {}

  private record TakenBack(Set<JobId> jobs) implements Internal {}

  private record Colleagues(Set<ActorRef<ToCoordinator>> all) implements Internal {}

  private record WorkersFound(Set<ActorRef<ToWorker>> all) implements Internal {}

  /**
   * The tasks of these jobs are to make room for urgent ones.
   *
   * @param asOf the value of {@link IdleWorkers#hints} when the ledger was asked
   */
  private record Preempted(long asOf, Set<JobId> jobs) implements Internal {}

  private enum Signal implements Internal {
    SWEEP,
    UNSETTLED,
    TIDIED,
    /** The ledger answered a call whose result needs no action. */
    NOTED
  }

  private final Tasks tasks;
  private final Executor jdbc;
  private final Feed feed;
  private final Cadence cadence;
  private final List<Runnable> chores;

  private final IdleWorkers idle = new IdleWorkers(this::seeker);
  private final Gathering<Beat> beats = new Gathering<>();
  private final Gathering<Ended> endings = new Gathering<>();
  private final Set<Gone> gone = new HashSet<>();
  private Set<ActorRef<ToCoordinator>> colleagues = Set.of();
  private Set<ActorRef<ToWorker>> workers = Set.of();

  private boolean sweeping;
  private boolean preempting;
  private boolean tidying;

  /**
   * Returns the behavior of a new coordinator.
   *
   * @param jdbc runs the ledger's blocking calls
   * @param chores further work for every sweep; it may take long, and may fail
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
    // A restart loses nothing, since workers repeat their messages.
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
    ActorRef<Receptionist.Listing> found =
        context.messageAdapter(Receptionist.Listing.class, Coordinator::found);
    receptionist.tell(Receptionist.subscribe(Protocol.COORDINATORS, found));
    receptionist.tell(Receptionist.subscribe(Protocol.WORKERS, found));
  }

  private static CoordinatorMessage found(Receptionist.Listing listing) {
    return listing.isForKey(Protocol.WORKERS)
        ? new WorkersFound(listing.getServiceInstances(Protocol.WORKERS))
        : new Colleagues(listing.getServiceInstances(Protocol.COORDINATORS));
  }

  @Override
  public Behavior<CoordinatorMessage> onMessage(CoordinatorMessage message) {
    switch (message) {
      case TasksReady _ -> {
        offerAll();
        preempt();
      }
      case Idle worker -> welcome(worker);
      case Claimed claimed -> hand(claimed);
      case Beat beat -> {
        idle.busy(beat.from());
        beats.add(beat.lease(), beat);
        renew();
      }
      case Renewed renewed -> {
        beats.back(true);
        stop(renewed);
        renew();
      }
      // If the lease is lost, the answer to the worker's next beat says so.
      case Checkpointed(Lease lease, Checkpoint checkpoint) ->
          ask(
              "store a checkpoint",
              () -> tasks.checkpoint(lease, checkpoint),
              _ -> Signal.NOTED,
              Signal.NOTED);
      case Ended ended -> {
        idle.busy(ended.from());
        endings.add(ended.lease(), ended);
        settle();
      }
      case Settled settled -> {
        endings.back(true);
        hear(settled);
        takeBack();
        settle();
      }
      case Gone worker -> {
        idle.remove(worker.worker());
        gone.add(worker);
        takeBack();
      }
      case TakenBack(Set<JobId> jobs) -> announce(jobs);
      case Swept(Set<JobId> jobs) -> {
        sweeping = false;
        announce(jobs);
        // Offered at every sweep, since a TasksReady may have been lost.
        offerAll();
        preempt();
      }
      case Colleagues(Set<ActorRef<ToCoordinator>> all) -> colleagues = all;
      case WorkersFound(Set<ActorRef<ToWorker>> all) -> workers = all;
      case Preempted(long asOf, Set<JobId> jobs) -> {
        preempting = false;
        jobs.forEach(job -> workers.forEach(worker -> worker.tell(new Changed(job))));
        if (asOf != idle.hints()) {
          preempt();
        }
      }
      case Signal signal -> {
        switch (signal) {
          case SWEEP -> sweep();
          case UNSETTLED -> {
            endings.back(false);
            takeBack();
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
    getContext().watchWith(worker.at(), new Gone(id, worker.at()));
    idle.said(worker, System.nanoTime());
    claim();
  }

  private void offerAll() {
    idle.hinted();
    claim();
  }

  /** Makes room for urgent tasks; the ledger knows whether a worker is free for them. */
  private void preempt() {
    if (!preempting) {
      preempting = true;
      long asOf = idle.hints();
      ask(
          "make room for urgent tasks",
          tasks::preempt,
          jobs -> new Preempted(asOf, jobs),
          new Preempted(asOf, Set.of()));
    }
  }

  /** Claims tasks for those whose turn it is. */
  private void claim() {
    for (Askers next = idle.next(); !next.isEmpty(); next = idle.next()) {
      Askers askers = next;
      ask(
          "claim tasks",
          () -> {
            Map<WorkerId, Task> claimed = tasks.claim(askers.seekers());
            return new Claimed(askers, claimed, claimed.isEmpty() && !tasks.anyInLine());
          },
          claimed -> claimed,
          new Claimed(askers, Map.of(), false));
    }
  }

  /** The reference to a worker in this process has no host in its path. */
  private Seeker seeker(Idle worker) {
    String host =
        worker
            .at()
            .path()
            .address()
            .getHost()
            .or(() -> Cluster.get(getContext().getSystem()).selfMember().address().getHost())
            .orElse("here");
    return new Seeker(worker.worker(), host, worker.times());
  }

  private void hand(Claimed claimed) {
    Map<WorkerId, Task> given = claimed.tasks();
    Set<WorkerId> waiting = given.keySet().stream().filter(idle::waits).collect(Collectors.toSet());
    idle.answered(claimed.by(), given.keySet(), claimed.dry(), System.nanoTime());
    given.keySet().forEach(idle::remove);
    claim();
    if (!given.isEmpty() && claimed.by().asOf() != idle.hints()) {
      // A worker seemed free for an urgent task that became ready while the claim ran.
      preempt();
    }
    for (Idle worker : claimed.by().words()) {
      Task task = given.get(worker.worker().id());
      if (task == null) {
        continue;
      }
      if (waiting.contains(worker.worker().id())) {
        idle.sent(worker);
        worker.at().tell(new Run(task));
      } else {
        // The worker died, or turned out to be busy, while the claim ran. Only the new task is
        // given back; it may still be working on others.
        handBack(task, worker);
      }
      feed.publish(new Advanced(task.job()));
    }
    settle();
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
      // If the ledger does not answer, the workers keep their tasks.
      ask(
          "renew leases",
          () -> tasks.renew(steps),
          renewal -> new Renewed(words, renewal),
          new Renewed(words, new Renewal(steps.keySet(), Set.of())));
    }
  }

  private static void stop(Renewed renewed) {
    for (Beat beat : renewed.beats()) {
      if (renewed.renewal().yielding().contains(beat.lease())) {
        beat.from().tell(new Yield(beat.lease()));
      } else if (!renewed.renewal().held().contains(beat.lease())) {
        LOG.info("a heartbeat came too late: {} is no longer held", beat.lease());
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
      // If this fails, the workers repeat their messages.
      ask(
          "store the ends of attempts",
          () -> tasks.end(facts),
          written -> new Settled(words, written),
          Signal.UNSETTLED);
    }
  }

  /**
   * Acknowledges endings. Those that were not written had lost their lease; they are acknowledged
   * too, so that the worker stops repeating them.
   */
  private void hear(Settled settled) {
    settled.endings().forEach(ended -> ended.from().tell(new Heard(ended.lease())));
    Set<Lease> held = settled.written().stream().map(Settlement::lease).collect(Collectors.toSet());
    settled.endings().stream()
        .map(Ended::lease)
        .filter(lease -> !held.contains(lease))
        .forEach(
            lease -> LOG.info("the end of an attempt came too late: {} is no longer held", lease));
    settled.written().stream()
        .map(Settlement::job)
        .distinct()
        .forEach(job -> feed.publish(new Advanced(job)));
    if (settled.written().stream().anyMatch(Settlement::freed)) {
      offerEverywhere();
    }
  }

  /** Takes the tasks of dead workers back, once what these said of their ends is written. */
  private void takeBack() {
    List<Gone> silent =
        gone.stream()
            .filter(dead -> !endings.holds(ended -> ended.from().equals(dead.at())))
            .toList();
    silent.forEach(gone::remove);
    silent.stream()
        .map(Gone::worker)
        .forEach(
            worker ->
                ask(
                    "take back the tasks of " + worker,
                    () -> tasks.lose(worker),
                    TakenBack::new,
                    Signal.NOTED));
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
    // A worker that has not repeated its Idle has probably chosen another coordinator.
    long now = System.nanoTime();
    idle.forget(now - cadence.beat().multipliedBy(3).toNanos());
    List<WorkerId> unheard = idle.unheard(now - cadence.lease().dividedBy(3).toNanos(), now);
    if (!unheard.isEmpty()) {
      ask("note who is idle", () -> tasks.seen(unheard), _ -> Signal.NOTED, Signal.NOTED);
    }
    if (!sweeping) {
      sweeping = true;
      ask("look for expired leases", tasks::expire, Swept::new, new Swept(Set.of()));
    }
    if (!tidying && !chores.isEmpty()) {
      tidying = true;
      ask("do the chores of a sweep", this::doChores, _ -> Signal.TIDIED, Signal.TIDIED);
    }
  }

  private boolean doChores() {
    chores.forEach(Runnable::run);
    return true;
  }

  /**
   * Calls the ledger on the executor {@code jdbc}; the result arrives as a message.
   *
   * @param what the action, for the log if it fails
   * @param noAnswer the message if the call fails
   */
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
                LOG.warn("could not {}; will try again: {}", what, cause.toString());
              } else {
                LOG.error("could not {}; will try again", what, cause);
              }
              return noAnswer;
            });
  }
}
