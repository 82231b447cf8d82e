package glimt.deploy.queue;

import glimt.coordinator.Protocol;
import glimt.coordinator.Protocol.ToCoordinator;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/** Looks out for a farm's coordinators. */
final class Coordinators {
  private Coordinators() {}

  /** An actor that tells of the first coordinator it finds, and stops. */
  static Behavior<Receptionist.Listing> first(Consumer<ActorRef<ToCoordinator>> found) {
    return Behaviors.setup(
        context -> {
          context
              .getSystem()
              .receptionist()
              .tell(Receptionist.subscribe(Protocol.COORDINATORS, context.getSelf()));
          return Behaviors.receiveMessage(
              listing ->
                  listing.getServiceInstances(Protocol.COORDINATORS).stream()
                      .findFirst()
                      .map(
                          one -> {
                            found.accept(one);
                            return Behaviors.<Receptionist.Listing>stopped();
                          })
                      .orElseGet(Behaviors::same));
        });
  }
}
