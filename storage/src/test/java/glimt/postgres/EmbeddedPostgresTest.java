package glimt.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.Ledger;
import glimt.ledger.NewJob;
import glimt.outside.Outside;
import glimt.storage.StorageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.List;
import java.util.TimeZone;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddedPostgresTest {
  /** All tests share one home, since making a cluster takes seconds; each leaves it stopped. */
  @TempDir static Path home;

  /** The server that a failed test may leave behind; -1 if there is none. */
  private long postmaster = -1;

  @AfterEach
  void endWhatIsLeft() {
    ProcessHandle.of(postmaster).ifPresent(ProcessHandle::destroyForcibly);
  }

  @Test
  void a_server_whose_jvm_was_killed_is_adopted_with_what_it_was_told() throws Exception {
    JobId job = submitAndBeKilled();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      assertThat(postgres.adopted()).isTrue();
      assertThat(postgres.pid()).isEqualTo(postmaster);
      hasJob(postgres, job);
    }
    assertThat(ProcessHandle.of(postmaster)).isEmpty();
    // The server was stopped by close(), so the next start launches a new one.
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      assertThat(postgres.adopted()).isFalse();
      postmaster = postgres.pid();
      hasJob(postgres, job);
    }
  }

  @Test
  void when_both_were_killed_what_was_acknowledged_is_recovered() throws Exception {
    JobId job = submitAndBeKilled();
    ProcessHandle killed = ProcessHandle.of(postmaster).orElseThrow();
    killed.destroyForcibly();
    killed.onExit().get(1, TimeUnit.MINUTES);
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      assertThat(postgres.adopted()).isFalse();
      postmaster = postgres.pid();
      hasJob(postgres, job);
    }
  }

  @Test
  void a_server_that_cannot_write_its_buffers_is_stopped_nevertheless_and_loses_nothing()
      throws Exception {
    JobId job = submitAndBeKilled();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      Outside.run(home, _ -> {}, "kill", "-STOP", checkpointer(postgres));
    }
    assertThat(ProcessHandle.of(postmaster)).isEmpty();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      postmaster = postgres.pid();
      hasJob(postgres, job);
    }
  }

  private static String checkpointer(EmbeddedPostgres server) throws Exception {
    try (Connection connection =
            DriverManager.getConnection(server.url(), server.user(), server.password());
        ResultSet found =
            connection
                .createStatement()
                .executeQuery(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")) {
      assertThat(found.next()).isTrue();
      return found.getString("pid");
    }
  }

  @Test
  void a_lock_file_that_names_a_process_of_another_kind_is_stale() throws Exception {
    String url;
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      postmaster = postgres.pid();
      url = postgres.url();
    }
    String data = home.toRealPath().resolve("data").toString();
    Files.write(
        home.resolve("data").resolve("postmaster.pid"),
        List.of(Long.toString(ProcessHandle.current().pid()), data, "0", "5432", "", "127.0.0.1"));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      assertThat(postgres.adopted()).isFalse();
      assertThat(postgres.url()).as("the address that other processes know").isEqualTo(url);
      postmaster = postgres.pid();
    }
  }

  @Test
  void it_is_durable_on_loopback_only_and_its_password_is_our_own() throws Exception {
    EmbeddedPostgres server = Ledger.server();
    try (Database database = Database.open(server.url(), server.user(), server.password())) {
      for (String setting : List.of("fsync", "full_page_writes", "synchronous_commit")) {
        assertThat(Ledger.show(database, setting)).as(setting).isEqualTo("on");
      }
      assertThat(Ledger.show(database, "listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(Ledger.show(database, "unix_socket_directories")).isEmpty();
      Path secret =
          Path.of(Ledger.show(database, "data_directory")).resolveSibling("postgres.password");
      assertThat(Files.getPosixFilePermissions(secret))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      assertThat(Files.readString(secret).strip()).isEqualTo(server.password()).hasSize(32);
    }
  }

  @Test
  void a_home_that_cannot_be_is_a_clear_error(@TempDir Path folder) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "not a folder");
    assertThatThrownBy(() -> EmbeddedPostgres.start(file, Ledger.PROGRAMS))
        .isInstanceOf(StorageException.class)
        .hasMessageContaining("start PostgreSQL in " + file);
    Files.createDirectories(folder.resolve("data"));
    assertThatThrownBy(() -> EmbeddedPostgres.start(folder, Ledger.PROGRAMS))
        .isInstanceOf(StorageException.class)
        .hasStackTraceContaining(
            folder.toRealPath().resolve("postgres.password") + ", which is missing");
    Files.writeString(folder.resolve("postgres.password"), "secret");
    assertThatThrownBy(() -> EmbeddedPostgres.start(folder, Ledger.PROGRAMS))
        .isInstanceOf(StorageException.class)
        .hasStackTraceContaining("could not access the server configuration file");
  }

  /** Names with characters that are special to shells, patterns, URLs, lists or command lines. */
  static Stream<String> folders() {
    return Stream.of(
        "100% new %s %i",
        "$(touch executed)`touch executed`${HOME} \"quoted\" back\\slash",
        "it's a#b?c;d&e|f<g>h *[a]{b}~ a:b,c=d",
        "-rf",
        "two\nlines\nor three",
        "snø 雪 ❄ " + "x".repeat(200));
  }

  @ParameterizedTest
  @MethodSource("folders")
  void any_folder_is_a_home(String name, @TempDir Path folder) throws Exception {
    Path strange = Files.createDirectory(folder.resolve(name));
    // The programs are in the same folder, as at a farm's first start.
    Ledger.server();
    Path programs = strange.resolve("postgres");
    copy(Ledger.PROGRAMS, programs);
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(strange, programs)) {
      postmaster = postgres.pid();
      try (Database database =
          Database.open(postgres.url(), postgres.user(), postgres.password())) {
        assertThat(Ledger.show(database, "data_directory"))
            .isEqualTo(strange.toRealPath().resolve("data").toString());
      }
      try (EmbeddedPostgres adopting = EmbeddedPostgres.start(strange, programs)) {
        assertThat(adopting.adopted()).isTrue();
        assertThat(adopting.pid()).isEqualTo(postmaster);
      }
    }
    assertThat(ProcessHandle.of(postmaster)).isEmpty();
    assertThat(Path.of("executed")).doesNotExist();
    assertThat(strange.resolve("data/executed")).doesNotExist();
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path copied = to.resolve(from.relativize(path));
        if (Files.isDirectory(path)) {
          Files.createDirectory(copied);
        } else {
          Files.copy(path, copied, LinkOption.NOFOLLOW_LINKS, StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"IST", "JST", "PST", "Asia/Kolkata"})
  void in_any_time_zone_a_session_is_in_UTC(String zone) throws Exception {
    TimeZone before = TimeZone.getDefault();
    TimeZone.setDefault(TimeZone.getTimeZone(zone));
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      postmaster = postgres.pid();
      TimeZone.setDefault(TimeZone.getTimeZone(zone));
      try (Database database =
          Database.open(postgres.url(), postgres.user(), postgres.password())) {
        assertThat(Ledger.show(database, "TimeZone")).isEqualTo("UTC");
      }
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void a_start_that_fails_leaves_no_server_behind() throws Exception {
    try (EmbeddedPostgres postgres = EmbeddedPostgres.start(home, Ledger.PROGRAMS)) {
      postmaster = postgres.pid();
    }
    Path secret = home.resolve("postgres.password");
    String password = Files.readString(secret);
    Files.writeString(secret, "another\n");
    try {
      assertThatThrownBy(() -> EmbeddedPostgres.start(home, Ledger.PROGRAMS))
          .isInstanceOf(StorageException.class)
          .hasStackTraceContaining("password authentication failed");
    } finally {
      Files.writeString(secret, password);
    }
    assertThat(home.resolve("data/postmaster.pid")).doesNotExist();
  }

  private JobId submitAndBeKilled() throws Exception {
    Process farm =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Farm.class.getName(),
                home.toString(),
                Ledger.PROGRAMS.toAbsolutePath().toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader said =
        new BufferedReader(new InputStreamReader(farm.getInputStream(), UTF_8))) {
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        if (line.startsWith("ready ")) {
          String[] words = line.split(" ", 3);
          postmaster = Long.parseLong(words[1]);
          return JobId.parse(words[2]);
        }
      }
      throw new IllegalStateException("the farm ended without printing that it is ready");
    } finally {
      // Sends SIGKILL, so no shutdown hook runs.
      farm.destroyForcibly().waitFor(1, TimeUnit.MINUTES);
    }
  }

  private static void hasJob(EmbeddedPostgres postgres, JobId job) {
    try (Database database = Database.open(postgres.url(), postgres.user(), postgres.password())) {
      assertThat(new Jobs(database).find(TenantId.DEFAULT, job).orElseThrow().state())
          .isEqualTo(JobState.QUEUED);
    }
  }

  /** A JVM that starts a server, submits one job, prints its id, and waits to be killed. */
  static final class Farm {
    private Farm() {}

    public static void main(String[] args) throws IOException {
      EmbeddedPostgres postgres = EmbeddedPostgres.start(Path.of(args[0]), Path.of(args[1]));
      Database database = Database.open(postgres.url(), postgres.user(), postgres.password());
      new Bundles(database).offer(Ledger.digestOf("toy"), Ledger.card("toy", 3));
      Plan plan = Plan.of(Ledger.spec(), Ledger.card("toy", 3));
      JobId job =
          new Jobs(database)
              .submit(NewJob.of(TenantId.DEFAULT, Ledger.spec(), Ledger.digestOf("toy"), plan))
              .orElseThrow()
              .id();
      System.out.println("ready " + postgres.pid() + " " + job);
      // Returns when the parent process is gone.
      int _ = System.in.read();
    }
  }
}
