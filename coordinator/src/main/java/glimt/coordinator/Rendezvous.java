package glimt.coordinator;

import glimt.ledger.Nodes;
import glimt.ledger.Nodes.NodeStatus;
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
 * Finds the other nodes of a farm through the register in the database. A new node joins the nodes
 * that it finds there, or becomes the first; if two nodes start at the same time, only one becomes
 * the first. While it runs, a node renews its entry and checks that it is in one cluster with the
 * oldest node. If the farm ever has two clusters, the nodes of the younger one stop, and their
 * processes start them again.
 */
public final class Rendezvous implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);

  private static final Duration PULSE = Duration.ofSeconds(2);

  /** How long joining may take before the register is read again. */
  private static final Duration ROUND = Duration.ofSeconds(5);

  /** How long a node may be in another cluster than the oldest node before it stops. */
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
   * Makes {@code node} a member of its farm's cluster, and keeps its entry in the register up to
   * date until {@link #close}.
   *
   * @param self the node's entry
   * @param patience how long joining may take
   * @throws NodeException if another node runs another version, or the node cannot join within
   *     {@code patience}
   */
  public static Rendezvous enter(Node node, Nodes nodes, Self self, Duration patience) {
    Rendezvous rendezvous = new Rendezvous(node, nodes, self);
    rendezvous.join(patience);
    nodes.pulse(self);
    rendezvous.pulse.start();
    return rendezvous;
  }

  /** Adds the address of the node's gateway to its entry. */
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
      List<NodeStatus> others =
          nodes.list().stream()
              .filter(entry -> !entry.node().address().equals(self.address()))
              .toList();
      Set<String> gone =
          others.stream()
              .filter(entry -> isGone(entry, tried))
              .map(entry -> entry.node().address())
              .collect(Collectors.toSet());
      List<NodeStatus> there =
          others.stream().filter(entry -> !gone.contains(entry.node().address())).toList();
      refuseOtherVersions(there);
      List<String> seeds = there.stream().map(entry -> entry.node().address()).toList();
      tried.addAll(seeds);
      if (!seeds.isEmpty()) {
        // A second request would restart the handshake, which under load takes longer than a round.
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
        LOG.info("{} has joined the cluster of {}", self.address(), node.members());
        return;
      }
      if (System.nanoTime() - end > 0) {
        throw new NodeException(
            "could not join the farm's nodes at %s; check that they and %s reach each other"
                .formatted(String.join(", ", seeds), self.address()));
      }
    }
  }

  private void refuseOtherVersions(List<NodeStatus> others) {
    for (NodeStatus other : others) {
      if (!other.node().version().equals(self.version())) {
        throw new NodeException(
            "this is glimt %s, but the node %s at %s is %s; all nodes of a farm must have the same version"
                .formatted(
                    self.version(),
                    other.node().name(),
                    other.node().address(),
                    other.node().version()));
      }
    }
  }

  /**
   * Returns whether a registered node is dead: its port refuses connections, or it has been silent
   * for long and this node could not join it.
   */
  private static boolean isGone(NodeStatus entry, Set<String> tried) {
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
          LOG.warn(
              "{} is not in one cluster with the farm's oldest node; stopping", self.address());
          node.close();
          return;
        }
      } catch (StorageException e) {
        // Without the database, living nodes cannot be told from dead ones.
        together = System.nanoTime();
        LOG.warn("could not renew this node's entry; will try again: {}", e.toString());
      }
    }
  }

  private boolean isWithTheOldest() {
    Set<String> members = node.members();
    return nodes.list().stream()
        .filter(NodeStatus::lives)
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

  /** Removes this node from the register. */
  @Override
  public void close() {
    closing.countDown();
    try {
      pulse.join();
      nodes.forget(self.address());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (StorageException e) {
      LOG.debug("could not remove this node's entry, which expires by itself", e);
    }
  }
}
