package glimt.coordinator;

import glimt.ledger.Nodes;
import glimt.ledger.Nodes.Entry;
import glimt.ledger.Nodes.Self;
import glimt.storage.StorageException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.pekko.actor.Address;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How a node finds the others of its farm: all of them tell of themselves in the database. A new
 * one joins those it finds there, or is the first; two that are first at once become one cluster.
 * While it lives it goes on telling, and sees to it that it stays with the others: should there be
 * two clusters after all, those of the younger one start again.
 */
public final class Rendezvous implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);

  private static final Duration PULSE = Duration.ofSeconds(2);

  /** How long the others may take to take us in before we look again who is there. */
  private static final Duration ROUND = Duration.ofSeconds(5);

  /** How long two clusters of one farm are put up with. */
  private static final Duration APART = Duration.ofSeconds(20);

  private static final int KNOCK_MILLIS = 1000;
  private static final Duration POLL = Duration.ofMillis(20);

  private final Node node;
  private final Nodes nodes;
  private volatile Self self;
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread pulse = Thread.ofVirtual().name("rendezvous").unstarted(this::pulse);

  private Rendezvous(Node node, Nodes nodes, Self self) {
    this.node = node;
    this.nodes = nodes;
    this.self = self;
  }

  /**
   * Makes {@code node} a member of its farm's cluster.
   *
   * @param self what it tells of itself
   * @throws NodeException if the others are of another version, or do not take it in within {@code
   *     patience}
   */
  public static Rendezvous enter(Node node, Nodes nodes, Self self, Duration patience) {
    Rendezvous rendezvous = new Rendezvous(node, nodes, self);
    rendezvous.join(patience);
    nodes.pulse(self);
    rendezvous.pulse.start();
    return rendezvous;
  }

  /** From here on the node also tells where its gateway is reached. */
  public void serves(URI http) {
    self =
        new Self(
            self.address(),
            self.name(),
            self.roles(),
            self.version(),
            self.pid(),
            self.workers(),
            Optional.of(http));
    nodes.pulse(self);
  }

  private void join(Duration patience) {
    Set<String> tried = new HashSet<>();
    List<String> asked = List.of();
    for (long end = System.nanoTime() + patience.toNanos(); ; ) {
      List<Entry> others =
          nodes.list().stream()
              .filter(entry -> !entry.node().address().equals(self.address()))
              .toList();
      Set<String> gone =
          others.stream()
              .filter(entry -> isGone(entry, tried))
              .map(entry -> entry.node().address())
              .collect(Collectors.toSet());
      List<Entry> there =
          others.stream().filter(entry -> !gone.contains(entry.node().address())).toList();
      refuseOtherVersions(there);
      List<String> seeds = there.stream().map(entry -> entry.node().address()).toList();
      tried.addAll(seeds);
      if (!seeds.isEmpty()) {
        // Asked anew, they would begin anew: on a machine under load that takes them longer.
        if (Collections.disjoint(seeds, asked)) {
          node.join(seeds);
          asked = seeds;
        }
      } else if (nodes.begin(self, gone)) {
        node.begin();
      } else {
        continue;
      }
      if (isMemberWithin(ROUND)) {
        LOG.info("{} is a member, among {}", self.address(), node.members());
        return;
      }
      if (System.nanoTime() - end > 0) {
        throw new NodeException(
            "the farm's nodes at %s do not take this one in; do they and %s reach each other?"
                .formatted(String.join(", ", seeds), self.address()));
      }
    }
  }

  private void refuseOtherVersions(List<Entry> others) {
    for (Entry other : others) {
      if (!other.node().version().equals(self.version())) {
        throw new NodeException(
            "this is glimt %s, but %s at %s is %s; nodes of one farm have one version"
                .formatted(
                    self.version(),
                    other.node().name(),
                    other.node().address(),
                    other.node().version()));
      }
    }
  }

  /** Nobody listens there, or somebody who has been silent for long and did not take us in. */
  private static boolean isGone(Entry entry, Set<String> tried) {
    Address address = Node.parse(entry.node().address());
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(address.getHost().get(), address.getPort().get()), KNOCK_MILLIS);
    } catch (ConnectException e) {
      return true;
    } catch (IOException e) {
      LOG.debug("{} does not answer", address, e);
    }
    return !entry.lives() && tried.contains(entry.node().address());
  }

  private boolean isMemberWithin(Duration within) {
    for (long end = System.nanoTime() + within.toNanos(); System.nanoTime() - end < 0; ) {
      if (node.isMember()) {
        return true;
      }
      if (closesWithin(POLL)) {
        return false;
      }
    }
    return node.isMember();
  }

  private void pulse() {
    long together = System.nanoTime();
    while (!closesWithin(PULSE)) {
      try {
        nodes.pulse(self);
        if (isWithTheOldest()) {
          together = System.nanoTime();
        } else if (System.nanoTime() - together > APART.toNanos()) {
          LOG.warn("{} is apart from the farm's older nodes", self.address());
          node.close();
          return;
        }
      } catch (StorageException e) {
        // Nobody can be told apart from the dead while the database is away.
        together = System.nanoTime();
        LOG.warn("could not say that this node is there: {}", e.toString());
      }
    }
  }

  private boolean isWithTheOldest() {
    Set<String> members = node.members();
    return nodes.list().stream()
        .filter(Entry::lives)
        .findFirst()
        .map(oldest -> members.contains(oldest.node().address()))
        .orElse(true);
  }

  private boolean closesWithin(Duration wait) {
    try {
      return closing.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** No longer tells of this node. */
  @Override
  public void close() {
    closing.countDown();
    try {
      pulse.join();
      nodes.forget(self.address());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (StorageException e) {
      LOG.debug("its silence will tell", e);
    }
  }
}
