package glimt.deploy.node;

import glimt.artifact.ArtifactFolder;
import glimt.artifact.Artifacts;
import glimt.bundle.Bundle;
import glimt.bundle.BundleCheck;
import glimt.bundle.BundleException;
import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.coordinator.Node.NodeRole;
import glimt.coordinator.NodeException;
import glimt.coordinator.Place;
import glimt.coordinator.Rendezvous;
import glimt.gateway.Gateway;
import glimt.gateway.GatewayException;
import glimt.gateway.PromptCheck;
import glimt.job.ArtifactId;
import glimt.ledger.Answers;
import glimt.ledger.ApiKeys;
import glimt.ledger.AuditLog;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.DatabaseAddress;
import glimt.ledger.Deadlines;
import glimt.ledger.Events;
import glimt.ledger.FarmFolder;
import glimt.ledger.Forecasts;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.Leftovers;
import glimt.ledger.Nodes;
import glimt.ledger.Signers;
import glimt.ledger.Tasks;
import glimt.ledger.Tenants;
import glimt.ledger.Unmakeable;
import glimt.ledger.Uploads;
import glimt.ledger.Usage;
import glimt.ledger.WebhookSecrets;
import glimt.ledger.Webhooks;
import glimt.ledger.Workers;
import glimt.pipeline.LevelWalk;
import glimt.safety.c2pa.OwnSigner;
import glimt.safety.filter.ContentFilter;
import glimt.safety.filter.FilterSettings;
import glimt.safety.filter.FilterUnavailable;
import glimt.safety.filter.FilteredJob;
import glimt.storage.StorageException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One node of a farm, with its roles: coordinator and gateway run in this process, each worker in a
 * child process.
 *
 * @param address the URL of its gateway; empty if it has none
 */
public record RunningNode(Optional<URI> address, Node node) {
  private static final Logger LOG = LoggerFactory.getLogger(RunningNode.class);

  /** The most workers of a node. */
  public static final int WORKERS_LIMIT = 64;

  private static final int CPU_WORKERS = 4;
  private static final Path GPUS = Path.of("/proc/driver/nvidia/gpus");

  /** How long a node that starts tries to reach the database. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Duration ADMITTED_WITHIN = Duration.ofMinutes(2);

  /** How often a node that was removed from the cluster tries to rejoin. */
  private static final int COMEBACKS = 10;

  /** The pause before each of these attempts. */
  private static final Duration REST = Duration.ofSeconds(1);

  /**
   * The configuration of a node.
   *
   * @param home the folder of its logs and of unpacked programs
   * @param name its name for people
   * @param place the address by which other nodes reach it
   * @param http where its gateway listens, if it has one
   * @param workers the number of worker processes
   * @param artifacts the folder that all nodes of the farm share
   * @param models a folder with more bundles
   * @param working environment variables that configure its workers
   */
  public record NodeSettings(
      Home home,
      String name,
      Set<NodeRole> roles,
      Place place,
      Gateway.Address http,
      int workers,
      DatabaseAddress database,
      Path artifacts,
      Optional<Path> models,
      Map<String, String> working) {
    public NodeSettings {
      roles = Set.copyOf(roles);
      working = Map.copyOf(working);
    }

    boolean is(NodeRole role) {
      return roles.contains(role);
    }

    /** The name of a log file of this node; several nodes may share a home. */
    public String log(String what) {
      return name.equals("up") ? what : name + "-" + what;
    }
  }

