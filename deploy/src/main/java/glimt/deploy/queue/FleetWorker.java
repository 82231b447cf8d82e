package glimt.deploy.queue;

import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Changed;
import glimt.coordinator.Protocol.Describe;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Protocol.Watched;
import glimt.coordinator.Protocol.Yield;
import glimt.job.Effort;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Task;
import glimt.job.WorkerCard;
import java.time.Duration;
import java.util.Optional;
import java.util.SplittableRandom;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.jspecify.annotations.Nullable;

/**
 * One of very many workers, whose tasks take a drawn time and no device. It says what a worker
 * says, as often: that it is idle, its beats and its endings, each until it is answered.
 */
final class FleetWorker extends AbstractMatchingBehavior<FleetWorker.FleetMessage> {
  static final Duration BEAT = Duration.ofSeconds(2);

  sealed interface FleetMessage {}

  /** Who hears all words; told once there is one. */
  record Found(ActorRef<ToCoordinator> coordinator) implements FleetMessage {}

  private record Brought(ToWorker word) implements FleetMessage {}

  private enum FleetTimer implements FleetMessage {
    BEAT,
    FIRST_BEAT,
    DONE
  }

  private final WorkerCard card;
  private final FleetCount count;
  private final Duration taskTime;
  private final SplittableRandom random;
  private final TimerScheduler<FleetMessage> timers;
  private final ActorRef<ToWorker> here;
  private Optional<ActorRef<ToCoordinator>> coordinator = Optional.empty();
  private @Nullable Task doing;
  private @Nullable Ended report;
  private long began;

  /** Since when it has been idle, in {@link System#nanoTime}; 0 before its first task. */
  private long freeSince;

  private long endedAt;

  /**
   * @param taskTime what a task takes on average; each takes half to one and a half times as long
   */
  static Behavior<FleetMessage> create(
      WorkerCard card, FleetCount count, Duration taskTime, SplittableRandom random) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  // Workers that started together do not beat together.
                  timers.startSingleTimer(
                      FleetTimer.FIRST_BEAT, Duration.ofNanos(random.nextLong(BEAT.toNanos())));
                  return new FleetWorker(context, timers, card, count, taskTime, random);
                }));
  }

  private FleetWorker(
      ActorContext<FleetMessage> context,
      TimerScheduler<FleetMessage> timers,
      WorkerCard card,
      FleetCount count,
      Duration taskTime,
      SplittableRandom random) {
    super(context);
    this.card = card;
    this.count = count;
    this.taskTime = taskTime;
    this.random = random;
    this.timers = timers;
    this.here = context.messageAdapter(ToWorker.class, Brought::new);
  }

  @Override
  public Behavior<FleetMessage> onMessage(FleetMessage message) {
    switch (message) {
      case Found(ActorRef<ToCoordinator> found) -> coordinator = Optional.of(found);
      case Brought(ToWorker word) -> hear(word);
      case FleetTimer timer -> {
        switch (timer) {
          case FIRST_BEAT -> {
            timers.startTimerWithFixedDelay(FleetTimer.BEAT, BEAT);
            speak();
          }
          case BEAT -> speak();
          case DONE -> done();
        }
      }
    }
    return this;
  }

  private void hear(ToWorker word) {
    switch (word) {
      case Run(Task task) -> begin(task);
      case Heard(Lease lease) -> {
        if (report != null && report.lease().equals(lease)) {
          count.heard(System.nanoTime() - endedAt);
          forget();
          freeSince = System.nanoTime();
          speak();
        }
      }
      case Abandon(Lease lease) -> {
        if (doing != null && doing.lease().equals(lease)) {
          count.abandoned();
          forget();
          speak();
        }
      }
      case Yield _, Changed _, Watched _, Describe _ -> {}
    }
  }

  private void begin(Task task) {
    began = System.nanoTime();
    count.began(task.job(), began, freeSince == 0 ? -1 : began - freeSince);
    doing = task;
    report = null;
    timers.startSingleTimer(
        FleetTimer.DONE,
        Duration.ofNanos(Math.max(1, (long) (taskTime.toNanos() * random.nextDouble(0.5, 1.5)))));
  }

  private void done() {
    Task task = doing;
    if (task == null) {
      return;
    }
    endedAt = System.nanoTime();
    double seconds = Math.max(1e-3, (endedAt - began) / 1e9);
    Outcome made = Made.of(task);
    Effort effort = new Effort(card.numericClass(), 0, task.work().steps(), seconds, seconds);
    report = new Ended(task.lease(), made, effort, here);
    speak();
  }

  private void forget() {
    doing = null;
    report = null;
    timers.cancel(FleetTimer.DONE);
  }

  private void speak() {
    Task now = doing;
    ToCoordinator word = report;
    if (word == null) {
      word = now == null ? new Idle(card, here) : new Beat(now.lease(), 0, here);
    }
    count.said(word);
    ToCoordinator said = word;
    coordinator.ifPresent(one -> one.tell(said));
  }
}
