package glimt.worker;

import glimt.coordinator.Cadence;
import glimt.job.ArtifactId;
import glimt.job.Axis;
import glimt.job.BundleCard;
import glimt.job.Format;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.JobView;
import glimt.job.Kind;
import glimt.job.Level;
import glimt.job.Plan;
import glimt.job.Sampling;
import glimt.job.TenantId;
import glimt.job.Vocabulary;
import glimt.storage.ArtifactFolder;
import glimt.storage.Bundles;
import glimt.storage.Database;
import glimt.storage.EmbeddedPostgres;
import glimt.storage.Jobs;
import glimt.storage.Tasks;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A real ledger on a PostgreSQL of its own, in which leases are short. */
final class Ledger implements AutoCloseable {
  static final Cadence CADENCE =
      new Cadence(
          Duration.ofMillis(200),
          Duration.ofSeconds(2),
          Duration.ofMillis(200),
          Duration.ofSeconds(5));

  private final EmbeddedPostgres postgres;
  private final Database database;
  final ExecutorService jdbc = Executors.newVirtualThreadPerTaskExecutor();
  final Tasks tasks;
  final Jobs jobs;
  final ArtifactFolder artifacts;

  Ledger(Path home) {
    postgres = EmbeddedPostgres.start(home, Path.of("target", "postgres"));
    database = Database.open(postgres.url(), postgres.user(), postgres.password());
    tasks =
        new Tasks(
            database, new Tasks.Terms(CADENCE.lease(), CADENCE.sweep(), Duration.ofMillis(10)));
    jobs = new Jobs(database);
    artifacts = new ArtifactFolder(home.resolve("artifacts"));
  }

  /** A bundle that nobody else's jobs were planned with; its jobs have that many tasks, and one. */
  Bundles.Entry bundle(int segments) {
    Sampling sampling = new Sampling("euler", 10, 1, 0.01, 10, 7);
    Level base =
        new Level(
            "base",
            List.of(new Axis("points", 16 * segments, 16, 16, 0)),
            1,
            "base",
            1,
            List.of(),
            0,
            sampling);
    BundleCard card =
        new BundleCard(
            "dots-" + UUID.randomUUID(),
            Kind.POINTS,
            "",
            "",
            new Vocabulary(List.of("dot"), Map.of(), Set.of(), 1),
            0,
            List.of(1.0),
            List.of(0.0),
            List.of(base),
            Map.of(),
            Map.of());
    String random = (UUID.randomUUID().toString() + UUID.randomUUID()).replace("-", "");
    Bundles.Entry entry = new Bundles.Entry(new ArtifactId(random), card);
    new Bundles(database).offer(entry.digest(), card);
    return entry;
  }

  JobId submit(Bundles.Entry bundle) {
    JobSpec spec =
        new JobSpec.PointCloud(
            "dot", bundle.card().name(), new JobSpec.Wishes(1, null, null, null), null, Format.PLY);
    return jobs.submit(TenantId.DEFAULT, spec, bundle.digest(), Plan.of(spec, bundle.card())).id();
  }

  JobView find(JobId job) {
    return jobs.find(TenantId.DEFAULT, job).orElseThrow();
  }

  @Override
  public void close() {
    jdbc.close();
    database.close();
    postgres.close();
  }
}
