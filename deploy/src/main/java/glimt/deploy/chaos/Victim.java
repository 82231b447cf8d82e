package glimt.deploy.chaos;

import glimt.artifact.ArtifactFolder;
import glimt.coordinator.Node.NodeRole;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.ledger.Audit;
import glimt.ledger.Database;
import glimt.ledger.DatabaseAddress;
import glimt.storage.StorageException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * The farm that faults are injected into: two coordinators, a gateway, two nodes with one worker
 * each and a PostgreSQL, all of them separate processes.
 */
final class Victim implements AutoCloseable {
  static final List<String> COORDINATORS = List.of("coordinator-1", "coordinator-2");
  static final String GATEWAY = "gateway-1";
  static final List<String> WORKERS = List.of("worker-1", "worker-2");

  static final int NODES = 5;

  /** Seconds; the smallest limit allowed. A step of a small job takes a fraction of a second. */
  private static final String STEP_LIMIT = "11";

  private static final Duration WHOLE_WITHIN = Duration.ofMinutes(4);
  private static final Duration PAUSE = Duration.ofMillis(40);
  private static final int DATABASE_MEGABYTES = 700;
  private static final int STORE_MEGABYTES = 400;

  private final Home home;
  private final Fleet fleet;
  private final Path crashPoints;
  private final Optional<Tmpfs> databaseDisk;
  private final Optional<Tmpfs> storeDisk;
  private final Database database;
  private final Set<String> told = new HashSet<>();

  private Victim(Home home, Optional<Tmpfs> databaseDisk, Optional<Tmpfs> storeDisk) {
    this.home = home;
    this.databaseDisk = databaseDisk;
    this.storeDisk = storeDisk;
    this.fleet = Fleet.on(home);
    this.crashPoints = home.folder().resolve("crash-points");
    this.database = database(fleet.database());
  }

  private static Database database(DatabaseAddress address) {
    return Database.open(address.url(), address.user(), address.password());
  }

  /**
   * Starts the PostgreSQL of a farm, but no node yet.
   *
   * @param onSmallDisks whether to put its database and its store on small disks that can be filled
   *     up; needs root
   */
  static Victim in(Home home, boolean onSmallDisks) {
    Optional<Tmpfs> databaseDisk = disk(onSmallDisks, home.database(), DATABASE_MEGABYTES);
    Optional<Tmpfs> storeDisk = disk(onSmallDisks, home.artifacts(), STORE_MEGABYTES);
    try {
      return new Victim(home, databaseDisk, storeDisk);
    } catch (RuntimeException e) {
      databaseDisk.ifPresent(Tmpfs::close);
      storeDisk.ifPresent(Tmpfs::close);
      throw e;
    }
  }

  /**
   * Starts the nodes, and returns when all of them run.
   *
   * @param bundles tampered bundles to offer besides the usual ones
   */
  void begin(List<Tampered> bundles) {
    try {
      Files.createDirectories(crashPoints);
    } catch (IOException e) {
      throw new DeployException("cannot create the folder " + crashPoints, e);
    }
    for (Path good : home.bundles()) {
      if (good.endsWith("objects")) {
        bundles.forEach(bundle -> bundle.write(good, home.models()));
      }
    }
    COORDINATORS.forEach(name -> add(name, NodeRole.COORDINATOR));
    add(GATEWAY, NodeRole.GATEWAY);
    WORKERS.forEach(name -> add(name, NodeRole.WORKER, "--workers", "1"));
    awaitWhole();
  }

  private static Optional<Tmpfs> disk(boolean wanted, Path folder, int megabytes) {
    return wanted ? Optional.of(Tmpfs.mount(folder, megabytes)) : Optional.empty();
  }

  private void add(String name, NodeRole role, String... options) {
    List<String> all = new ArrayList<>(List.of("--host", host(name)));
    all.addAll(List.of(options));
    fleet.add(name, role, all, environment());
  }

  /** The address of a node. Each node has its own, so that nodes can be cut off from each other. */
  String host(String name) {
    return "127.0.1." + (1 + names().indexOf(name));
  }

  private Map<String, String> environment() {
    return Map.of(
        "GLIMT_CRASH_POINTS",
        crashPoints.toString(),
        "GLIMT_STEP_LIMIT",
        STEP_LIMIT,
        // One compiler tier starts short-lived JVMs faster; crash reports go to the logs.
        "JDK_JAVA_OPTIONS",
        "-XX:TieredStopAtLevel=1 -XX:ErrorFile=" + home.logs().resolve("crash-%p.log"));
  }

  URI gateway() {
    return fleet.awaitReady(GATEWAY).http().orElseThrow();
  }

  Database database() {
    return database;
  }

  DatabaseAddress databaseAddress() {
    return fleet.database();
  }

