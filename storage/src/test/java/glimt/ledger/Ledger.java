package glimt.ledger;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.job.Effort;
import glimt.job.Format;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Need;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.SamplingOptions;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.postgres.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** A new ledger with one bundle, in its own database on the PostgreSQL server of this JVM. */
public final class Ledger implements AutoCloseable {
  public static final LeaseTerms TERMS =
      new LeaseTerms(Duration.ofSeconds(10), Duration.ofSeconds(2), Duration.ZERO);
  public static final Effort EFFORT = new Effort("test", 0, 4, 0.5, 0.4);
  public static final Path PROGRAMS = Path.of("target", "postgres");

  private static final AtomicInteger COUNT = new AtomicInteger();

  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        Path home = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "home");
        EmbeddedPostgres postgres = EmbeddedPostgres.start(home, PROGRAMS);
        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(
                    () -> {
                      stopAtOnce(postgres.pid());
                      delete(home);
                    }));
        return postgres;
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** A database whose tables were made once; copying it is faster than all migrations. */
  private static final class Migrated {
    static final String NAME = make();

    private static String make() {
      admin("CREATE DATABASE migrated");
      open(url("migrated")).close();
      return "migrated";
    }
  }

  public final Database database;
  public final Jobs jobs;
  public final Tasks tasks;
  public final Events events;
  public final Bundles bundles;

  /** Its jobs have 6 tasks: 1 base task, 3 upper tasks, and an assemble task for each level. */
  public final BundleCard card = card("toy", 3);

  public final ArtifactId digest = digestOf("toy");

  private Ledger(String url) {
    database = open(url);
    jobs = new Jobs(database);
    tasks = new Tasks(database, TERMS);
    events = new Events(database);
    bundles = new Bundles(database);
    bundles.offer(digest, card);
  }

  /** Ends the server without a checkpoint, which would write out hundreds of databases. */
  private static void stopAtOnce(long pid) {
    ProcessHandle.of(pid)
        .ifPresent(
            postmaster -> {
              try {
                new ProcessBuilder("kill", "-QUIT", Long.toString(pid)).start();
                postmaster.onExit().join();
              } catch (IOException e) {
                throw new UncheckedIOException("cannot end the PostgreSQL of the tests", e);
              }
            });
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + folder, e);
    }
  }

  public static Database open(String url) {
    return Database.open(url, Server.POSTGRES.user(), Server.POSTGRES.password());
  }

  /** Returns a setting of the database's sessions. */
  public static String show(Database database, String setting) {
    return database
        .read(
            "show",
            session -> session.first("SELECT current_setting(?)", row -> row.getString(1), setting))
        .orElseThrow();
  }

  public static Ledger fresh() {
    Ledger ledger = new Ledger(freshUrl(Migrated.NAME));
    ledger.database.transact(
        "be a farm of its own",
        session -> session.update("UPDATE farm SET id = gen_random_uuid()"));
    return ledger;
  }

  /** Returns the URL of a new database, which is empty. */
  public static String freshUrl() {
    return freshUrl("template1");
  }

  private static String freshUrl(String template) {
    String name = "ledger_" + COUNT.incrementAndGet();
    admin("CREATE DATABASE %s TEMPLATE %s".formatted(name, template));
    return url(name);
  }

  private static String url(String database) {
    String server = Server.POSTGRES.url();
    return server.substring(0, server.lastIndexOf('/') + 1) + database;
  }

  /** Runs a statement in the server's default database. */
  static void admin(String sql) {
    try (var connection =
            DriverManager.getConnection(
                Server.POSTGRES.url(), Server.POSTGRES.user(), Server.POSTGRES.password());
        var statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  public static EmbeddedPostgres server() {
    return Server.POSTGRES;
  }

  /** Makes a card whose second level has {@code width} segments. */
  public static BundleCard card(String name, int width) {
    Sampling base = Sampling.karras("euler", 4, 2, 0.01, 80, 7);
    Sampling upper = Sampling.karras("euler", 2, 1, 0.01, 80, 7);
    return BundleCard.of(
        name,
        Kind.POINTS,
        "Toy points.",
        "Apache-2.0",
        new WordList(
            List.of("pine", "tree"), Map.of("fir", List.of("pine", "tree")), Set.of("a"), 4),
        0,
        List.of(1.0),
        List.of(0.0),
        List.of(
            Level.edm(
                "base",
                List.of(Axis.whole("points", 8)),
                1,
                "base",
                1,
                List.of(),
                List.of(),
                0,
                base),
            Level.edm(
                "dense",
                List.of(new Axis("points", 8 * width, 8, 8, 0)),
                1,
                "dense",
                1,
                List.of(),
                List.of(1.0),
                0.1,
                upper)),
        Map.of("base.py", "0".repeat(64)),
        Map.of("data", "none"));
  }

  public static JobSpec spec() {
    return new JobSpec(
        Kind.POINTS,
        "a pine tree",
        "toy",
        new SamplingOptions(7, null, null, null, null),
        Map.of(),
        Format.GLB);
  }

  public JobId submit() {
    return submit(card, digest);
  }

  public JobId submit(BundleCard with, ArtifactId pinned) {
    return jobs.submit(NewJob.of(TenantId.DEFAULT, spec(), pinned, Plan.of(spec(), with)))
        .orElseThrow()
        .id();
  }

  public JobView view(JobId job) {
    return jobs.find(TenantId.DEFAULT, job).orElseThrow();
  }

  public List<Task> claim(String worker, int most) {
    return tasks.claim(worker(worker), "here", most);
  }

  /** Makes the card of a worker that has the toy bundle. */
  public WorkerCard worker(String id) {
    return worker(id, Map.of("toy", digest));
  }

  public static WorkerCard worker(String id, Map<String, ArtifactId> bundles) {
    return new WorkerCard(new WorkerId(id), 1, "cpu", "test", bundles);
  }

  /** A worker with room for so many bytes of weights. */
  public static WorkerCard worker(String id, Map<String, ArtifactId> bundles, long memory) {
    return new WorkerCard(
        new WorkerId(id), 1, "cpu", "test", bundles, List.of(), memory, List.of());
  }

  /** A plan whose tasks need so many bytes each. */
  public static Plan needing(Plan plan, long memory) {
    return new Plan(
        plan.levels(),
        plan.tasks().stream()
            .map(
                task ->
                    new Plan.PlannedTask(
                        task.ordinal(),
                        task.work(),
                        task.inputs(),
                        task.content(),
                        new Need(null, memory)))
            .toList(),
        List.of());
  }

  public Task claimOne(String worker) {
    return claim(worker, 1).getFirst();
  }

  public Optional<Settlement> succeed(Task task) {
    return tasks.end(task.lease(), success(task), EFFORT);
  }

  /** Claims tasks and ends them with success until none is ready. */
  public void finishAll(String worker) {
    for (List<Task> claimed = claim(worker, 4); !claimed.isEmpty(); claimed = claim(worker, 4)) {
      claimed.forEach(this::succeed);
    }
  }

  public static Outcome.Succeeded success(Task task) {
    return new Outcome.Succeeded(
        List.of(
            new Product(
                Product.Role.SAMPLE, new Artifact(made(task), "application/safetensors", 8))));
  }

  public static ArtifactId made(Task task) {
    return digestOf("made by task " + task.lease().task());
  }

  public static ArtifactId digestOf(String text) {
    try {
      return new ArtifactId(
          HexFormat.of()
              .formatHex(
                  MessageDigest.getInstance("SHA-256")
                      .digest(text.getBytes(StandardCharsets.UTF_8))));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a statement and returns the number of changed rows. */
  public int sql(String statement, Object... arguments) {
    return database.transact("test", session -> session.update(statement, arguments));
  }

  public long count(String query, Object... arguments) {
    return database.read(
        "test", session -> session.first(query, row -> row.getLong(1), arguments).orElseThrow());
  }

  /** Makes every lease expired. */
  public void letLeasesRunOut() {
    sql("UPDATE task SET lease_until = lease_until - interval '1 hour' WHERE state = 'running'");
  }

  public boolean ended(JobId job, JobState state) {
    return view(job).state() == state;
  }

  @Override
  public void close() {
    database.close();
  }
}
