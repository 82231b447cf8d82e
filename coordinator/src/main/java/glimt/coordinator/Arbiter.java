package glimt.coordinator;

import glimt.storage.StorageException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.pekko.actor.ExtendedActorSystem;
import org.apache.pekko.actor.setup.Setup;
import org.apache.pekko.cluster.Cluster;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.coordination.lease.LeaseSettings;
import org.apache.pekko.coordination.lease.javadsl.Lease;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which side of a cluster that fell apart goes on: the first to say so in PostgreSQL, which is
 * asked first by the side with more coordinators. So any number of nodes may die at once, and the
 * rest go on; of a cluster that is split, one side does. Were both to, nothing would be lost, for
 * leases are fenced; they would only not see each other.
 *
 * <p>Pekko makes it, as {@code glimt-cluster.conf} tells it to. A node that knows no database, in a
 * test, goes on whatever happens.
 */
final class Arbiter extends Lease {
  private static final Logger LOG = LoggerFactory.getLogger(Arbiter.class);

  /** Longer than both sides of a split take to find out. */
  private static final Duration UNDISPUTED = Duration.ofSeconds(30);

  /** How long to ask while the database does not answer; after that the answer is no. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration RETRY = Duration.ofSeconds(1);

  /** As {@link glimt.ledger.Nodes#mayGoOn} does. */
  @FunctionalInterface
  interface Question {
    boolean mayGoOn(String self, Collection<String> side, Duration within);
  }

  /** Where a node asks. */
  static final class ArbiterSetup extends Setup {
    private final Question question;

    ArbiterSetup(Question question) {
      this.question = question;
    }
  }

  private final LeaseSettings settings;
  private final ExtendedActorSystem system;

  /** Called by Pekko. */
  Arbiter(LeaseSettings settings, ExtendedActorSystem system) {
    this.settings = settings;
    this.system = system;
  }

  @Override
  public CompletionStage<Boolean> acquire() {
    Optional<ArbiterSetup> bench = system.settings().setup().get(ArbiterSetup.class);
    Cluster cluster = Cluster.get(system);
    String self = cluster.selfAddress().toString();
    List<String> side = reachable(cluster.state());
    if (bench.isEmpty()) {
      return CompletableFuture.completedFuture(true);
    }
    return CompletableFuture.supplyAsync(
        () -> ask(bench.get().question, self, side), Thread::startVirtualThread);
  }

  private static boolean ask(Question question, String self, List<String> side) {
    for (long end = System.nanoTime() + PATIENCE.toNanos(); ; ) {
      try {
        boolean yes = question.mayGoOn(self, side, UNDISPUTED);
        LOG.info("the cluster fell apart; {} {} go on", side, yes ? "may" : "may not");
        return yes;
      } catch (StorageException e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(RETRY.toNanos());
      }
    }
  }

  private static List<String> reachable(ClusterEvent.CurrentClusterState state) {
    Set<Member> side = new HashSet<>();
    state.getMembers().forEach(side::add);
    side.removeAll(state.getUnreachable());
    return side.stream().map(member -> member.address().toString()).toList();
  }

  @Override
  public CompletionStage<Boolean> acquire(Consumer<Optional<Throwable>> lost) {
    return acquire();
  }

  /** It ends by itself. */
  @Override
  public CompletionStage<Boolean> release() {
    return CompletableFuture.completedFuture(true);
  }

  @Override
  public boolean checkLease() {
    return false;
  }

  @Override
  public LeaseSettings getSettings() {
    return settings;
  }
}
