package glimt.coordinator;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import glimt.ledger.Database;
import glimt.ledger.DatabaseAddress;
import glimt.ledger.Nodes;
import glimt.ledger.Tasks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.pekko.Done;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.BootstrapSetup;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.setup.ActorSystemSetup;
import org.apache.pekko.actor.setup.Setup;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.Props;
import org.apache.pekko.actor.typed.javadsl.AskPattern;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Join;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.remote.RemoteTransportException;

/**
 * One process's place in the cluster. A farm of one process is a cluster of one node: it joins
 * itself, and its workers join it.
 */
public final class Node implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  public enum NodeRole {
    COORDINATOR,
    GATEWAY,
    WORKER;

    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final ActorSystem<Void> system;
  private final Feed feed;

  private Node(ActorSystem<Void> system) {
    this.system = system;
    this.feed = Feed.start(system);
  }

  /** Begins a cluster of its own, on loopback. */
  public static Node found(Set<NodeRole> roles) {
    Node node = new Node(system("glimt", Place.LOOPBACK, roles, List.of(), List.of()));
    node.begin();
    return node;
  }

  /**
   * Joins the cluster of the process that started this one, on its machine. Returns at once; {@link
   * #stopped} tells when it was in vain.
   *
   * @param address the other's {@link #address}
   * @param names what else this node is known by, see {@link Farm#gone}
   */
  public static Node join(String address, Set<NodeRole> roles, String... names) {
    List<Setup> bench = DatabaseAddress.ofEnvironment().stream().<Setup>map(Node::bench).toList();
    Node node =
        new Node(
            system(parse(address).system(), Place.ofChild(address), roles, List.of(names), bench));
    node.join(List.of(address));
    return node;
  }

  /**
   * A node of a farm that has yet to {@link Rendezvous#enter enter} its cluster.
   *
   * @throws NodeException if it cannot listen at its place
   */
  public static Node of(UUID farm, Place place, Set<NodeRole> roles, Nodes nodes) {
    Setup bench = new Arbiter.ArbiterSetup(nodes::mayGoOn);
    try {
      return new Node(system("glimt-" + farm, place, roles, List.of(), List.of(bench)));
    } catch (RemoteTransportException e) {
      throw new NodeException(
          "cannot listen on %s:%s for the other nodes (%s)"
              .formatted(place.host(), place.port(), e.getMessage()),
          e);
    }
  }

  /** For a process that has no other use for a database. */
  private static Setup bench(DatabaseAddress address) {
    return new Arbiter.ArbiterSetup(
        (self, side, within) -> {
          try (Database database = address.connect()) {
            return new Nodes(database).mayGoOn(self, side, within);
          }
        });
  }

  private static ActorSystem<Void> system(
      String name, Place place, Set<NodeRole> roles, List<String> names, List<Setup> setups) {
    List<String> words = new ArrayList<>(names);
    roles.forEach(role -> words.add(role.word()));
    Map<String, Object> settings = new HashMap<>(place.settings());
    settings.put("pekko.cluster.roles", words);
    Config config =
        ConfigFactory.defaultOverrides()
            .withFallback(ConfigFactory.parseMap(settings))
            .withFallback(
                ConfigFactory.parseResources(Node.class.getClassLoader(), "glimt-cluster.conf"))
            .withFallback(ConfigFactory.defaultReference())
            .resolve();
    ActorSystemSetup setup = ActorSystemSetup.create(BootstrapSetup.create(config));
    for (Setup one : setups) {
      setup = setup.and(one);
    }
    return ActorSystem.create(Behaviors.empty(), name, setup);
  }

  /** Is the first of its cluster. */
  void begin() {
    Cluster.get(system).manager().tell(new Join(Cluster.get(system).selfMember().address()));
  }

  /** Asks to be taken in, until one of them does. */
  void join(List<String> addresses) {
    Cluster.get(system)
        .manager()
        .tell(new JoinSeedNodes(addresses.stream().map(Node::parse).toList()));
  }

  /** Whether the cluster has taken it in. */
  boolean isMember() {
    MemberStatus status = Cluster.get(system).selfMember().status();
    return status.equals(MemberStatus.up()) || status.equals(MemberStatus.weaklyUp());
  }

  /** The addresses of all in its cluster. */
  Set<String> members() {
    Set<String> addresses = new HashSet<>();
    Cluster.get(system)
        .state()
        .getMembers()
        .forEach(member -> addresses.add(member.address().toString()));
    return addresses;
  }

  static Address parse(String address) {
    return AddressFromURIString.parse(address);
  }

  /** What another node joins by, such as {@code pekko://glimt@127.0.0.1:41234}. */
  public String address() {
    return Cluster.get(system).selfMember().address().toString();
  }

  /**
   * Starts a coordinator here, next to any others of the farm.
   *
   * @param chores what it sees to besides, at every sweep
   */
  public void coordinate(Tasks tasks, Executor jdbc, Cadence cadence, Runnable... chores) {
    spawn(Coordinator.create(tasks, jdbc, feed, cadence, chores), "coordinator");
  }

  /** This node's handle on the conversation; called once. */
  public Farm farm() {
    return Farm.start(system, feed);
  }

  public Feed feed() {
    return feed;
  }

  ActorSystem<?> system() {
    return system;
  }

  /** Starts an actor. Any thread may. */
  public <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
    return system.systemActorOf(behavior, name, Props.empty());
  }

  /** Asks an actor and waits no longer than {@code within}. */
  public <T, A> CompletionStage<A> ask(
      ActorRef<T> actor, Function<ActorRef<A>, T> question, Duration within) {
    return AskPattern.ask(actor, question::apply, within, system.scheduler());
  }

  /** What has to be done before this node leaves the cluster. */
  public void beforeLeaving(String name, Supplier<CompletionStage<Done>> task) {
    CoordinatedShutdown.get(system)
        .addTask(CoordinatedShutdown.PhaseBeforeServiceUnbind(), name, task);
  }

  /** Completes when this node has left, or was put out: what it served is served no more. */
  public CompletionStage<Void> stopped() {
    return system.getWhenTerminated().thenApply(_ -> null);
  }

  /** Leaves in order: tasks are handed back, then the others hear that it goes. */
  @Override
  public void close() {
    CompletableFuture<Done> left =
        CoordinatedShutdown.get(system)
            .runAll(CoordinatedShutdown.actorSystemTerminateReason())
            .toCompletableFuture();
    try {
      left.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      system.terminate();
    } catch (ExecutionException | TimeoutException e) {
      system.log().warn("left the cluster in disorder", e);
      system.terminate();
    }
  }
}
