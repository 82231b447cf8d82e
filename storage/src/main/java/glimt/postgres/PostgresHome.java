package glimt.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where an embedded PostgreSQL lives.
 *
 * <pre>
 *   folder/postgres.password   of its only user; mode 0600
 *   folder/postgres.port       the last, which it takes again if it can: others know it by that
 *   folder/postgres.log
 *   folder/data/               the database; made whole or not at all
 * </pre>
 */
record PostgresHome(Path folder, PostgresPrograms programs, String password) {
  static final String USER = "glimt";

  private static final Logger LOG = LoggerFactory.getLogger(PostgresHome.class);

  private static final int PASSWORD_BYTES = 24;

  /** A server, as its {@code postmaster.pid} tells of it. */
  record Postmaster(long pid, int port) {}

  /** Makes what is not there yet. */
  static PostgresHome in(Path folder, PostgresPrograms programs) throws IOException {
    Path data = folder.resolve("data");
    Path secret = folder.resolve("postgres.password");
    boolean made = Files.isDirectory(data);
    if (made && !Files.exists(secret)) {
      throw new IOException("there is a database in %s but no %s".formatted(data, secret));
    }
    if (!Files.exists(secret)) {
      keep(secret);
    }
    PostgresHome home = new PostgresHome(folder, programs, Files.readString(secret).strip());
    if (!made) {
      home.make(secret);
    }
    return home;
  }

  Path data() {
    return folder.resolve("data");
  }

  Path log() {
    return folder.resolve("postgres.log");
  }

  /** Where it listened last. */
  Optional<Integer> lastPort() throws IOException {
    String port = Files.exists(portFile()) ? Files.readString(portFile()).strip() : "";
    return port.matches("\\d{1,5}") ? Optional.of(Integer.parseInt(port)) : Optional.empty();
  }

  void keepPort(int port) throws IOException {
    Files.writeString(portFile(), port + "\n");
  }

  private Path portFile() {
    return folder.resolve("postgres.port");
  }

  /**
   * The server that runs on the data now. A lock file that names a process of another kind, as it
   * does when a machine has started again and numbers its processes anew, is removed: PostgreSQL
   * would not dare to.
   */
  Optional<Postmaster> postmaster() throws IOException {
    Path lock = data().resolve("postmaster.pid");
    List<String> lines = Files.exists(lock) ? Files.readAllLines(lock) : List.of();
    // Its lines: process, data directory, start, port, …; the port comes when it is about to
    // listen. A line break in the directory's name shifts them: the port is read where we keep it.
    Optional<Integer> port = lastPort();
    if (lines.size() < 4 || port.isEmpty()) {
      return Optional.empty();
    }
    long pid = Long.parseLong(lines.get(0).strip());
    if (ProcessHandle.of(pid).isEmpty()) {
      return Optional.empty();
    }
    if (!worksIn(pid, data())) {
      Files.delete(lock);
      return Optional.empty();
    }
    return Optional.of(new Postmaster(pid, port.get()));
  }

  private static boolean worksIn(long pid, Path data) throws IOException {
    try {
      return Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "cwd")).equals(data);
    } catch (IOException e) {
      // It has just ended, or is another user's.
      return false;
    }
  }

  private static void keep(Path secret) throws IOException {
    byte[] bytes = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(bytes);
    String password = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    Path incoming =
        Files.createTempFile(
            secret.getParent(),
            "password",
            "",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(incoming, password + "\n", StandardOpenOption.WRITE);
    Files.move(incoming, secret, StandardCopyOption.ATOMIC_MOVE);
  }

  private void make(Path secret) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path left : entries.filter(path -> unfinished(path)).toList()) {
        forget(left);
      }
    }
    Path incoming = Files.createTempDirectory(folder, "data-incoming");
    programs.give(incoming);
    programs.give(secret);
    if (!programs.reach(incoming)) {
      throw new IOException(
          "PostgreSQL must not be root, and user nobody cannot enter %s: take another home, or be an ordinary user"
              .formatted(folder));
    }
    programs.initdb(
        List.of(
            "--pgdata=" + incoming,
            "--username=" + USER,
            "--auth=scram-sha-256",
            "--pwfile=" + secret,
            "--encoding=UTF8",
            "--no-locale",
            "--no-instructions"));
    Files.move(incoming, data(), StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Of a JVM that was killed. The initdb that it started may still be at work there, for a while.
   */
  private static void forget(Path left) {
    try {
      PostgresPrograms.delete(left);
    } catch (IOException e) {
      LOG.info("{} is left for the next start", left, e);
    }
  }

  private static boolean unfinished(Path path) {
    return path.getFileName().toString().startsWith("data-incoming");
  }
}
