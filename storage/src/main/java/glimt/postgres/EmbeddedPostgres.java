package glimt.postgres;

import glimt.ledger.DriverZone;
import glimt.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server run from binaries on the class path. It is durable, listens on loopback only,
 * and has a generated password. When a JVM is killed, its server keeps running, and the next JVM
 * adopts it; when both are killed, PostgreSQL recovers at the next start. Two JVMs must not start a
 * server in one home at the same time, so callers must lock the home first.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);

  /** How long the last processes of an earlier server may take to release the data directory. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long a start may take, including recovery after a crash. */
  private static final Duration START_LIMIT = Duration.ofMinutes(2);

  private static final Duration POLL = Duration.ofMillis(20);

  /** How long a server may take to stop before it is stopped the quick way. */
  private static final int STOP_SECONDS = 10;

  private static final long LOG_LIMIT = 8 << 20;

  /**
   * Parts of log messages about obstacles that disappear by themselves: the last processes of an
   * earlier server, or a port that another process has just taken.
   */
  private static final List<String> PASSING =
      List.of("lock file", "shared memory block", "could not bind");

  /** The SQL state of a server that accepts the password but is still starting, or is stopping. */
  private static final String CANNOT_CONNECT_NOW = "57P03";

  /**
   * Memory settings are small, since the server is idle most of the time. All settings that ensure
   * durability keep their defaults.
   */
  private static final List<String> SETTINGS =
      List.of(
          "listen_addresses=127.0.0.1",
          "unix_socket_directories=",
          "max_connections=100",
          "shared_buffers=32MB",
          "max_wal_size=256MB",
          "wal_level=minimal",
          "max_wal_senders=0",
          "max_worker_processes=2",
          "io_method=sync",
          "jit=off",
          "log_checkpoints=off",
          "deadlock_timeout=200ms",
          "autovacuum_naptime=20s",
          "timezone=UTC");

  private final PostgresHome home;
  private final PostgresHome.Postmaster postmaster;
  private final boolean adopted;
  private final Duration took;

  private EmbeddedPostgres(
      PostgresHome home, PostgresHome.Postmaster postmaster, boolean adopted, Duration took) {
    this.home = home;
    this.postmaster = postmaster;
    this.adopted = adopted;
    this.took = took;
  }

  /**
   * Starts the server of a home, or adopts it if it is already running. An empty home gets a new
   * database cluster. PostgreSQL's programs are unpacked into {@code home/postgres}.
   *
   * @throws StorageException if the server cannot be started; the exception's causes say why
   */
  public static EmbeddedPostgres start(Path home) {
    return start(home, home.resolve("postgres"));
  }

  /**
   * Starts the server as {@link #start(Path)} does.
   *
   * @param programs the folder into which PostgreSQL's programs are unpacked; homes may share it
   * @throws StorageException if the server cannot be started; the exception's causes say why
   */
  public static EmbeddedPostgres start(Path home, Path programs) {
    long begin = System.nanoTime();
    DriverZone.beUtc();
    try {
      Files.createDirectories(home);
      Files.createDirectories(programs.toAbsolutePath().getParent());
      PostgresHome place =
          PostgresHome.in(home.toRealPath(), PostgresPrograms.in(programs.toAbsolutePath()));
      Optional<PostgresHome.Postmaster> orphan = adopt(place);
      PostgresHome.Postmaster postmaster = orphan.isPresent() ? orphan.get() : launch(place);
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      LOG.info(
          "PostgreSQL {} on port {} in {} ms",
          orphan.isPresent() ? "adopted" : "started",
          postmaster.port(),
          took.toMillis());
      return new EmbeddedPostgres(place, postmaster, orphan.isPresent(), took);
    } catch (IOException e) {
      throw new StorageException("start PostgreSQL in " + home, e);
    }
  }

  /** Returns the JDBC URL of the server, without user and password. */
  public String url() {
    return url(postmaster);
  }

  /** Returns the name of the server's only user. */
  public String user() {
    return PostgresHome.USER;
  }

  /** Returns the generated password of {@link #user}. */
  public String password() {
    return home.password();
  }

  /** Returns the process id of the postmaster, the parent of the server's other processes. */
  public long pid() {
    return postmaster.pid();
  }

  /** Returns whether the server was already running, left behind by a JVM that was killed. */
  public boolean adopted() {
    return adopted;
  }

  /** Returns how long {@link #start} took until the server answered. */
  public Duration took() {
    return took;
  }

  /** Stops the server. Open sessions are disconnected; committed transactions are safe. */
  @Override
  public void close() {
    if (!runs(postmaster)) {
      return;
    }
    try {
      stop("fast");
    } catch (IOException late) {
      // It writes all its buffers, which can take long on a busy disk. The log has them too.
      try {
        stop("immediate");
      } catch (IOException e) {
        e.addSuppressed(late);
        throw new StorageException("stop PostgreSQL in " + home.folder(), e);
      }
    }
    // pg_ctl waits for the lock file to disappear, which happens shortly before the process ends.
    awaitEnd(postmaster);
  }

  private void stop(String mode) throws IOException {
    List<String> how =
        List.of("stop", "-D", home.data().toString(), "-m", mode, "-w", "-t", "" + STOP_SECONDS);
    home.programs().run("pg_ctl", how);
  }

  private static boolean runs(PostgresHome.Postmaster postmaster) {
    return ProcessHandle.of(postmaster.pid()).filter(ProcessHandle::isAlive).isPresent();
  }

  /** Polls, because the future of onExit() may never complete once the JVM shuts down. */
  private static boolean awaitEnd(PostgresHome.Postmaster postmaster) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (runs(postmaster) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLL.toNanos());
    }
    return !runs(postmaster);
  }

  /** Ends the processes of a start that failed. */
  private static void end(PostgresHome.Postmaster postmaster) {
    ProcessHandle.of(postmaster.pid()).ifPresent(ProcessHandle::destroy);
    if (!awaitEnd(postmaster)) {
      ProcessHandle.of(postmaster.pid()).ifPresent(ProcessHandle::destroyForcibly);
      awaitEnd(postmaster);
    }
  }

  private static Optional<PostgresHome.Postmaster> adopt(PostgresHome home) throws IOException {
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    Optional<PostgresHome.Postmaster> orphan = home.postmaster();
    while (orphan.isPresent() && !answers(home, orphan.get())) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "the PostgreSQL process %s runs on this data directory but does not answer on port %s; end it and start again"
                .formatted(orphan.get().pid(), orphan.get().port()));
      }
      LockSupport.parkNanos(POLL.toNanos());
      orphan = home.postmaster();
    }
    return orphan;
  }

  private static PostgresHome.Postmaster launch(PostgresHome home) throws IOException {
    long begin = System.nanoTime();
    if (Files.exists(home.log()) && Files.size(home.log()) > LOG_LIMIT) {
      Files.delete(home.log());
    }
    for (; ; ) {
      long logged = Files.exists(home.log()) ? Files.size(home.log()) : 0;
      PostgresHome.Postmaster postmaster = spawn(home);
      boolean answers = false;
      try {
        while (runs(postmaster) && !answers) {
          answers = answers(home, postmaster);
          if (!answers && System.nanoTime() - begin > START_LIMIT.toNanos()) {
            throw new IOException(
                "PostgreSQL did not answer within %s s: %s"
                    .formatted(START_LIMIT.toSeconds(), PostgresPrograms.told(said(home, logged))));
          }
          LockSupport.parkNanos(answers ? 0 : POLL.toNanos());
        }
      } finally {
        if (!answers) {
          end(postmaster);
        }
      }
      if (answers) {
        return postmaster;
      }
      String said = said(home, logged);
      if (PASSING.stream().noneMatch(said::contains)
          || System.nanoTime() - begin > PATIENCE.toNanos()) {
        throw new IOException(PostgresPrograms.told(said));
      }
      LockSupport.parkNanos(POLL.toNanos());
    }
  }

  /** Starts the server in its own session, so that Ctrl-C in the JVM's terminal does not end it. */
  private static PostgresHome.Postmaster spawn(PostgresHome home) throws IOException {
    int port =
        home.lastPort().filter(EmbeddedPostgres::isFree).orElseGet(EmbeddedPostgres::freePort);
    home.keepPort(port);
    List<String> arguments =
        new ArrayList<>(List.of("-D", home.data().toString(), "-p", Integer.toString(port)));
    SETTINGS.forEach(setting -> arguments.addAll(List.of("-c", setting)));
    ProcessBuilder builder = home.programs().process("postgres", arguments);
    builder.command().addFirst("setsid");
    Process process =
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(home.log().toFile())).start();
    // setsid, unshare and setpriv each exec the next program, so this is the postmaster's pid.
    return new PostgresHome.Postmaster(process.pid(), port);
  }

  /**
   * Returns whether the server answers queries.
   *
   * @throws IOException if it rejects the password, or its data directory is not this home's
   */
  private static boolean answers(PostgresHome home, PostgresHome.Postmaster postmaster)
      throws IOException {
    Properties properties = new Properties();
    properties.setProperty("user", PostgresHome.USER);
    properties.setProperty("password", home.password());
    properties.setProperty("connectTimeout", "5");
    properties.setProperty("socketTimeout", "5");
    try (Connection connection = DriverManager.getConnection(url(postmaster), properties);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SHOW data_directory")) {
      row.next();
      Path data = Path.of(row.getString(1));
      if (!data.equals(home.data())) {
        throw new IOException(
            "the server on port %s has the data directory %s, not %s"
                .formatted(postmaster.port(), data, home.data()));
      }
      return true;
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      if (state.equals(CANNOT_CONNECT_NOW) || state.startsWith("08")) {
        return false;
      }
      throw new IOException(
          "the server on port %s refused the connection".formatted(postmaster.port()), e);
    }
  }

  private static String url(PostgresHome.Postmaster postmaster) {
    return "jdbc:postgresql://127.0.0.1:%s/postgres".formatted(postmaster.port());
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
      return socket.isBound();
    } catch (IOException e) {
      return false;
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException("could not get a free port on loopback", e);
    }
  }

  /** Returns the part of the log after the given position. */
  private static String said(PostgresHome home, long since) throws IOException {
    try (FileChannel log = FileChannel.open(home.log())) {
      log.position(Math.min(since, log.size()));
      return new String(Channels.newInputStream(log).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
