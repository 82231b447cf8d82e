package glimt.deploy.fleet;

import glimt.coordinator.Node.NodeRole;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.Program;
import glimt.ledger.DatabaseAddress;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A small farm of separate processes on one machine, for people to try and for tests to kill: nodes
 * of one role each, and the embedded PostgreSQL or another. The processes outlive the command that
 * starts them, so it keeps what it must know in files:
 *
 * <pre>
 *   HOME/nodes/database       the URL of the database, unless it is the embedded one
 *   HOME/nodes/NAME/command   a node's arguments, a NUL after each, as in /proc
 *                  /process   its pid and start time, so that no other process is taken for it
 *                  /out /err  its standard output and error
 * </pre>
 */
public final class Fleet {
  /** The name of the database in lists of processes. */
  public static final String POSTGRES = "postgres";

  private static final String READY = "glimt is ready";
  private static final Duration POLL = Duration.ofMillis(50);

  /** Generous, because a machine with two cores starts a dozen JVMs slowly. */
  private static final Duration START_LIMIT = Duration.ofMinutes(5);

  private static final Duration STOP_LIMIT = Duration.ofSeconds(40);

  /** The signals that a process of the farm may be sent. */
  public enum UnixSignal {
    TERM,
    INT,
    QUIT,
    KILL,
    STOP,
    CONT
  }

  /**
   * One node.
   *
   * @param process its process; empty if it does not run
   * @param ready whether it has reported that it is ready
   * @param http the URL of its gateway; empty if it has none or is not ready
   */
  public record Member(
      String name, Optional<ProcessHandle> process, boolean ready, Optional<URI> http) {
    /** The processes of its workers. */
    public List<ProcessHandle> slots() {
      return process.stream()
          .flatMap(ProcessHandle::children)
          .sorted(Comparator.comparingLong(ProcessHandle::pid))
          .toList();
    }
  }

  private final Home home;
  private final Path folder;

  private Fleet(Home home) {
    this.home = home;
    this.folder = home.folder().resolve("nodes");
  }

  /** The fleet of a home, whether any of its nodes runs or not. */
  public static Fleet on(Home home) {
    return new Fleet(home);
  }

  // ---- the database

  /** Makes the farm use another database than the embedded one from now on. */
  public void useDatabase(String url) {
    write(folder.resolve("database"), url);
  }

  /** The address of the database. Starts the embedded one if it does not run. */
  public DatabaseAddress database() {
    Path given = folder.resolve("database");
    if (Files.exists(given)) {
      return DatabaseAddress.of(read(given));
    }
    EmbeddedPostgres postgres = EmbeddedPostgres.start(home.database());
    return new DatabaseAddress(postgres.url(), postgres.user(), postgres.password());
  }

  /** The main process of the embedded PostgreSQL, if it runs. */
  public Optional<ProcessHandle> postgres() {
    Path data = home.database().resolve("data");
    Path lock = data.resolve("postmaster.pid");
    if (!Files.exists(lock)) {
      return Optional.empty();
    }
    long pid = Long.parseLong(read(lock).lines().findFirst().orElse("0").strip());
    // Another process may have the same pid since the machine was restarted.
    return ProcessHandle.of(pid).filter(_ -> worksIn(pid, data));
  }

  private static boolean worksIn(long pid, Path data) {
    try {
      return Files.isSameFile(Path.of("/proc", Long.toString(pid), "cwd"), data);
    } catch (IOException e) {
      // The process has just ended, or belongs to another user.
      return false;
    }
  }

  // ---- its nodes

  /**
   * Adds a node with one role and starts it; returns before it is ready.
   *
   * @param options further options of {@code glimt node}
   */
  public void add(String name, NodeRole role, List<String> options) {
    add(name, role, options, Map.of());
  }

  /**
   * Adds a node with one role and starts it; returns before it is ready.
   *
   * @param options further options of {@code glimt node}
   * @param environment further environment variables, for this start only
   */
  public void add(
      String name, NodeRole role, List<String> options, Map<String, String> environment) {
    List<String> command = new ArrayList<>(List.of("node", "--roles", role.word()));
    command.addAll(List.of("--name", name, "--home", home.folder().toString()));
    if (!options.contains("--artifacts")) {
      command.addAll(List.of("--artifacts", home.makeArtifacts().toString()));
    }
    if (role == NodeRole.GATEWAY && !options.contains("--http-port")) {
      // A fixed port, so that clients find the gateway when it is started again.
      command.addAll(List.of("--http-port", Integer.toString(freePort())));
    }
    command.addAll(options);
    write(at(name, "command"), String.join("\0", command) + "\0");
    start(name, environment);
  }

  /**
   * Starts a node that was added before, unless it runs; returns before it is ready.
   *
   * @param environment further environment variables
   */
  public void start(String name, Map<String, String> environment) {
    List<String> arguments = arguments(name);
    if (find(name).process().isPresent()) {
      return;
    }
    // A session of its own keeps Ctrl-C on our terminal from reaching the node.
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(Program.command(List.of(heap(arguments)), arguments));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(home.folder().toFile())
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(at(name, "out").toFile())
            .redirectError(at(name, "err").toFile());
    builder.environment().putAll(database().environment());
    builder.environment().putIfAbsent("MALLOC_ARENA_MAX", "2");
    builder.environment().putAll(environment);
    try {
      ProcessHandle process = builder.start().toHandle();
      write(at(name, "process"), process.pid() + "\n" + began(process));
    } catch (IOException e) {
      throw new UncheckedIOException("starting " + name, e);
    }
  }

