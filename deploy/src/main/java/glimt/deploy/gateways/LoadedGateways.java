package glimt.deploy.gateways;

import glimt.coordinator.Node;
import glimt.coordinator.Protocol;
import glimt.deploy.fleet.Fleet;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.queue.QueueBench;
import glimt.job.ArtifactId;
import glimt.job.Format;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Events;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.NewJob;
import glimt.ledger.Nodes;
import glimt.ledger.Tasks;
import glimt.model.Kind;
import glimt.postgres.EmbeddedPostgres;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gateways as processes of their own on a PostgreSQL of their own. In place of coordinators and
 * workers, this process changes the ledger and announces it to the cluster, as they do.
 */
final class LoadedGateways implements AutoCloseable {
  private static final int PAGE = 1000;

  private final Fleet fleet;
  private final List<Fleet.Member> members = new ArrayList<>();
  private final Database database;
  private final Node node;
  private final Bundles.CatalogueEntry bundle;

  /** The ledger's jobs and tasks, in which this process plays the rest of the farm. */
  final Jobs jobs;

  final Tasks tasks;

  /**
   * Starts gateways, and returns when they answer.
   *
   * @param place an empty folder for all their files
   */
  LoadedGateways(Home place, int gateways) {
    this.bundle = QueueBench.bundle(place);
    this.fleet = Fleet.on(place);
    try {
      List<String> names = new ArrayList<>();
      for (int i = 1; i <= gateways; i++) {
        names.add("gateway-" + i);
      }
      names.forEach(name -> fleet.add(name, Node.NodeRole.GATEWAY, List.of()));
      names.forEach(name -> members.add(fleet.awaitReady(name)));
      this.database = fleet.database().open(Duration.ofSeconds(10));
      this.jobs = new Jobs(database);
      this.tasks = new Tasks(database, LeaseTerms.USUAL);
      String first = new Nodes(database).list().getFirst().node().address();
      this.node = Node.join(first, Set.of(Node.NodeRole.WORKER));
    } catch (RuntimeException e) {
      fleet.down();
      throw e;
    }
  }

  /** The database below them. */
  EmbeddedPostgres server(Home place) {
    return EmbeddedPostgres.start(place.database());
  }

  URI http(int gateway) {
    return members.get(gateway).http().orElseThrow();
  }

  ProcessHandle process(int gateway) {
    return members
        .get(gateway)
        .process()
        .orElseThrow(() -> new DeployException("gateway %s has ended".formatted(gateway + 1)));
  }

  /** Processor time of a gateway so far, in seconds. */
  double processorSeconds(int gateway) {
    return process(gateway).info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }

  /** Submits a small point cloud, which waits for a worker. */
  JobId submit() {
    JobSpec spec =
        new JobSpec(
            Kind.POINTS,
            "a pine tree",
            bundle.card().name(),
            new SamplingOptions(7, null, null, null, null),
            Map.of("points", 1024),
            Format.PLY);
    return jobs.submit(
            NewJob.of(TenantId.DEFAULT, spec, bundle.digest(), Plan.of(spec, bundle.card())))
        .orElseThrow()
        .id();
  }

  /** Adds one event to a job's: it is paused, or goes on. */
  void happen(JobId job, boolean paused) {
    jobs.change(TenantId.DEFAULT, job, null, paused, null);
    announce(job);
  }

  /** Tells the gateways that a job has new events. */
  void announce(JobId job) {
    node.feed().publish(new Protocol.Advanced(job));
  }

  /** The numbers of a job's events. */
  List<Long> events(JobId job) {
    return new Events(database)
        .after(TenantId.DEFAULT, job, 0, PAGE).stream().map(JobEvent::seq).toList();
  }

  /** A worker that may have any of the jobs' tasks. */
  WorkerCard worker() {
    Map<String, ArtifactId> offered = Map.of(bundle.card().name(), bundle.digest());
    return new WorkerCard(
        new WorkerId("bench"), ProcessHandle.current().pid(), "none", "gateway bench", offered);
  }

  @Override
  public void close() {
    node.close();
    database.close();
    fleet.down();
  }
}
