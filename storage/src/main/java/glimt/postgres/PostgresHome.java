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
 * The folder of an embedded PostgreSQL.
 *
 * <pre>
 *   folder/postgres.password   the password of its only user; mode 0600
 *   folder/postgres.port       its last port, reused if free because other processes know it
 *   folder/postgres.log
 *   folder/data/               the database cluster; moved here when it is complete
 * </pre>
 */
record PostgresHome(Path folder, PostgresPrograms programs, String password) {
  static final String USER = "glimt";

  private static final Logger LOG = LoggerFactory.getLogger(PostgresHome.class);

  private static final int PASSWORD_BYTES = 24;

  /** A running server: the pid from its {@code postmaster.pid}, and its port. */
  record Postmaster(long pid, int port) {}

  /**
   * Opens the home in a folder, and makes password and cluster if they do not exist yet.
   *
   * @throws IOException if the cluster exists without its password, or cannot be made
   */
  static PostgresHome in(Path folder, PostgresPrograms programs) throws IOException {
    Path data = folder.resolve("data");
    Path secret = folder.resolve("postgres.password");
    boolean made = Files.isDirectory(data);
    if (made && !Files.exists(secret)) {
      throw new IOException(
          "the database in %s needs its password file %s, which is missing; restore it from a backup"
              .formatted(data, secret));
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

  /** Returns the port that the server used last. */
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
   * Returns the server that runs on the data directory now. If the lock file names a process that
   * is not this server, which happens when its pid was reused after a reboot, the lock file is
   * removed, because PostgreSQL would refuse to start.
   */
  Optional<Postmaster> postmaster() throws IOException {
    Path lock = data().resolve("postmaster.pid");
    List<String> lines = Files.exists(lock) ? Files.readAllLines(lock) : List.of();
    // The lines are pid, data directory, start time, port …; the port is written just before the
    // server listens. It is not read from here, because a line break in the directory's name
    // shifts the lines.
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
      // The process has just ended, or belongs to another user.
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
          "PostgreSQL must not run as root, and the user nobody cannot enter %s; choose another home, or run as an ordinary user"
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
   * Deletes the cluster of an unfinished start; the initdb of a killed JVM may still write to it.
   */
  private static void forget(Path left) {
    try {
      PostgresPrograms.delete(left);
    } catch (IOException e) {
      LOG.info("could not delete the incomplete cluster {}; the next start tries again", left, e);
    }
  }

  private static boolean unfinished(Path path) {
    return path.getFileName().toString().startsWith("data-incoming");
  }
}
