package glimt.deploy.chaos;

import glimt.coordinator.Node;
import glimt.coordinator.Place;
import glimt.coordinator.Protocol;
import glimt.coordinator.Protocol.Beat;
import glimt.coordinator.Protocol.Checkpointed;
import glimt.coordinator.Protocol.Ended;
import glimt.coordinator.Protocol.ToCoordinator;
import glimt.coordinator.Protocol.ToWorker;
import glimt.coordinator.Rendezvous;
import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Checkpoint;
import glimt.job.Effort;
import glimt.job.Fault;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Product;
import glimt.ledger.Nodes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.receptionist.Receptionist;

/**
 * A member of the cluster that sends every coordinator late, repeated and reordered messages, as
 * workers could have sent them for attempts that no longer hold their lease.
 */
final class Echo implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Effort EFFORT = new Effort("echo", 0, 1, 1, 1);

  /** An artifact that does not exist: if a coordinator accepted it, its row would have no file. */
  private static final ArtifactId NOTHING = new ArtifactId("0".repeat(64));

  private final Node node;
  private final Rendezvous rendezvous;
  private volatile Set<ActorRef<ToCoordinator>> coordinators = Set.of();
  private final ActorRef<ToWorker> ear;

  private Echo(Node node, Rendezvous rendezvous) {
    this.node = node;
    this.rendezvous = rendezvous;
    this.ear = node.spawn(Behaviors.ignore(), "ear");
    node.spawn(
        Behaviors.<Receptionist.Listing>setup(
            context -> {
              context
                  .getSystem()
                  .receptionist()
                  .tell(Receptionist.subscribe(Protocol.COORDINATORS, context.getSelf()));
              return Behaviors.receiveMessage(
                  listing -> {
                    coordinators = listing.getServiceInstances(Protocol.COORDINATORS);
                    return Behaviors.same();
                  });
            }),
        "lookout");
  }

  /** Joins the farm's cluster, and returns when it has found a coordinator. */
  static Echo join(Victim farm) {
    Nodes nodes = new Nodes(farm.database());
    Node node = Node.of(nodes.farm(), Place.LOOPBACK, Set.of(Node.NodeRole.WORKER), nodes);
    Nodes.Self self =
        new Nodes.Self(
            node.address(),
            "echo",
            List.of(Node.NodeRole.WORKER.word()),
            nodes.list().getFirst().node().version(),
            ProcessHandle.current().pid(),
            0,
            Optional.empty());
    Echo echo = new Echo(node, Rendezvous.enter(node, nodes, self, PATIENCE));
    Victim.eventually("a coordinator is found", () -> !echo.coordinators.isEmpty());
    return echo;
  }

  /** Sends every kind of message about a lease that is gone, twice and in random order. */
  int sayOf(Lease gone, RandomGenerator random) {
    List<ToCoordinator> words = new ArrayList<>();
    Outcome success =
        new Outcome.Succeeded(
            List.of(
                new Product(
                    Product.Role.SAMPLE, new Artifact(NOTHING, "application/safetensors", 1))));
    Checkpoint checkpoint = new Checkpoint(NOTHING, 1 + random.nextInt(30), "echo");
    for (int times = 0; times < 2; times++) {
      words.add(new Beat(gone, 1 + random.nextInt(30), ear));
      words.add(new Checkpointed(gone, checkpoint));
      words.add(new Ended(gone, success, EFFORT, ear));
      words.add(new Ended(gone, new Outcome.Yielded(Optional.of(checkpoint)), EFFORT, ear));
      words.add(new Ended(gone, new Outcome.Failed(Fault.POISON, "echo"), EFFORT, ear));
    }
    int said = words.size();
    while (!words.isEmpty()) {
      say(words.remove(random.nextInt(words.size())));
    }
    return said;
  }

  /** Sends a late heartbeat for a lease that is still held. */
  void beat(Lease held, int steps) {
    say(new Beat(held, steps, ear));
  }

  private void say(ToCoordinator word) {
    coordinators.forEach(one -> one.tell(word));
  }

  @Override
  public void close() {
    rendezvous.close();
    node.close();
  }
}
