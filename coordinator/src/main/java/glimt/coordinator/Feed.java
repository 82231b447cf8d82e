package glimt.coordinator;

import glimt.coordinator.Protocol.Live;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.pubsub.Topic;

/**
 * Publishes live messages about jobs in the whole cluster. All jobs share one topic, because a
 * topic per job would add a registration to the whole cluster for each. It is thread-safe.
 */
public final class Feed {
  private final ActorRef<Topic.Command<Live>> topic;

  private Feed(ActorRef<Topic.Command<Live>> topic) {
    this.topic = topic;
  }

  static Feed start(ActorSystem<?> system) {
    return new Feed(system.systemActorOf(Topic.create(Live.class, "feed"), "feed", Props.empty()));
  }

  /** Sends a message to all nodes with a {@link Farm}, without a guarantee of delivery. */
  public void publish(Live live) {
    topic.tell(Topic.publish(live));
  }

  void subscribe(ActorRef<Live> subscriber) {
    topic.tell(Topic.subscribe(subscriber));
  }
}
