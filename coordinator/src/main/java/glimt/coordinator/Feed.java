package glimt.coordinator;

import glimt.coordinator.Protocol.Live;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.pubsub.Topic;

/**
 * What happens to jobs right now, for whoever watches: one topic for all jobs, because a topic a
 * job would be a name in the whole cluster for each. Any thread may publish.
 */
public final class Feed {
  private final ActorRef<Topic.Command<Live>> topic;

  private Feed(ActorRef<Topic.Command<Live>> topic) {
    this.topic = topic;
  }

  static Feed start(ActorSystem<?> system) {
    return new Feed(system.systemActorOf(Topic.create(Live.class, "feed"), "feed", Props.empty()));
  }

  public void publish(Live live) {
    topic.tell(Topic.publish(live));
  }

  void subscribe(ActorRef<Live> subscriber) {
    topic.tell(Topic.subscribe(subscriber));
  }
}
