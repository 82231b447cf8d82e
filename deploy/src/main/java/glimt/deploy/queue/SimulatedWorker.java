package glimt.deploy.queue;

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
import glimt.coordinator.Protocol.Yield;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.Work;
import glimt.job.WorkerCard;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.jspecify.annotations.Nullable;

/**
 * A worker whose device is simulated: a step of a sample takes a given time and computes nothing;
 * other work takes none. It yields, goes on from a checkpoint and repeats its words as a worker
 * with a device does.
 */
final class SimulatedWorker extends AbstractMatchingBehavior<SimulatedWorker.SimulatedMessage> {
  private static final Duration BEAT = Duration.ofSeconds(2);

  sealed interface SimulatedMessage {}

  private record Arrived(ToWorker word) implements SimulatedMessage {}

  private record SimulatedListing(Set<ActorRef<ToCoordinator>> all) implements SimulatedMessage {}

  /** Its process ends without a word; nothing that it did is in the log. */
  enum Death implements SimulatedMessage {
    NOW,
    /** When it has sent the next task that it hands back, without waiting for an answer. */
    AFTER_YIELD
  }

  private enum SimulatedTimer implements SimulatedMessage {
    BEAT,
    STEP
  }

  /**
   * What a device did for an attempt.
   *
   * @param began when {@code Run} arrived, in {@link System#nanoTime}
   * @param ended when its end was acknowledged; 0 at its beginning
   * @param from the steps done before it
   * @param step the steps done after it
   */
  record DeviceLog(
      String device, Task task, long began, long ended, int from, int step, boolean yielded) {
    double seconds() {
      return (ended - began) / 1e9;
    }

    int done() {
      return step - from;
    }
  }

  private final WorkerCard card;
  private final Function<Work.Sample, Duration> stepTime;
  private final Consumer<DeviceLog> log;
  private final Runnable died;
  private final TimerScheduler<SimulatedMessage> timers;
  private final ActorRef<ToWorker> here;
  private Optional<ActorRef<ToCoordinator>> coordinator = Optional.empty();
  private @Nullable DeviceLog doing;
  private @Nullable Ended report;
  private boolean yields;
  private boolean doomed;

  /** What a step of its task takes. */
  private Duration step = Duration.ZERO;

