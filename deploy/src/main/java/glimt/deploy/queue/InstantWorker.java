package glimt.deploy.queue;

import glimt.coordinator.Protocol;
import glimt.coordinator.Protocol.Abandon;
import glimt.coordinator.Protocol.Cancelled;
import glimt.coordinator.Protocol.Describe;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.Heard;
import glimt.coordinator.Protocol.Idle;
import glimt.coordinator.Protocol.Run;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Protocol.Watched;
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
final class InstantWorker extends AbstractMatchingBehavior<InstantWorker.Message> {
  private static final Duration BEAT = Duration.ofSeconds(2);

  sealed interface Message {}

  private record Said(ToWorker word) implements Message {}

  private record Coordinators(Set<ActorRef<ToCoordinator>> all) implements Message {}

  private enum Tick implements Message {
    BEAT
  }

  /**
   * A task was received, or its end was acknowledged.
   *
   * @param nanos when that happened, in {@link System#nanoTime}
   */
  record News(Task task, boolean ended, long nanos) {}

  private final WorkerCard card;
  private final BlockingQueue<News> news;
  private final ActorRef<ToWorker> here;
  private Optional<ActorRef<ToCoordinator>> coordinator = Optional.empty();
  private Optional<Task> reporting = Optional.empty();

  static Behavior<Message> create(WorkerCard card, BlockingQueue<News> news) {
    return Behaviors.setup(
        context ->
            Behaviors.withTimers(
                timers -> {
                  timers.startTimerWithFixedDelay(Tick.BEAT, BEAT);
                  return new InstantWorker(context, card, news);
                }));
  }

  private InstantWorker(ActorContext<Message> context, WorkerCard card, BlockingQueue<News> news) {
    super(context);
    this.card = card;
    this.news = news;
    this.here = context.messageAdapter(ToWorker.class, Said::new);
    context
        .getSystem()
        .receptionist()
        .tell(
            Receptionist.subscribe(
                Protocol.COORDINATORS,
                context.messageAdapter(
                    Receptionist.Listing.class,
                    listing ->
                        new Coordinators(listing.getServiceInstances(Protocol.COORDINATORS)))));
  }

  @Override
  public Behavior<Message> onMessage(Message message) {
    switch (message) {
      case Coordinators(Set<ActorRef<ToCoordinator>> all) -> {
        coordinator = all.stream().findFirst();
        speak();
      }
      case Said(Run(Task task)) -> {
        news.add(new News(task, false, System.nanoTime()));
        reporting = Optional.of(task);
        speak();
      }
      case Said(Heard(Lease lease)) -> {
        // A report that was repeated is acknowledged twice, perhaps during the next task.
        if (reporting.isPresent() && reporting.get().lease().equals(lease)) {
          news.add(new News(reporting.get(), true, System.nanoTime()));
          reporting = Optional.empty();
          speak();
        }
      }
      case Said(Abandon _), Said(Watched _), Said(Cancelled _), Said(Describe _) -> {}
      case Tick _ -> speak();
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
