package glimt.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.ledger.DotLedger;
import glimt.ledger.Nodes;
import glimt.ledger.Nodes.Self;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RendezvousTest {
  private static final Duration SOON = Duration.ofSeconds(60);

  @TempDir private Path home;
  private DotLedger ledger;
  private Nodes nodes;
  private final Deque<AutoCloseable> open = new ArrayDeque<>();

  @BeforeEach
  void start() {
    ledger = new DotLedger(home, ShortCadence.CADENCE.lease(), ShortCadence.CADENCE.sweep());
    nodes = ledger.nodes;
  }

  @AfterEach
  void stop() throws Exception {
    while (!open.isEmpty()) {
      open.pop().close();
    }
    ledger.close();
  }

  private Node node() {
    return node(Optional.empty());
  }

  private Node node(Optional<Path> tls) {
    Place place = new Place("127.0.0.1", 0, tls);
    Node node = Node.of(nodes.farm(), place, Set.of(Node.NodeRole.COORDINATOR), nodes);
    open.push(node);
    return node;
  }

  private static Self self(Node node, String version) {
    return new Self(node.address(), "one", List.of("coordinator"), version, 1, 0, Optional.empty());
  }

  private Rendezvous enter(Node node) {
    return Rendezvous.enter(node, nodes, self(node, "1"), SOON);
  }

  private static void assertTogether(Node one, Node other) {
    long end = System.nanoTime() + SOON.toNanos();
    while (!one.members().contains(other.address()) || !other.members().equals(one.members())) {
      assertThat(System.nanoTime())
          .as("%s and %s are together", one.members(), other.members())
          .isLessThan(end);
      Thread.onSpinWait();
    }
  }

  @Test
  void two_that_are_first_at_once_are_one_cluster() throws Exception {
    Node one = node();
    Node other = node();
    try (var threads = Executors.newFixedThreadPool(2)) {
      CompletableFuture<Rendezvous> first =
          CompletableFuture.supplyAsync(() -> enter(one), threads);
      CompletableFuture<Rendezvous> second =
          CompletableFuture.supplyAsync(() -> enter(other), threads);
      open.push(first.get(2, TimeUnit.MINUTES));
      open.push(second.get(2, TimeUnit.MINUTES));
    }
    assertTogether(one, other);
    assertThat(nodes.list()).hasSize(2);
  }

  @Test
  void rows_of_the_dead_keep_nobody_out() throws IOException {
    int nobody;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nobody = socket.getLocalPort();
    }
    nodes.pulse(stranger(nobody, "1"));
    Node one = node();
    open.push(enter(one));
    assertThat(nodes.list())
        .extracting(entry -> entry.node().address())
        .containsExactly(one.address());
  }

  @Test
  void nodes_of_another_version_are_refused_and_named() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      nodes.pulse(stranger(socket.getLocalPort(), "2"));
      Node one = node();
      assertThatThrownBy(() -> enter(one))
          .isInstanceOf(NodeException.class)
          .hasMessageContaining("glimt 1")
          .hasMessageContaining("is 2");
      assertThat(nodes.list()).hasSize(1);
    }
  }

  @Test
  void nodes_of_another_farm_are_never_joined() {
    Node theirs =
        Node.of(UUID.randomUUID(), Place.LOOPBACK, Set.of(Node.NodeRole.COORDINATOR), nodes);
    open.push(theirs);
    theirs.begin();
    // This happens when a node of another farm has taken the port of one of ours.
    nodes.pulse(self(theirs, "1"));
    Node ours = node();
    assertThatThrownBy(() -> Rendezvous.enter(ours, nodes, self(ours, "1"), Duration.ofMillis(1)))
        .isInstanceOf(NodeException.class)
        .hasMessageContaining(theirs.address());
    assertThat(theirs.members()).doesNotContain(ours.address());
  }

  @Test
  void beyond_loopback_a_node_needs_TLS() {
    assertThatThrownBy(() -> new Place("192.0.2.1", 0, Optional.empty()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("TLS");
  }

  @Test
  void nodes_with_certificates_of_one_authority_meet_and_nobody_else_is_heard() throws Exception {
    Path ours = Certificates.in(home.resolve("ours"));
    Node one = node(Optional.of(ours));
    open.push(enter(one));
    Node other = node(Optional.of(ours));
    open.push(enter(other));
    assertTogether(one, other);
    for (Optional<Path> wrong :
        List.of(Optional.of(Certificates.in(home.resolve("theirs"))), Optional.<Path>empty())) {
      Node stranger = node(wrong);
      assertThatThrownBy(
              () -> Rendezvous.enter(stranger, nodes, self(stranger, "1"), Duration.ofMillis(1)))
          .isInstanceOf(NodeException.class);
      assertThat(one.members()).doesNotContain(stranger.address());
    }
  }

  private Self stranger(int port, String version) {
    return new Self(
        "pekko://glimt-%s@127.0.0.1:%s".formatted(nodes.farm(), port),
        "stranger",
        List.of("coordinator"),
        version,
        2,
        0,
        Optional.empty());
  }
}
