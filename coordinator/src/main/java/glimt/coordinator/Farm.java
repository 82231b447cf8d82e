package glimt.coordinator;

import glimt.coordinator.Protocol.Advanced;
import glimt.coordinator.Protocol.Changed;
import glimt.coordinator.Protocol.Describe;
import glimt.coordinator.Protocol.Live;
import glimt.coordinator.Protocol.TasksReady;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Protocol.Watched;
import glimt.coordinator.Protocol.WorkerView;
import glimt.job.JobId;
import glimt.job.WorkerId;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AbstractMatchingBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;

/**
 * A view of the whole farm for gateways and commands: it lists workers, watches jobs, and passes
 * hints to coordinators and workers. It is thread-safe.
 */
public final class Farm {
  private static final Duration ANSWER_WITHIN = Duration.ofSeconds(1);
  private static final Duration WATCHED_EVERY = Duration.ofSeconds(1);

  /** A subscription to a job's live messages, until it is closed. */
  public interface Subscription extends AutoCloseable {
    @Override
    void close();
  }

  private final ActorSystem<?> system;
  private final Feed feed;
  private final Map<JobId, List<Consumer<Live>>> viewers;
  private final List<Consumer<Live>> followers;
  private final ActorRef<Hub.HubMessage> hub;

  private Farm(
      ActorSystem<?> system,
      Feed feed,
      Map<JobId, List<Consumer<Live>>> viewers,
      List<Consumer<Live>> followers,
      ActorRef<Hub.HubMessage> hub) {
    this.system = system;
    this.feed = feed;
    this.viewers = viewers;
    this.followers = followers;
    this.hub = hub;
  }

  static Farm start(ActorSystem<?> system, Feed feed) {
    Map<JobId, List<Consumer<Live>>> viewers = new ConcurrentHashMap<>();
    List<Consumer<Live>> followers = new CopyOnWriteArrayList<>();
    return new Farm(
        system,
        feed,
        viewers,
        followers,
        system.systemActorOf(Hub.create(feed, viewers, followers), "farm", Props.empty()));
  }

  /** Tells the coordinators that there may be ready tasks. */
  public void tasksReady() {
    hub.tell(new Hub.TellCoordinators(new TasksReady()));
  }

  /**
   * Tells the workers that a job was cancelled or paused, so that they stop after their current
   * step, and its viewers that it has an event.
   */
  public void changed(JobId job) {
    hub.tell(new Hub.TellWorkers(new Changed(job)));
    feed.publish(new Advanced(job));
  }

  /**
   * Passes a job's live messages to {@code viewer} until the result is closed. While a job is
   * watched, its workers make previews.
   *
   * @param viewer called by one thread at a time; must not block
   */
  public Subscription watch(JobId job, Consumer<Live> viewer) {
    // A list, rather than a set, since one viewer may watch a job several times.
    viewers.computeIfAbsent(job, _ -> new CopyOnWriteArrayList<>()).add(viewer);
    hub.tell(new Hub.TellWorkers(new Watched(job)));
    return () ->
        viewers.computeIfPresent(
            job,
            (_, all) -> {
              all.remove(viewer);
              return all.isEmpty() ? null : all;
            });
  }

  /**
   * Passes the live messages of all jobs to {@code follower} until the result is closed. No worker
   * makes previews for it.
   *
   * @param follower called by one thread at a time; must not block
   */
  public Subscription follow(Consumer<Live> follower) {
    followers.add(follower);
    return () -> followers.remove(follower);
  }

  /** Returns the workers that answer within a second, sorted by id. */
  public CompletionStage<List<WorkerView>> workers() {
    CompletionStage<Set<ActorRef<ToWorker>>> known =
        AskPattern.ask(hub, Hub.ListWorkers::new, ANSWER_WITHIN, system.scheduler());
    return known.thenCompose(
        workers -> {
          List<CompletableFuture<Optional<WorkerView>>> answers =
              workers.stream().map(this::describe).toList();
          return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
              .thenApply(
                  _ ->
                      answers.stream()
                          .flatMap(answer -> answer.join().stream())
                          .sorted(Comparator.comparing(view -> view.worker().id().value()))
                          .toList());
        });
  }

