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
 * A PostgreSQL server of our own, from the binaries on the class path: durable, on loopback only,
 * with a generated password. It outlives a JVM that is killed, and the next one adopts it; when
 * both were killed, PostgreSQL recovers. Two JVMs must not start it on one home at once: whoever
 * runs a farm there locks the home first.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedPostgres.class);

  /** How long a predecessor's last processes may need to let go of the data. */
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** How long a start may take, recovery after a crash included. */
  private static final Duration START_LIMIT = Duration.ofMinutes(2);

  private static final Duration POLL = Duration.ofMillis(20);
  private static final int STOP_SECONDS = 30;
  private static final long LOG_LIMIT = 8 << 20;

  /** What passes by itself: a predecessor's last processes, or a port that was just taken. */
  private static final List<String> PASSING =
      List.of("lock file", "shared memory block", "could not bind");

  /** Said to a right password before the server takes part: it starts, recovers or stops. */
  private static final String CANNOT_CONNECT_NOW = "57P03";

  /** Small, since it idles most of the time. Everything that makes it durable stays on. */
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
   * Starts the server of a home, makes it first if there is none, or adopts the one that runs.
   *
   * @throws StorageException if that is impossible; its causes say why
   */
  public static EmbeddedPostgres start(Path home) {
    return start(home, home.resolve("postgres"));
  }

  /**
   * @param programs where PostgreSQL is unpacked; many homes may share it
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

  public String url() {
    return url(postmaster);
  }

  public String user() {
    return PostgresHome.USER;
  }

  public String password() {
    return home.password();
  }

  /** The process that all its others descend from. */
  public long pid() {
    return postmaster.pid();
  }

  /** Whether it ran already, left behind by a JVM that was killed. */
  public boolean adopted() {
    return adopted;
  }

  /** How long it took until it answered. */
  public Duration took() {
    return took;
  }

  /** Stops it: sessions are cut off, what was committed is safe. */
  @Override
  public void close() {
    if (!runs(postmaster)) {
      return;
    }
    try {
      home.programs()
          .run(
              "pg_ctl",
              List.of(
                  "stop",
                  "-D",
                  home.data().toString(),
                  "-m",
                  "fast",
                  "-w",
                  "-t",
                  "" + STOP_SECONDS));
    } catch (IOException e) {
      throw new StorageException("stop PostgreSQL in " + home.folder(), e);
    }
    // Its lock file goes a moment before it does.
    awaitEnd(postmaster);
  }

  private static boolean runs(PostgresHome.Postmaster postmaster) {
    return ProcessHandle.of(postmaster.pid()).filter(ProcessHandle::isAlive).isPresent();
  }

  /** Not by onExit(), whose answer may never come once the JVM shuts down. */
  private static boolean awaitEnd(PostgresHome.Postmaster postmaster) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (runs(postmaster) && System.nanoTime() < deadline) {
      LockSupport.parkNanos(POLL.toNanos());
    }
    return !runs(postmaster);
  }

  /** Leaves nothing of a start that failed. */
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
        throw new IOException("a server runs on the data but does not answer: " + orphan.get());
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
                "it does not answer: " + PostgresPrograms.told(said(home, logged)));
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

  /** In a session of its own, so that Ctrl-C on our terminal does not reach it. */
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
    // setsid, unshare and setpriv each become the next, so this is the postmaster's own number.
    return new PostgresHome.Postmaster(process.pid(), port);
  }

  /**
   * Whether the server takes part and works on our data.
   *
   * @throws IOException if it is another server
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
        throw new IOException("the server on port %s is of %s".formatted(postmaster.port(), data));
      }
      return true;
    } catch (SQLException e) {
      String state = String.valueOf(e.getSQLState());
      if (state.equals(CANNOT_CONNECT_NOW) || state.startsWith("08")) {
        return false;
      }
      throw new IOException("the server on port %s refuses us".formatted(postmaster.port()), e);
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
      throw new UncheckedIOException("no port is free", e);
    }
  }

  /** What the log says since this start. */
  private static String said(PostgresHome home, long since) throws IOException {
    try (FileChannel log = FileChannel.open(home.log())) {
      log.position(Math.min(since, log.size()));
      return new String(Channels.newInputStream(log).readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