  Audit audit() {
    return new Audit(database);
  }

  ArtifactFolder artifacts() {
    return new ArtifactFolder(home.artifacts());
  }

  Optional<Tmpfs> databaseDisk() {
    return databaseDisk;
  }

  Optional<Tmpfs> storeDisk() {
    return storeDisk;
  }

  /** Whether this breach was not reported before. */
  boolean isNews(String breach) {
    return told.add(breach);
  }

  /** Arms a crash point; returns its file, which disappears when a worker has crashed there. */
  Path arm(String point) {
    try {
      return Files.createFile(crashPoints.resolve(point));
    } catch (IOException e) {
      throw new DeployException("cannot create the file for the crash point " + point, e);
    }
  }

  /** The lines of all workers' logs. */
  List<String> workerLogs() {
    try (Stream<Path> logs = Files.list(home.logs())) {
      List<String> lines = new ArrayList<>();
      for (Path log : logs.filter(one -> one.toString().endsWith("-worker-0.log")).toList()) {
        lines.addAll(Files.readAllLines(log));
      }
      return lines;
    } catch (IOException e) {
      throw new DeployException("cannot read the logs in " + home.logs(), e);
    }
  }

  // ---- its processes

  List<String> names() {
    List<String> names = new ArrayList<>(COORDINATORS);
    names.add(GATEWAY);
    names.addAll(WORKERS);
    return names;
  }

  /** The process of a node, if it runs. */
  Optional<ProcessHandle> node(String name) {
    return fleet.find(name).process();
  }

  /** The worker process of a node, if it runs. */
  Optional<ProcessHandle> worker(String name) {
    return fleet.find(name).slots().stream().findFirst();
  }

  Optional<ProcessHandle> postgres() {
    return fleet.postgres();
  }

  /** Kills a node and its workers. */
  void kill(String name) {
    List<ProcessHandle> all = new ArrayList<>(fleet.find(name).slots());
    node(name).ifPresent(all::add);
    all.forEach(process -> Fleet.signal(process, Fleet.UnixSignal.KILL));
    all.forEach(Fleet::awaitEnd);
  }

  /** Starts a node again, without waiting for it. */
  void start(String name) {
    start(name, Map.of());
  }

  /**
   * Starts a node again, without waiting for it.
   *
   * @param more further environment variables
   */
  void start(String name, Map<String, String> more) {
    Map<String, String> environment = new HashMap<>(environment());
    environment.putAll(more);
    fleet.start(name, environment);
  }

  /** Sends PostgreSQL a signal that ends it, and waits until it has ended. */
  void end(ProcessHandle postgres, Fleet.UnixSignal signal) {
    Fleet.signal(postgres, signal);
    Fleet.awaitEnd(postgres);
  }

  /** Starts PostgreSQL again on the same data. */
  void startPostgres() {
    eventually(
        "PostgreSQL starts",
        () -> {
          try {
            fleet.database();
            return true;
          } catch (StorageException e) {
            return false;
          }
        });
  }

  /** Restarts whatever does not run, and waits until everything does. */
  void awaitWhole() {
    databaseDisk.ifPresent(Tmpfs::free);
    storeDisk.ifPresent(Tmpfs::free);
    startPostgres();
    names().forEach(this::start);
    names().forEach(this::awaitReady);
    eventually(
        "every worker has a process",
        () -> WORKERS.stream().allMatch(name -> worker(name).isPresent()));
  }

  void awaitReady(String name) {
    eventually(
        name + " is ready",
        () -> {
          if (node(name).isEmpty()) {
            start(name);
          }
          return fleet.find(name).ready();
        });
  }

  /**
   * Waits for a condition, as long as a loaded machine may need.
   *
   * @throws BrokenPromise if it is not met in time
   */
  static void eventually(String what, Supplier<Boolean> isSo) {
    if (!within(WHOLE_WITHIN, isSo)) {
      throw new BrokenPromise("not within %s: %s".formatted(WHOLE_WITHIN, what));
    }
  }

  /** Whether a condition is met within a time. */
  static boolean within(Duration time, Supplier<Boolean> isSo) {
    for (long end = System.nanoTime() + time.toNanos(); System.nanoTime() - end < 0; ) {
      if (isSo.get()) {
        return true;
      }
      Witness.pause(PAUSE);
    }
    return isSo.get();
  }

  /** Stops everything that this started, as far as possible. */
  @Override
  public void close() {
    try {
      database.close();
      names().stream()
          .flatMap(name -> node(name).stream())
          .forEach(process -> Fleet.signal(process, Fleet.UnixSignal.CONT));
      fleet.down();
    } finally {
      databaseDisk.ifPresent(Tmpfs::close);
      storeDisk.ifPresent(Tmpfs::close);
    }
  }
}