  /** A gateway gets as much as that of `up`: ten thousand viewers take half of it. */
  private static String heap(List<String> arguments) {
    if (arguments.contains(NodeRole.GATEWAY.word())) {
      return "-Xmx256m";
    }
    return arguments.contains(NodeRole.WORKER.word()) ? "-Xmx96m" : "-Xmx128m";
  }

  /** All nodes that were added, by name. */
  public List<Member> members() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> names = Files.list(folder)) {
      return names
          .filter(one -> Files.exists(one.resolve("command")))
          .map(one -> one.getFileName().toString())
          .sorted()
          .map(this::find)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A node that was added.
   *
   * @throws DeployException if there is none with that name
   */
  public Member find(String name) {
    if (!Files.exists(at(name, "command"))) {
      throw new DeployException(
          "there is no node %s in %s; its nodes are %s"
              .formatted(name, home.folder(), names().isEmpty() ? "none" : names()));
    }
    Optional<ProcessHandle> process = process(name);
    String out = process.isPresent() && Files.exists(at(name, "out")) ? read(at(name, "out")) : "";
    Optional<URI> http =
        out.lines()
            .filter(line -> line.startsWith(READY + " at "))
            .reduce((_, last) -> last)
            .map(line -> URI.create(line.substring((READY + " at ").length()).strip()));
    return new Member(name, process, out.contains(READY), http);
  }

  /** Whether any node runs. */
  public boolean runs() {
    return members().stream().anyMatch(member -> member.process().isPresent());
  }

  /** The URL of any gateway that is ready. */
  public Optional<URI> gateway() {
    return members().stream().flatMap(member -> member.http().stream()).findFirst();
  }

  /**
   * Waits until a node is ready.
   *
   * @throws DeployException if its process ends, or it is not ready within five minutes
   */
  public Member awaitReady(String name) {
    for (long end = System.nanoTime() + START_LIMIT.toNanos(); System.nanoTime() - end < 0; ) {
      Member member = find(name);
      if (member.ready()) {
        return member;
      }
      if (member.process().isEmpty()) {
        throw new DeployException("%s did not start: %s".formatted(name, said(name)));
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
    throw new DeployException(
        "%s is not ready after %s minutes; see its log with `farm logs %s`"
            .formatted(name, START_LIMIT.toMinutes(), name));
  }

  /** The last line of a node's standard error. */
  public String said(String name) {
    return Files.exists(at(name, "err"))
        ? read(at(name, "err")).lines().reduce((_, last) -> last).orElse("nothing")
        : "nothing";
  }

  /** Sends a signal to a process. */
  public static void signal(ProcessHandle process, UnixSignal signal) {
    try {
      // Java itself can only send TERM and KILL.
      Process kill =
          new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
              .redirectErrorStream(true)
              .start();
      kill.getInputStream().readAllBytes();
      kill.waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until a process has ended; kills it if it takes too long. */
  public static void awaitEnd(ProcessHandle process) {
    long end = System.nanoTime() + STOP_LIMIT.toNanos();
    while (runs(process)) {
      if (System.nanoTime() - end > 0) {
        signal(process, UnixSignal.KILL);
        return;
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /**
   * Whether a process still runs. A process that has ended may stay in /proc as a zombie for a
   * while: nodes outlive their parent, and the init process that adopts them may reap them late.
   */
  private static boolean runs(ProcessHandle process) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
      // The state follows the name, which is in parentheses and may contain some too (proc(5)).
      char state = stat.charAt(stat.lastIndexOf(')') + 2);
      return state != 'Z' && state != 'X';
    } catch (IOException e) {
      return false;
    }
  }

  /** Stops all nodes cleanly, and then the embedded database. */
  public void down() {
    for (String role : List.of("worker", "gateway", "coordinator")) {
      List<ProcessHandle> processes =
          members().stream()
              .filter(member -> arguments(member.name()).contains(role))
              .flatMap(member -> member.process().stream())
              .toList();
      processes.forEach(process -> signal(process, UnixSignal.CONT));
      processes.forEach(process -> signal(process, UnixSignal.TERM));
      processes.forEach(Fleet::awaitEnd);
    }
    if (postgres().isPresent()) {
      EmbeddedPostgres.start(home.database()).close();
    }
  }

  /** Removes a node that does not run. */
  public void remove(String name) {
    try {
      for (String file : List.of("command", "process", "out", "err")) {
        Files.deleteIfExists(at(name, file));
      }
      Files.deleteIfExists(folder.resolve(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // ---- files

  private List<String> names() {
    return members().stream().map(Member::name).toList();
  }

  private Optional<ProcessHandle> process(String name) {
    Path file = at(name, "process");
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    List<String> lines = read(file).lines().toList();
    return ProcessHandle.of(Long.parseLong(lines.getFirst()))
        .filter(process -> runs(process) && began(process).toString().equals(lines.get(1)));
  }

  private static Instant began(ProcessHandle process) {
    return process.info().startInstant().orElse(Instant.EPOCH);
  }

  private List<String> arguments(String name) {
    String command = read(at(name, "command"));
    // Older versions wrote one argument per line.
    return List.of(command.split(command.indexOf('\0') < 0 ? "\n" : "\0"));
  }

  private Path at(String name, String file) {
    return folder.resolve(name).resolve(file);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Replaces a file atomically, so that readers see either the old or the new content. Only its
   * owner may read it.
   */
  public static void write(Path file, String text) {
    try {
      Files.createDirectories(file.getParent());
      Path draft = Files.createTempFile(file.getParent(), "draft", ".new");
      Files.writeString(draft, text);
      Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