  private CompletableFuture<Optional<WorkerView>> describe(ActorRef<ToWorker> worker) {
    CompletionStage<WorkerView> answer =
        AskPattern.ask(worker, Describe::new, ANSWER_WITHIN, system.scheduler());
    return answer
        .<Optional<WorkerView>>thenApply(Optional::of)
        .exceptionally(_ -> Optional.empty())
        .toCompletableFuture();
  }

  /**
   * Removes a worker whose process is known to have ended from the cluster, without waiting for the
   * failure detector.
   */
  public void gone(WorkerId worker) {
    Cluster cluster = Cluster.get(system);
    ClusterEvent.CurrentClusterState state = cluster.state();
    for (Member member : state.getMembers()) {
      if (member.hasRole(worker.value())) {
        cluster.manager().tell(new Down(member.address()));
      }
    }
  }

  /** Sends messages to all coordinators or workers, and live messages to the viewers. */
  private static final class Hub extends AbstractMatchingBehavior<Hub.HubMessage> {
    sealed interface HubMessage {}

    record TellCoordinators(ToCoordinator word) implements HubMessage {}

    record TellWorkers(ToWorker word) implements HubMessage {}

    record ListWorkers(ActorRef<Set<ActorRef<ToWorker>>> to) implements HubMessage {}

    private record LiveNews(Live live) implements HubMessage {}

    private record FoundCoordinators(Set<ActorRef<ToCoordinator>> all) implements HubMessage {}

    private record FoundWorkers(Set<ActorRef<ToWorker>> all) implements HubMessage {}

    private enum StillWatched implements HubMessage {
      STILL_WATCHED
    }

    private final Map<JobId, List<Consumer<Live>>> viewers;
    private final List<Consumer<Live>> followers;
    private Set<ActorRef<ToCoordinator>> coordinators = Set.of();
    private Set<ActorRef<ToWorker>> workers = Set.of();

    static Behavior<HubMessage> create(
        Feed feed, Map<JobId, List<Consumer<Live>>> viewers, List<Consumer<Live>> followers) {
      return Behaviors.setup(
          context ->
              Behaviors.withTimers(
                  timers -> {
                    timers.startTimerWithFixedDelay(StillWatched.STILL_WATCHED, WATCHED_EVERY);
                    return new Hub(context, feed, viewers, followers);
                  }));
    }

    private Hub(
        ActorContext<HubMessage> context,
        Feed feed,
        Map<JobId, List<Consumer<Live>>> viewers,
        List<Consumer<Live>> followers) {
      super(context);
      this.viewers = viewers;
      this.followers = followers;
      feed.subscribe(context.messageAdapter(Live.class, LiveNews::new));
      ActorRef<Receptionist.Listing> found =
          context.messageAdapter(Receptionist.Listing.class, Hub::found);
      context.getSystem().receptionist().tell(Receptionist.subscribe(Protocol.WORKERS, found));
      context.getSystem().receptionist().tell(Receptionist.subscribe(Protocol.COORDINATORS, found));
    }

    private static HubMessage found(Receptionist.Listing listing) {
      return listing.isForKey(Protocol.WORKERS)
          ? new FoundWorkers(listing.getServiceInstances(Protocol.WORKERS))
          : new FoundCoordinators(listing.getServiceInstances(Protocol.COORDINATORS));
    }

    @Override
    public Behavior<HubMessage> onMessage(HubMessage message) {
      switch (message) {
        case TellCoordinators(ToCoordinator word) -> coordinators.forEach(one -> one.tell(word));
        case TellWorkers(ToWorker word) -> workers.forEach(one -> one.tell(word));
        case ListWorkers(ActorRef<Set<ActorRef<ToWorker>>> to) -> to.tell(workers);
        case LiveNews(Live live) -> {
          viewers.getOrDefault(live.job(), List.of()).forEach(viewer -> show(viewer, live));
          followers.forEach(follower -> show(follower, live));
        }
        case FoundCoordinators(Set<ActorRef<ToCoordinator>> all) -> coordinators = all;
        case FoundWorkers(Set<ActorRef<ToWorker>> all) -> {
          workers = all;
          look();
        }
        case StillWatched _ -> look();
      }
      return this;
    }

    private void look() {
      viewers.keySet().forEach(job -> workers.forEach(one -> one.tell(new Watched(job))));
    }

    private void show(Consumer<Live> viewer, Live live) {
      try {
        viewer.accept(live);
      } catch (RuntimeException e) {
        getContext().getLog().warn("a viewer of job {} failed", live.job(), e);
      }
    }
  }
}