  /**
   * The default number of workers: one per GPU; without a GPU one per core, but at most four, since
   * each loads a libtorch of its own.
   */
  public static int slots() {
    int gpus = count(GPUS);
    return gpus > 0 ? gpus : Math.min(CPU_WORKERS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Starts a node and runs it until the process is stopped. A node that is removed from the
   * cluster, for example because its process was frozen, is started again.
   *
   * @param ready called each time the node has started
   * @throws DeployException if the node cannot start
   * @throws PutOutException if it was removed from the cluster and cannot rejoin
   */
  public static void serve(AtExit exit, NodeSettings settings, Consumer<RunningNode> ready) {
    int mark = exit.mark();
    for (int comeback = 0; ; comeback++) {
      try {
        RunningNode house = start(exit, settings);
        ready.accept(house);
        comeback = 0;
        house.node.stopped().toCompletableFuture().join();
      } catch (DeployException e) {
        if (exit.closed()) {
          return;
        }
        if (comeback == 0) {
          throw e;
        }
        if (comeback == COMEBACKS) {
          throw new PutOutException(e);
        }
        LOG.warn("the node could not start again; trying once more", e);
      }
      if (exit.closed()) {
        return;
      }
      LOG.warn("{} was removed from the cluster and starts again", settings.name());
      exit.closeBackTo(mark);
      LockSupport.parkNanos(REST.toNanos());
    }
  }

  /**
   * Starts a node, and returns when it accepts jobs; its workers may still be starting then.
   *
   * @param exit stops the node's parts when it closes
   * @throws DeployException if the node cannot start
   */
  public static RunningNode start(AtExit exit, NodeSettings settings) {
    if (settings.is(NodeRole.GATEWAY)) {
      refuseIfTaken(settings.http(), "--http-port");
    }
    try {
      return open(exit, settings);
    } catch (StorageException | GatewayException | NodeException e) {
      throw explained(settings.home(), e);
    }
  }

  private static RunningNode open(AtExit exit, NodeSettings settings) {
    Database database = exit.open(() -> database(settings.database()));
    Nodes nodes = new Nodes(database);
    UUID id = nodes.farm();
    FarmFolder.check(database, id, settings.artifacts());
    if (settings.is(NodeRole.WORKER) && WorkerOptions.needOwnSigner(settings.working())) {
      makeSigner(WorkerOptions.ownSigner(settings.artifacts()));
    }
    if (settings.is(NodeRole.WORKER)) {
      WorkerOptions.signer(settings.working(), settings.artifacts())
          .ifPresent(
              signer ->
                  new Signers(database)
                      .use(
                          new ArtifactId(signer.certificate()),
                          signer.chain().getFirst().getSubjectX500Principal().getName()));
    }
    ExecutorService threads =
        exit.open(Executors::newVirtualThreadPerTaskExecutor, ExecutorService::shutdownNow);
    Node node = exit.open(() -> Node.of(id, settings.place(), settings.roles(), nodes));
    Nodes.Self self =
        new Nodes.Self(
            node.address(),
            settings.name(),
            settings.roles().stream().sorted().map(NodeRole::word).toList(),
            Program.version(),
            ProcessHandle.current().pid(),
            settings.is(NodeRole.WORKER) ? settings.workers() : 0,
            Optional.empty());
    Rendezvous rendezvous = exit.open(() -> Rendezvous.enter(node, nodes, self, ADMITTED_WITHIN));
    // After the node has registered: bundles that it does not offer from then on count as gone.
    Bundles bundles = new Bundles(database);
    if (settings.is(NodeRole.GATEWAY) || settings.is(NodeRole.WORKER)) {
      offer(bundles, settings);
    }
    Tasks tasks = new Tasks(database, LeaseTerms.USUAL);
    Artifacts artifacts = new ArtifactFolder(settings.artifacts());
    if (settings.is(NodeRole.COORDINATOR)) {
      node.coordinate(
          tasks,
          threads,
          Cadence.DEFAULT,
          new Leftovers(database, artifacts)::collect,
          new Unmakeable(database)::sweep,
          new Deadlines(database)::sweep,
          new AuditLog(database)::link);
    }
    Farm farm = node.farm();
    if (settings.is(NodeRole.WORKER)) {
      exit.open(
          () ->
              Slots.start(
                  settings.workers(),
                  (slot, worker) -> WorkerChild.process(settings, node.address(), slot, worker),
                  tasks,
                  farm,
                  Cadence.DEFAULT));
    }
    if (!settings.is(NodeRole.GATEWAY)) {
      return new RunningNode(Optional.empty(), node);
    }
    Gateway gateway =
        new Gateway(
            settings.http(),
            new Gateway.Parts(
                new Jobs(database),
                new Tenants(database),
                new ApiKeys(database),
                new Usage(database),
                new Forecasts(database),
                new Answers(database),
                new Uploads(database),
                new Webhooks(database),
                new WebhookSecrets(database),
                tasks,
                new Events(database),
                artifacts,
                bundles,
                new Workers(database),
                nodes,
                farm,
                new FfmpegThumbnailer(settings.home().cache()),
                new FileInspector(settings.home().cache()),
                promptCheck(WorkerOptions.filter(settings.working())),
                new AuditLog(database),
                new Signers(database),
                LevelWalk.samplers()));
    URI address = exit.open(gateway::start, _ -> gateway.close());
    rendezvous.serves(address);
    return new RunningNode(Optional.of(address), node);
  }

  private static PromptCheck promptCheck(FilterSettings settings) {
    ContentFilter filter = settings.ofPrompts();
    return (kind, model, prompt) -> {
      try {
        return filter.prompt(new FilteredJob(kind, model, prompt));
      } catch (FilterUnavailable e) {
        throw new PromptCheck.NoDecision(String.valueOf(e.getMessage()), e);
      }
    };
  }

  private static Database database(DatabaseAddress address) {
    try {
      return address.open(PATIENCE);
    } catch (StorageException e) {
      throw new DeployException("PostgreSQL at %s: %s".formatted(address.host(), reason(e)), e);
    }
  }

  private static void makeSigner(Path folder) {
    try {
      OwnSigner.makeIn(folder);
    } catch (IOException e) {
      throw new DeployException(
          "the signer %s cannot be made (%s); give one with --signer, or none with --signer none"
              .formatted(folder, e.getMessage()),
          e);
    }
  }

  /** Puts all bundles into the catalogue; leaves out and reports those that are not valid. */
  private static void offer(Bundles bundles, NodeSettings settings) {
    for (Path folder : settings.home().bundles(settings.models())) {
      try {
        Bundle bundle = BundleCheck.open(folder, LevelWalk.samplers());
        bundles.offer(bundle.digest(), bundle.card());
      } catch (BundleException e) {
        LOG.warn("the bundle {} is not valid and is left out", folder, e);
        System.err.println(
            "glimt: "
                + Visible.of(
                    "the bundle %s is not valid and is left out: %s"
                        .formatted(folder, e.getMessage())));
      }
    }
  }

  private static int count(Path folder) {
    try (Stream<Path> entries = Files.list(folder)) {
      return Math.toIntExact(entries.count());
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Checks that the gateway's port is free, before slower parts are started.
   *
   * @param option the option that chooses another port, to be named in the message
   * @throws DeployException if the port is in use
   */
  public static void refuseIfTaken(Gateway.Address http, String option) {
    if (http.port() == 0) {
      return;
    }
    try (ServerSocket socket =
        new ServerSocket(http.port(), 1, InetAddress.getByName(http.host()))) {
      LOG.debug("port {} is free", socket.getLocalPort());
    } catch (IOException e) {
      throw new DeployException(
          "port %s is in use (%s); choose another with %s, or any free port with %s 0"
              .formatted(http.port(), e.getMessage(), option, option),
          e);
    }
  }

  /** Turns a failure into a sentence with its root cause and the folder of the logs. */
  public static DeployException explained(Home home, RuntimeException e) {
    return e.getCause() == null
        ? new DeployException(e)
        : new DeployException("%s; see the logs in %s".formatted(reason(e), home.logs()), e);
  }

  private static String reason(RuntimeException e) {
    String doing = String.valueOf(e.getMessage());
    if (e.getCause() == null) {
      return doing;
    }
    Throwable root = e.getCause();
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String kind =
        root instanceof IOException
            ? root.getClass().getSimpleName().replaceAll("Exception$", ": ")
            : "";
    return "%s (%s%s)".formatted(doing, kind, root.getMessage());
  }
}
