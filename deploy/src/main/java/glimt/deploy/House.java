package glimt.deploy;

import glimt.bundle.Bundle;
import glimt.bundle.BundleException;
import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.diffusion.Samplers;
import glimt.gateway.Gateway;
import glimt.gateway.GatewayException;
import glimt.storage.Artifacts;
import glimt.storage.Bundles;
import glimt.storage.Database;
import glimt.storage.EmbeddedPostgres;
import glimt.storage.Events;
import glimt.storage.Jobs;
import glimt.storage.StorageException;
import glimt.storage.Tasks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A farm on one machine: the database, the coordinator and the gateway in this process, and a
 * process for each worker.
 *
 * @param address where it answers
 */
record House(URI address, Node node) {
  private static final Logger LOG = LoggerFactory.getLogger(House.class);

  static final int WORKERS_LIMIT = 64;
  private static final int CPU_WORKERS = 4;
  private static final Path GPUS = Path.of("/proc/driver/nvidia/gpus");

  /**
   * @param port 0 for any that is free
   * @param workers how many processes
   * @param jdbcUrl of the database, unless it is our own
   */
  record Settings(int port, int workers, Optional<String> jdbcUrl) {
    /** For one job of one's own. */
    static Settings forOneself() {
      return new Settings(0, slots(), Optional.empty());
    }
  }

  /** One worker a GPU; without any, one a core, up to a few: each holds its own libtorch. */
  static int slots() {
    int gpus = count(GPUS);
    return gpus > 0 ? gpus : Math.min(CPU_WORKERS, Runtime.getRuntime().availableProcessors());
  }

  /**
   * Starts everything; it ends with {@code exit}, the last started first. Returns when the first
   * job would be accepted.
   *
   * @throws DeployException if something outside stands in the way
   */
  static House start(AtExit exit, Home.Lock lock, Settings settings) {
    Home home = exit.open(() -> lock).home();
    if (settings.port() != 0) {
      refuseIfTaken(settings.port());
    }
    try {
      return open(exit, lock, home, settings);
    } catch (StorageException | GatewayException e) {
      throw new DeployException(
          "%s (%s); more in %s".formatted(e.getMessage(), rootOf(e).getMessage(), home.logs()), e);
    }
  }

  private static House open(AtExit exit, Home.Lock lock, Home home, Settings settings) {
    Database database = exit.open(() -> database(exit, home, settings));
    Bundles bundles = new Bundles(database);
    offer(bundles, home);
    ExecutorService threads =
        exit.open(Executors::newVirtualThreadPerTaskExecutor, ExecutorService::shutdownNow);
    Node node = exit.open(() -> Node.found(Set.of(Node.Role.COORDINATOR, Node.Role.GATEWAY)));
    Tasks tasks = new Tasks(database, Tasks.Terms.USUAL);
    node.coordinate(tasks, threads, Cadence.DEFAULT);
    Farm farm = node.farm();
    exit.open(
        () ->
            Slots.start(
                settings.workers(),
                (slot, id) -> WorkerCommand.process(home, node.address(), slot, id),
                tasks,
                farm,
                Cadence.DEFAULT));
    Gateway gateway =
        new Gateway(
            new Gateway.Address(Gateway.Address.LOOPBACK, settings.port()),
            new Gateway.Parts(
                new Jobs(database),
                new Events(database),
                new Artifacts(home.artifacts()),
                bundles,
                farm,
                Samplers.names()));
    URI address = exit.open(gateway::start, _ -> gateway.close());
    lock.announce(address);
    return new House(address, node);
  }

  /** Waits until this process is told to stop, or the farm falls apart. */
  void awaitEnd() {
    node.stopped().toCompletableFuture().join();
  }

  private static Database database(AtExit exit, Home home, Settings settings) {
    if (settings.jdbcUrl().isPresent()) {
      return Database.open(settings.jdbcUrl().get(), null, System.getenv("PGPASSWORD"));
    }
    EmbeddedPostgres postgres = exit.open(() -> EmbeddedPostgres.start(home.database()));
    return Database.open(postgres.url(), postgres.user(), postgres.password());
  }

  /** Puts every bundle found into the catalogue; one that is broken is left out, and named. */
  private static void offer(Bundles bundles, Home home) {
    for (Path folder : home.bundles()) {
      try {
        Bundle bundle = Bundle.open(folder);
        bundles.offer(bundle.digest(), bundle.card());
      } catch (BundleException e) {
        LOG.warn("left out the bundle {}", folder, e);
        System.err.println("glimt: left out the bundle " + folder + ": " + e.getMessage());
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

  private static void refuseIfTaken(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      LOG.debug("port {} is free", socket.getLocalPort());
    } catch (IOException e) {
      throw new DeployException(
          "port %d is in use (%s); take another with --port, or --port 0 for any that is free"
              .formatted(port, e.getMessage()),
          e);
    }
  }

  private static Throwable rootOf(Throwable e) {
    return e.getCause() == null ? e : rootOf(e.getCause());
  }
}
