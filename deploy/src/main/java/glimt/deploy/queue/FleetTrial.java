package glimt.deploy.queue;

import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.NewJob;
import glimt.ledger.Tasks;
import glimt.postgres.EmbeddedPostgres;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * A farm of very many workers: its coordinator and ledger are real, its workers are actors of one
 * other node, which the coordinator reaches over the network.
 */
final class FleetTrial implements AutoCloseable {
  private static final int SUBMITTERS = 4;

  private final EmbeddedPostgres server;
  private final Database database;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Node node;
  private final Node workers;
  private final Farm farm;
  private final Jobs jobs;
  private final Bundles.CatalogueEntry bundle;
  private final Plan plan;
  private final JobSpec spec;
  final FleetCount count = new FleetCount();

  /**
   * What a stretch of time took.
   *
   * @param jvm processor seconds of this process, which is the coordinator and all workers
   * @param postgres processor seconds of PostgreSQL
   */
  record Stretch(
      double seconds,
      double jvm,
      double postgres,
      long statements,
      long idles,
      long beats,
      long begun,
      long ended) {
    Stretch minus(Stretch before) {
      return new Stretch(
          seconds - before.seconds,
          jvm - before.jvm,
          postgres - before.postgres,
          statements - before.statements,
          idles - before.idles,
          beats - before.beats,
          begun - before.begun,
          ended - before.ended);
    }
  }

  FleetTrial(EmbeddedPostgres server, Bundles.CatalogueEntry bundle, JobSpec spec) {
    this.server = server;
    this.bundle = bundle;
    this.spec = spec;
    this.plan = Plan.of(spec, bundle.card());
    this.database = Database.open(server.url(), server.user(), server.password());
    this.jobs = new Jobs(database);
    new Bundles(database).offer(bundle.digest(), bundle.card());
    this.node = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
    this.workers = Node.join(node.address(), Set.of(Node.NodeRole.WORKER));
    node.coordinate(new Tasks(database, LeaseTerms.USUAL), threads, Cadence.DEFAULT);
    this.farm = node.farm();
  }

  int tasksOfAJob() {
    return plan.tasks().size();
  }

  /** Starts workers, which all say that they are idle within a beat. */
  void start(int many, Duration taskTime, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<ActorRef<FleetWorker.FleetMessage>> all = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      WorkerCard card =
          new WorkerCard(
              new WorkerId("fleet-" + i),
              ProcessHandle.current().pid(),
              "device-" + i,
              "fleet bench",
              Map.of(bundle.card().name(), bundle.digest()));
      all.add(
          workers.spawn(FleetWorker.create(card, count, taskTime, random.split()), "fleet-" + i));
    }
    workers.spawn(
        Coordinators.first(one -> all.forEach(worker -> worker.tell(new FleetWorker.Found(one)))),
        "fleet-lookout");
  }

  /** Submits so many jobs on a few connections. */
  void submit(int many) throws InterruptedException {
    List<Future<?>> parts = new ArrayList<>();
    try (ExecutorService pool = Executors.newFixedThreadPool(SUBMITTERS)) {
      for (int i = 0; i < SUBMITTERS; i++) {
        int mine = many / SUBMITTERS + (i < many % SUBMITTERS ? 1 : 0);
        parts.add(
            pool.submit(
                () -> {
                  for (int n = 0; n < mine; n++) {
                    submitOne();
                  }
                }));
      }
    }
    parts.forEach(Future::resultNow);
    farm.tasksReady();
  }

  private JobId submitOne() {
    return jobs.submit(NewJob.of(TenantId.DEFAULT, spec, bundle.digest(), plan)).orElseThrow().id();
  }

  /**
   * Submits jobs one at a time to a farm that is idle.
   *
   * @return the milliseconds from each one's submission until a worker had its first task, sorted
   */
  double[] singly(int many) {
    count.noteFirstRuns();
    double[] millis = new double[many];
    for (int i = 0; i < many; i++) {
      long at = System.nanoTime();
      JobId job = submitOne();
      farm.tasksReady();
      SimulatedFarm.await("job " + job + " begins", () -> count.firstRun(job) != 0);
      millis[i] = (count.firstRun(job) - at) / 1e6;
    }
    count.forgetFirstRuns();
    Arrays.sort(millis);
    return millis;
  }

  /** What all took since the beginning. */
  Stretch now() {
    return new Stretch(
        System.nanoTime() / 1e9,
        cpu(ProcessHandle.current()),
        cpuOfPostgres(),
        database.statements(),
        count.idles.sum(),
        count.beats.sum(),
        count.begun.sum(),
        count.ended.sum());
  }

  private double cpuOfPostgres() {
    return ProcessHandle.of(server.pid())
        .map(
            postmaster ->
                cpu(postmaster) + postmaster.descendants().mapToDouble(FleetTrial::cpu).sum())
        .orElse(Double.NaN);
  }

  private static double cpu(ProcessHandle process) {
    return process.info().totalCpuDuration().map(time -> time.toNanos() / 1e9).orElse(0.0);
  }

  /** The megabytes that this process's objects take, after a collection. */
  static double heap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1e6;
  }

  @Override
  public void close() {
    workers.close();
    node.close();
    threads.close();
    database.close();
  }
}
