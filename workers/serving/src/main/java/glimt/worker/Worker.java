package glimt.worker;

import glimt.coordinator.Cadence;
import glimt.coordinator.Feed;
import glimt.coordinator.Protocol;
import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Changed;
import glimt.coordinator.Protocol.Checkpointed;
import glimt.coordinator.Protocol.Describe;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Protocol.Watched;
import glimt.coordinator.Protocol.WorkerView;
import glimt.coordinator.Protocol.Yield;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.JobId;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerCard;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Executor;
import org.apache.pekko.Done;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The actor of one device slot. It asks a coordinator for tasks, runs one attempt at a time on the
 * slot's thread, renews the lease by heartbeats, and repeats the attempt's end until a coordinator
 * acknowledges it.
 */
public final class Worker extends AbstractMatchingBehavior<Worker.WorkerMessage> {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);

  /** How long a job counts as watched after a {@link Watched}. */
  private static final Duration LOOK = Duration.ofSeconds(3);

  /** The messages of this actor. */
  public sealed interface WorkerMessage {}

  /** A message of the protocol. */
  private record FromFarm(ToWorker word) implements WorkerMessage {}

  private record CoordinatorsFound(Set<ActorRef<ToCoordinator>> all) implements WorkerMessage {}

  private record Saved(Lease lease, Checkpoint checkpoint) implements WorkerMessage {}

  /** The attempt has an outcome, and the thread is free again. */
  private record Finished(Attempt attempt, Outcome outcome) implements WorkerMessage {}

  /** The attempt stopped because it was told to, and the thread is free again. */
  private record Stopped(Attempt attempt) implements WorkerMessage {}

  /** The attempt threw an error after which the JVM must not go on. */
  private record Doomed(Error error) implements WorkerMessage {}

  /** Tells the worker to hand back its task and take no other, and then to answer. */
  record Leave(ActorRef<Done> to) implements WorkerMessage {}

  private enum WorkerTimer implements WorkerMessage {
    BEAT
  }

  private sealed interface Doing {}

  private record Nothing() implements Doing {}

  private record Making(Attempt attempt) implements Doing {}

  private record Reporting(Ended ended) implements Doing {}

  private final WorkerCard card;
  private final Maker maker;
  private final Executor thread;
  private final Feed feed;
  private final Cadence cadence;
  private final Runnable hung;
  private final ActorRef<ToWorker> here;

  /** Until when each job counts as watched, in {@link System#nanoTime}. */
  private final Map<JobId, Long> looks = new HashMap<>();

  private Optional<ActorRef<ToCoordinator>> coordinator = Optional.empty();
  private Optional<ActorRef<Done>> leaving = Optional.empty();
  private final Lifetime lifetime = new Lifetime(System::nanoTime);
  private Doing doing = new Nothing();
  private long steppedAt;
  private int beatsSinceStep;

  /**
   * Returns the behavior of a new worker.
   *
   * @param thread the slot's thread; must run one call at a time, always on the same thread
   * @param hung called when a step takes longer than the cadence's stall; it should end the
   *     process, because the step's thread cannot be stopped
   */
  static Behavior<WorkerMessage> create(
      WorkerCard card, Maker maker, Executor thread, Feed feed, Cadence cadence, Runnable hung) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(WorkerTimer.BEAT, cadence.beat());
                  return new Worker(context, card, maker, thread, feed, cadence, hung);
                }));
  }

  private Worker(
      ActorContext<WorkerMessage> context,
      WorkerCard card,
      Maker maker,
      Executor thread,
      Feed feed,
      Cadence cadence,
      Runnable hung) {
    super(context);
    this.card = card;
    this.maker = maker;
    this.thread = thread;
    this.feed = feed;
    this.cadence = cadence;
    this.hung = hung;
    this.here = context.messageAdapter(ToWorker.class, FromFarm::new);
    ActorRef<Receptionist.Command> receptionist = context.getSystem().receptionist();
    receptionist.tell(Receptionist.register(Protocol.WORKERS, here));
    // All message adapters of an actor share one reference, which cannot both register and
    // subscribe.
    ActorRef<WorkerMessage> self = context.getSelf();
    ActorRef<Receptionist.Listing> lookout =
        context.spawn(
            Behaviors.receiveMessage(
                listing -> {
                  self.tell(
                      new CoordinatorsFound(listing.getServiceInstances(Protocol.COORDINATORS)));
                  return Behaviors.same();
                }),
            "lookout");
    receptionist.tell(Receptionist.subscribe(Protocol.COORDINATORS, lookout));
  }

  @Override
  public Behavior<WorkerMessage> onMessage(WorkerMessage message) {
    switch (message) {
      case FromFarm(Run(Task task)) -> run(task);
      case FromFarm(Abandon(Lease lease)) -> abandon(lease);
      case FromFarm(Yield(Lease lease)) -> {
        if (doing instanceof Making(Attempt attempt) && attempt.task().lease().equals(lease)) {
          attempt.leave();
        }
      }
      case FromFarm(Heard(Lease lease)) -> heard(lease);
      case FromFarm(Watched(JobId job)) -> watched(job);
      case FromFarm(Changed(JobId job)) -> {
        if (doing instanceof Making(Attempt attempt) && attempt.task().job().equals(job)) {
          beat();
        }
      }
      case FromFarm(Describe(ActorRef<WorkerView> to)) -> to.tell(view());
      case CoordinatorsFound(Set<ActorRef<ToCoordinator>> all) -> choose(all);
      case Saved(Lease lease, Checkpoint checkpoint) -> tell(new Checkpointed(lease, checkpoint));
      case Finished(Attempt attempt, Outcome outcome) -> {
        CrashPoint.BEFORE_REPORT.reached();
        finish(attempt, outcome);
      }
      case Stopped(Attempt attempt) -> finish(attempt, new Outcome.Yielded(attempt.latest()));
      // Throwing a fatal error from an actor ends the process.
      case Doomed(Error error) -> throw error;
      case Leave(ActorRef<Done> to) -> leave(to);
      case WorkerTimer _ -> {
        looks.values().removeIf(until -> until - System.nanoTime() < 0);
        watchSteps();
        beat();
      }
    }
    return this;
  }

  /** Sends or repeats the message of the current state: idle, heartbeat or end. */
  private void beat() {
    switch (doing) {
      case Nothing _ -> {
        if (leaving.isEmpty()) {
          tell(new Idle(card.warm(maker.warm()), lifetime.idle(), here));
        }
      }
      case Making(Attempt attempt) -> {
        if (!attempt.abandoned()) {
          tell(new Beat(attempt.task().lease(), attempt.step(), here));
        }
      }
      case Reporting(Ended ended) -> tell(ended);
    }
  }

  /**
   * Detects a hanging step. It counts heartbeats rather than time, so that a process that was
   * frozen for a while does not count as hanging.
   */
  private void watchSteps() {
    if (doing instanceof Making(Attempt attempt)) {
      beatsSinceStep = attempt.steppedAt() == steppedAt ? beatsSinceStep + 1 : 0;
      steppedAt = attempt.steppedAt();
      if (cadence.beat().multipliedBy(beatsSinceStep).compareTo(cadence.stall()) > 0) {
        LOG.error(
            "task {} has not finished a step for {} since step {}; ending this process",
            attempt.task().lease(),
            cadence.stall(),
            attempt.step());
        hung.run();
      }
    }
  }

  private void run(Task task) {
    switch (doing) {
      case Nothing _ when leaving.isEmpty() -> begin(task);
      // The same Run may arrive twice.
      case Making(Attempt attempt) when attempt.task().lease().equals(task.lease()) -> {}
      case Reporting(Ended ended) when ended.lease().equals(task.lease()) -> {}
      case Nothing _, Making _, Reporting _ -> {
        // A second coordinator assigned another task, which is handed back.
        Outcome back = new Outcome.Yielded(Optional.empty());
        tell(new Ended(task.lease(), back, new Effort(card.numericClass(), 0, 0, 0, 0), here));
      }
    }
  }

  private void begin(Task task) {
    ActorRef<WorkerMessage> self = getContext().getSelf();
    Attempt attempt =
        new Attempt(
            task,
            feed::publish,
            checkpoint -> self.tell(new Saved(task.lease(), checkpoint)),
            lifetime.begins());
    attempt.watched(looks.getOrDefault(task.job(), System.nanoTime()));
    doing = new Making(attempt);
    thread.execute(() -> self.tell(made(attempt)));
  }

  /** Makes the attempt on the slot's thread, and returns the message about its end. */
  private WorkerMessage made(Attempt attempt) {
    try {
      return new Finished(attempt, maker.make(attempt.task(), attempt));
    } catch (InternalError | UnknownError doomed) {
      return new Doomed(doomed);
    } catch (Throwable broken) {
      if (broken instanceof InterruptedException && attempt.stopping()) {
        return new Stopped(attempt);
      }
      Outcome failed =
          Blame.damage(broken).map(Outcome.class::cast).orElseGet(() -> Blame.of(broken));
      LOG.warn("task {} failed: {}", attempt.task().lease(), failed, broken);
      return new Finished(attempt, failed);
    }
  }

  private void finish(Attempt attempt, Outcome outcome) {
    if (attempt.abandoned()) {
      free();
    } else {
      // By the instants at which the lifetime turns, or the two would not add up.
      long ended = lifetime.reports();
      doing =
          new Reporting(
              new Ended(
                  attempt.task().lease(),
                  outcome,
                  attempt.effort(card.numericClass(), ended),
                  here));
      beat();
    }
  }

  private void abandon(Lease lease) {
    if (doing instanceof Making(Attempt attempt) && attempt.task().lease().equals(lease)) {
      attempt.abandon();
    }
  }

  private void heard(Lease lease) {
    if (doing instanceof Reporting(Ended ended) && ended.lease().equals(lease)) {
      free();
    }
  }

  private void free() {
    lifetime.frees();
    doing = new Nothing();
    leaving.ifPresentOrElse(to -> to.tell(Done.getInstance()), this::beat);
  }

  private void watched(JobId job) {
    long until = System.nanoTime() + LOOK.toNanos();
    looks.put(job, until);
    if (doing instanceof Making(Attempt attempt) && attempt.task().job().equals(job)) {
      attempt.watched(until);
    }
  }

  private void leave(ActorRef<Done> to) {
    leaving = Optional.of(to);
    getContext().getSystem().receptionist().tell(Receptionist.deregister(Protocol.WORKERS, here));
    switch (doing) {
      case Nothing _ -> to.tell(Done.getInstance());
      case Making(Attempt attempt) -> attempt.leave();
      case Reporting _ -> {}
    }
  }

  /** Chooses a coordinator by a hash, so that it rarely changes and workers spread over them. */
  private void choose(Set<ActorRef<ToCoordinator>> all) {
    Optional<ActorRef<ToCoordinator>> chosen =
        all.stream().max(Comparator.comparingInt(one -> (card.id() + " " + one.path()).hashCode()));
    if (!chosen.equals(coordinator)) {
      coordinator = chosen;
      beat();
    }
  }

  private void tell(ToCoordinator word) {
    coordinator.ifPresent(one -> one.tell(word));
  }

  private WorkerView view() {
    return switch (doing) {
      case Nothing _ -> new WorkerView(card, Optional.empty(), Optional.empty(), 0);
      case Making(Attempt attempt) ->
          new WorkerView(
              card,
              Optional.of(attempt.task().job()),
              Optional.of(attempt.task().lease()),
              attempt.step());
      case Reporting(Ended ended) ->
          new WorkerView(
              card, Optional.empty(), Optional.of(ended.lease()), ended.effort().steps());
    };
  }
}
