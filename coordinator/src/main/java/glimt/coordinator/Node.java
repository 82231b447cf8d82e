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
 * A process as a member of the farm's cluster. A farm that runs on one machine is a cluster too:
 * its main process is the first node, and its workers join that.
 */
public final class Node implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** What a node does in the farm. */
  public enum NodeRole {
    COORDINATOR,
    GATEWAY,
    WORKER;

    /** Returns the role's name in lower case, as in options and in the cluster. */
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

  /** Starts the first node of a new cluster, on loopback. */
  public static Node found(Set<NodeRole> roles) {
    Node node = new Node(system("glimt", Place.LOOPBACK, roles, List.of(), List.of()));
    node.begin();
    return node;
  }

  /**
   * Starts a node that joins the cluster of its parent process, on the same machine. Returns before
   * it has joined; if it cannot join, {@link #stopped} completes.
   *
   * @param address the parent's {@link #address}
   * @param names further names of this node in the cluster, such as a worker's id for {@link
   *     Farm#gone}
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
   * Starts a node of a farm, which does not join the cluster before {@link Rendezvous#enter}.
   *
   * @param farm the farm's id; nodes of different farms refuse each other
   * @throws NodeException if it cannot listen at its place
   */
  public static Node of(UUID farm, Place place, Set<NodeRole> roles, Nodes nodes) {
    Setup bench = new Arbiter.ArbiterSetup(nodes::mayGoOn);
    try {
      return new Node(system("glimt-" + farm, place, roles, List.of(), List.of(bench)));
    } catch (RemoteTransportException e) {
      throw new NodeException(
          "cannot listen on %s:%s for the other nodes (%s); choose another address or port"
              .formatted(place.host(), place.port(), e.getMessage()),
          e);
    }
  }

  /**
   * Makes an arbiter that connects for each question, since the process has no other use for it.
   */
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

  /** Makes this node the first of a new cluster. */
  void begin() {
    Cluster.get(system).manager().tell(new Join(Cluster.get(system).selfMember().address()));
  }

  /** Asks the nodes at these addresses to let this one join, until one of them does. */
  void join(List<String> addresses) {
    Cluster.get(system)
        .manager()
        .tell(new JoinSeedNodes(addresses.stream().map(Node::parse).toList()));
  }

  /** Returns whether this node has joined the cluster. */
  boolean isMember() {
    MemberStatus status = Cluster.get(system).selfMember().status();
    return status.equals(MemberStatus.up()) || status.equals(MemberStatus.weaklyUp());
  }

  /** Returns the addresses of all members of its cluster. */
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

  /** Returns the node's address in the cluster, such as {@code pekko://glimt@127.0.0.1:41234}. */
  public String address() {
    return Cluster.get(system).selfMember().address().toString();
  }

  /**
   * Starts a coordinator on this node, in addition to any others of the farm.
   *
   * @param jdbc runs the ledger's blocking calls
   * @param chores further work for every sweep; it may take long, and may fail
   */
  public void coordinate(Tasks tasks, Executor jdbc, Cadence cadence, Runnable... chores) {
    spawn(Coordinator.create(tasks, jdbc, feed, cadence, chores), "coordinator");
  }

  /** Starts this node's view of the farm. Must be called once only. */
  public Farm farm() {
    return Farm.start(system, feed);
  }

  /** Returns the feed on which this node publishes live messages. */
  public Feed feed() {
    return feed;
  }

  ActorSystem<?> system() {
    return system;
  }

  /** Starts an actor; any thread may call this. */
  public <T> ActorRef<T> spawn(Behavior<T> behavior, String name) {
    return system.systemActorOf(behavior, name, Props.empty());
  }

  /** Asks an actor; the result fails with a timeout if it does not answer within {@code within}. */
  public <T, A> CompletionStage<A> ask(
      ActorRef<T> actor, Function<ActorRef<A>, T> question, Duration within) {
    return AskPattern.ask(actor, question::apply, within, system.scheduler());
  }

  /** Adds a task that must finish before this node leaves the cluster; it has 10 seconds. */
  public void beforeLeaving(String name, Supplier<CompletionStage<Done>> task) {
    CoordinatedShutdown.get(system)
        .addTask(CoordinatedShutdown.PhaseBeforeServiceUnbind(), name, task);
  }

  /**
   * Completes when this node has left the cluster, or was removed from it; its actors have ended.
   */
  public CompletionStage<Void> stopped() {
    return system.getWhenTerminated().thenApply(_ -> null);
  }

  /** Leaves the cluster in an orderly way: first it hands back its tasks, then it leaves. */
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
      system.log().warn("could not leave the cluster in an orderly way; terminating", e);
      system.terminate();
    }
  }
}
