package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glimt.postgres.EmbeddedPostgres;
import glimt.storage.StorageException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real PgBouncer between the ledger and its PostgreSQL. */
class PoolerTest {
  private static Path pgbouncer;

  @TempDir private Path folder;

  @BeforeAll
  static void findIt() {
    Optional<Path> found =
        Stream.concat(
                Stream.of(System.getenv().getOrDefault("PATH", "").split(":")),
                Stream.of("/usr/sbin"))
            .map(bin -> Path.of(bin, "pgbouncer"))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty() && "true".equals(System.getenv("CI"))) {
      throw new AssertionError("pgbouncer is not installed, but CI must have it");
    }
    if (found.isEmpty()) {
      System.out.println("skipped: pgbouncer is not installed, so no pooler is tested");
    }
    assumeTrue(found.isPresent(), "pgbouncer is not installed");
    pgbouncer = found.get();
  }

  @Test
  void a_pooler_that_lends_transactions_is_refused_in_a_sentence_with_the_way_out()
      throws Exception {
    for (String more : List.of("", "server_round_robin = 1", "min_pool_size = 5")) {
      withPooler(
          "transaction",
          more,
          url ->
              assertThatThrownBy(
                      () -> Database.open(url, null, null, Duration.ofSeconds(20)).close())
                  .isInstanceOf(StorageException.class)
                  .hasNoCause()
                  .hasMessageContaining("pool_mode=session"));
    }
  }

  @Test
  void a_pooler_that_lends_sessions_is_as_good_as_none() throws Exception {
    withPooler(
        "session",
        "",
        url -> {
          try (Database database = Database.open(url, null, null, Duration.ofSeconds(20))) {
            new Bundles(database).offer(Ledger.digestOf("toy"), Ledger.card("toy", 3));
            assertThat(new Bundles(database).list()).hasSize(1);
          }
        });
  }

  @FunctionalInterface
  private interface Use {
    void of(String url) throws Exception;
  }

  private void withPooler(String mode, String more, Use use) throws Exception {
    EmbeddedPostgres server = Ledger.server();
    URI database = URI.create(Ledger.freshUrl().substring("jdbc:".length()));
    int port = freePort();
    Path settings =
        Files.writeString(
            folder.resolve("pgbouncer.ini"),
            """
            [databases]
            glimt = host=127.0.0.1 port=%s dbname=%s user=%s password=%s
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = %s
            auth_type = any
            pool_mode = %s
            unix_socket_dir =
            ignore_startup_parameters = extra_float_digits
            logfile = %s
            %s
            """
                .formatted(
                    database.getPort(),
                    database.getPath().substring(1),
                    server.user(),
                    server.password(),
                    port,
                    mode,
                    folder.resolve("pgbouncer.log"),
                    more));
    List<String> command = new ArrayList<>();
    if (Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
      // PgBouncer refuses to run as root.
      command.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
    command.addAll(List.of(pgbouncer.toString(), settings.toString()));
    Process pooler =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("pgbouncer.out").toFile())
            .start();
    try {
      use.of("jdbc:postgresql://127.0.0.1:" + port + "/glimt?user=glimt");
    } finally {
      pooler.destroyForcibly().waitFor();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
