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
 * Decides which side of a partitioned cluster survives: the first one that registers as the
 * survivor in PostgreSQL. The side with more coordinators asks first. So the remaining nodes
 * survive whatever number of nodes dies at once, and of a split cluster one side survives. If both
 * sides did go on, leases would still be fenced and no work would be lost; the sides would only not
 * see each other.
 *
 * <p>It is an implementation of Pekko's coordination lease, which {@code glimt-cluster.conf} names.
 * A node without a database, which exists in tests only, always survives.
 */
final class Arbiter extends Lease {
  private static final Logger LOG = LoggerFactory.getLogger(Arbiter.class);

  /** How long a decision holds; longer than both sides of a split take to notice it. */
  private static final Duration UNDISPUTED = Duration.ofSeconds(30);

  /**
   * How long to retry while the database is unreachable; after that, this side does not survive.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration RETRY = Duration.ofSeconds(1);

  /** See {@link glimt.ledger.Nodes#mayGoOn}. */
  @FunctionalInterface
  interface Question {
    boolean mayGoOn(String self, Collection<String> side, Duration within);
  }

  /** Hands the question to the lease that Pekko creates. */
  static final class ArbiterSetup extends Setup {
    private final Question question;

    ArbiterSetup(Question question) {
      this.question = question;
    }
  }

  private final LeaseSettings settings;
  private final ExtendedActorSystem system;

  /** Pekko calls this constructor by reflection. */
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
        LOG.info(
            "the cluster is partitioned; the side {} {}",
            side,
            yes ? "survives" : "does not survive and leaves the cluster");
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

  /** Does nothing, because decisions expire by themselves. */
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