  /**
   * @param stepTime what a step of a task takes
   * @param died runs at its {@link Death}
   */
  static Behavior<SimulatedMessage> create(
      WorkerCard card,
      Function<Work.Sample, Duration> stepTime,
      Consumer<DeviceLog> log,
      Runnable died) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(SimulatedTimer.BEAT, BEAT);
                  return new SimulatedWorker(context, timers, card, stepTime, log, died);
                }));
  }

  private SimulatedWorker(
      ActorContext<SimulatedMessage> context,
      TimerScheduler<SimulatedMessage> timers,
      WorkerCard card,
      Function<Work.Sample, Duration> stepTime,
      Consumer<DeviceLog> log,
      Runnable died) {
    super(context);
    this.card = card;
    this.stepTime = stepTime;
    this.log = log;
    this.died = died;
    this.timers = timers;
    this.here = context.messageAdapter(ToWorker.class, Arrived::new);
    ActorRef<Receptionist.Command> receptionist = context.getSystem().receptionist();
    // All message adapters of an actor share one reference, which cannot both register and
    // subscribe.
    ActorRef<SimulatedMessage> self = context.getSelf();
    ActorRef<Receptionist.Listing> lookout =
        context.spawn(
            Behaviors.receiveMessage(
                listing -> {
                  self.tell(
                      new SimulatedListing(listing.getServiceInstances(Protocol.COORDINATORS)));
                  return Behaviors.same();
                }),
            "coordinators");
    receptionist.tell(Receptionist.subscribe(Protocol.COORDINATORS, lookout));
    // Coordinators tell all workers that a job changed.
    receptionist.tell(Receptionist.register(Protocol.WORKERS, here));
  }

  @Override
  public Behavior<SimulatedMessage> onMessage(SimulatedMessage message) {
    switch (message) {
      case SimulatedListing(Set<ActorRef<ToCoordinator>> all) -> {
        coordinator = all.stream().findFirst();
        speak();
      }
      case Arrived(ToWorker word) -> hear(word);
      case SimulatedTimer timer -> {
        switch (timer) {
          case BEAT -> speak();
          case STEP -> step();
        }
      }
      case Death death -> {
        switch (death) {
          case NOW -> {
            died.run();
            return Behaviors.stopped();
          }
          case AFTER_YIELD -> doomed = true;
        }
      }
    }
    return this;
  }

  private void hear(ToWorker word) {
    DeviceLog now = doing;
    switch (word) {
      case Run(Task task) -> begin(task);
      case Heard(Lease lease) -> {
        Ended said = report;
        if (said != null && said.lease().equals(lease) && now != null) {
          boolean yielded = said.outcome() instanceof Outcome.Yielded;
          log.accept(
              new DeviceLog(
                  now.device(),
                  now.task(),
                  now.began(),
                  System.nanoTime(),
                  now.from(),
                  now.step(),
                  yielded));
          forget();
        }
      }
      case Abandon(Lease lease) -> {
        if (now != null && now.task().lease().equals(lease)) {
          forget();
        }
      }
      case Yield(Lease lease) -> yields |= now != null && now.task().lease().equals(lease);
      case Changed(var job) -> {
        if (now != null && now.task().job().equals(job)) {
          speak();
        }
      }
      case Watched _, Describe _ -> {}
    }
  }

  private void begin(Task task) {
    int from = task.checkpoints().stream().mapToInt(Checkpoint::step).max().orElse(0);
    DeviceLog now = new DeviceLog(card.id().value(), task, System.nanoTime(), 0, from, from, false);
    doing = now;
    report = null;
    yields = false;
    log.accept(now);
    if (task.work() instanceof Work.Sample sample) {
      step = stepTime.apply(sample);
      next(now);
    } else {
      end(now, Made.of(task), task.work().steps());
    }
  }

  /** Steps end at fixed times since the beginning, so that late timers add nothing up. */
  private void next(DeviceLog now) {
    long end = now.began() + step.toNanos() * (now.done() + 1);
    timers.startSingleTimer(
        SimulatedTimer.STEP, Duration.ofNanos(Math.max(1, end - System.nanoTime())));
  }

  private void step() {
    DeviceLog before = doing;
    if (before == null || report != null) {
      return;
    }
    DeviceLog now =
        new DeviceLog(
            before.device(),
            before.task(),
            before.began(),
            0,
            before.from(),
            before.step() + 1,
            false);
    doing = now;
    if (now.step() >= now.task().work().steps()) {
      end(now, Made.of(now.task()), now.step());
    } else if (yields) {
      handBack(now);
    } else {
      next(now);
    }
  }

  private void handBack(DeviceLog now) {
    Checkpoint checkpoint = checkpoint(now);
    coordinator.ifPresent(one -> one.tell(new Checkpointed(now.task().lease(), checkpoint)));
    end(now, new Outcome.Yielded(Optional.of(checkpoint)), now.step());
    if (doomed) {
      getContext().getSelf().tell(Death.NOW);
    }
  }

  private Checkpoint checkpoint(DeviceLog now) {
    ArtifactId state =
        new ArtifactId(
            String.format(
                Locale.ROOT, "%032x%032x", now.task().lease().task().value(), 1000L + now.step()));
    return new Checkpoint(state, now.step(), card.numericClass());
  }

  private void end(DeviceLog now, Outcome outcome, int step) {
    double seconds = Math.max(1e-3, (System.nanoTime() - now.began()) / 1e9);
    Effort effort =
        new Effort(card.numericClass(), now.from(), step - now.from(), seconds, seconds);
    report = new Ended(now.task().lease(), outcome, effort, here);
    speak();
  }

  private void forget() {
    doing = null;
    report = null;
    yields = false;
    timers.cancel(SimulatedTimer.STEP);
    speak();
  }

  private void speak() {
    DeviceLog now = doing;
    ToCoordinator word = report;
    if (word == null) {
      word = now == null ? new Idle(card, here) : new Beat(now.task().lease(), now.step(), here);
    }
    ToCoordinator said = word;
    coordinator.ifPresent(one -> one.tell(said));
  }
}
