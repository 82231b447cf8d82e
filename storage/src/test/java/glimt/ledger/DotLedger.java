package glimt.ledger;

import glimt.artifact.ArtifactFolder;
import glimt.job.Format;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobView;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.TenantId;
import glimt.model.Axis;
import glimt.model.BundleCard;
import glimt.model.Kind;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.WordList;
import glimt.postgres.EmbeddedPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A real ledger on its own PostgreSQL server, for the tests of other modules. Its jobs consist of
 * many small sample tasks and one assemble task.
 */
public final class DotLedger implements AutoCloseable {
  public final ExecutorService jdbc = Executors.newVirtualThreadPerTaskExecutor();
  public final Tasks tasks;
  public final Jobs jobs;
  public final Nodes nodes;
  public final Usage usage;
  public final ArtifactFolder artifacts;

  private final EmbeddedPostgres postgres;
  private final Database database;

  /** Opens a ledger whose leases last as long as in production. */
  public DotLedger(Path home) {
    this(home, LeaseTerms.USUAL);
  }

  /** Opens a ledger with short leases, in which a failed task is ready again after 10 ms. */
  public DotLedger(Path home, Duration lease, Duration sweep) {
    this(home, new LeaseTerms(lease, sweep, Duration.ofMillis(10)));
  }

  private DotLedger(Path home, LeaseTerms terms) {
    postgres = EmbeddedPostgres.start(home, Path.of("target", "postgres"));
    database = Database.open(postgres.url(), postgres.user(), postgres.password());
    tasks = new Tasks(database, terms);
    jobs = new Jobs(database);
    nodes = new Nodes(database);
    usage = new Usage(database);
    artifacts = new ArtifactFolder(home.resolve("artifacts"));
  }

  /**
   * Offers a bundle with a unique name, whose jobs have this many sample tasks and one assemble.
   */
  public Bundles.CatalogueEntry bundle(int segments) {
    Level base =
        Level.edm(
            "base",
            List.of(new Axis("points", 16 * segments, 16, 16, 0)),
            1,
            "base",
            1,
            List.of(),
            List.of(),
            0,
            Sampling.karras("euler", 10, 1, 0.01, 10, 7));
    BundleCard card =
        BundleCard.of(
            "dots-" + UUID.randomUUID(),
            Kind.POINTS,
            "",
            "",
            new WordList(List.of("dot"), Map.of(), Set.of(), 1),
            0,
            List.of(1.0),
            List.of(0.0),
            List.of(base),
            Map.of(),
            Map.of());
    Bundles.CatalogueEntry entry = new Bundles.CatalogueEntry(Ledger.digestOf(card.name()), card);
    new Bundles(database).offer(entry.digest(), card);
    return entry;
  }

  /** The same tasks with leases of an hour, for tests in which none may run out. */
  public Tasks withLongLeases() {
    Duration hour = Duration.ofHours(1);
    return new Tasks(database, new LeaseTerms(hour, LeaseTerms.USUAL.sweep(), hour));
  }

  /** Submits a job of the bundle. */
  public JobId submit(Bundles.CatalogueEntry bundle) {
    return submit(bundle, JobClass.NORMAL);
  }

  public JobId submit(Bundles.CatalogueEntry bundle, JobClass urgency) {
    JobSpec spec =
        new JobSpec(
            Kind.POINTS,
            "dot",
            bundle.card().name(),
            new SamplingOptions(1, null, null, null, null),
            Map.of(),
            Format.PLY);
    Plan plan = Plan.of(spec, bundle.card());
    return jobs.submit(NewJob.of(TenantId.DEFAULT, spec, bundle.digest(), plan).urgency(urgency))
        .orElseThrow()
        .id();
  }

  /** Returns a job's current view. */
  public JobView find(JobId job) {
    return jobs.find(TenantId.DEFAULT, job).orElseThrow();
  }

  @Override
  public void close() {
    jdbc.close();
    database.close();
    postgres.close();
  }
}
