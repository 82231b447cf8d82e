package glimt.deploy.queue;

import glimt.coordinator.Protocol;
import glimt.coordinator.Protocol.Abandon;
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
import glimt.job.Lease;
import glimt.job.Task;
import glimt.job.WorkerCard;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/** A worker that reports each task as done as soon as it receives it, and records when that was. */
final class InstantWorker extends AbstractMatchingBehavior<InstantWorker.InstantWorkerMessage> {
  private static final Duration BEAT = Duration.ofSeconds(2);

  sealed interface InstantWorkerMessage {}

  private record Delivered(ToWorker word) implements InstantWorkerMessage {}

  private record CoordinatorListing(Set<ActorRef<ToCoordinator>> all)
      implements InstantWorkerMessage {}

  private enum InstantTimer implements InstantWorkerMessage {
    BEAT
  }

  /**
   * A task was received, or its end was acknowledged.
   *
   * @param nanos when that happened, in {@link System#nanoTime}
   */
  record TaskNews(Task task, boolean ended, long nanos) {}

  private final WorkerCard card;
  private final BlockingQueue<TaskNews> news;
  private final ActorRef<ToWorker> here;
  private Optional<ActorRef<ToCoordinator>> coordinator = Optional.empty();
  private Optional<Task> reporting = Optional.empty();

  static Behavior<InstantWorkerMessage> create(WorkerCard card, BlockingQueue<TaskNews> news) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(InstantTimer.BEAT, BEAT);
                  return new InstantWorker(context, card, news);
                }));
  }

  private InstantWorker(
      ActorContext<InstantWorkerMessage> context, WorkerCard card, BlockingQueue<TaskNews> news) {
    super(context);
    this.card = card;
    this.news = news;
    this.here = context.messageAdapter(ToWorker.class, Delivered::new);
    context
        .getSystem()
        .receptionist()
        .tell(
            Receptionist.subscribe(
                Protocol.COORDINATORS,
                context.messageAdapter(
                    Receptionist.Listing.class,
                    listing ->
                        new CoordinatorListing(
                            listing.getServiceInstances(Protocol.COORDINATORS)))));
  }

  @Override
  public Behavior<InstantWorkerMessage> onMessage(InstantWorkerMessage message) {
    switch (message) {
      case CoordinatorListing(Set<ActorRef<ToCoordinator>> all) -> {
        coordinator = all.stream().findFirst();
        speak();
      }
      case Delivered(Run(Task task)) -> {
        news.add(new TaskNews(task, false, System.nanoTime()));
        reporting = Optional.of(task);
        speak();
      }
      case Delivered(Heard(Lease lease)) -> {
        // A report that was repeated is acknowledged twice, perhaps during the next task.
        if (reporting.isPresent() && reporting.get().lease().equals(lease)) {
          news.add(new TaskNews(reporting.get(), true, System.nanoTime()));
          reporting = Optional.empty();
          speak();
        }
      }
      case Delivered(Abandon _),
          Delivered(Watched _),
          Delivered(Changed _),
          Delivered(Yield _),
          Delivered(Describe _) -> {}
      case InstantTimer _ -> speak();
    }
    return this;
  }

  private void speak() {
    ToCoordinator word =
        reporting
            .<ToCoordinator>map(task -> new Ended(task.lease(), Made.of(task), Made.EFFORT, here))
            .orElseGet(() -> new Idle(card, here));
    coordinator.ifPresent(one -> one.tell(word));
  }
}
