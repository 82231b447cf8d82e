package glimt.deploy.queue;

import static java.util.Objects.requireNonNull;

import glimt.coordinator.Cadence;
import glimt.coordinator.Farm;
import glimt.coordinator.Node;
import glimt.deploy.node.DeployException;
import glimt.deploy.queue.SimulatedWorker.Death;
import glimt.deploy.queue.SimulatedWorker.DeviceLog;
import glimt.deploy.queue.SimulatedWorker.SimulatedMessage;
import glimt.job.Format;
import glimt.job.JobClass;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.JobView;
import glimt.job.Lease;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.TenantId;
import glimt.job.Work;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.ledger.Audit;
import glimt.ledger.Bundles;
import glimt.ledger.Database;
import glimt.ledger.Deadlines;
import glimt.ledger.Events;
import glimt.ledger.Jobs;
import glimt.ledger.LeaseTerms;
import glimt.ledger.NewJob;
import glimt.ledger.Tasks;
import glimt.ledger.Tenants;
import glimt.model.Kind;
import glimt.postgres.EmbeddedPostgres;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.apache.pekko.actor.typed.ActorRef;

/** A farm whose devices are simulated by the time of their steps, and all else is real. */
final class SimulatedFarm implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final long POLL = 2_000_000;

  private final Database database;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Node node;
  private final Node workers;
  private final Farm farm;
  private final Jobs jobs;
  private final Bundles.CatalogueEntry bundle;
  private final Function<Work.Sample, Duration> stepTime;
  private final Map<String, ActorRef<SimulatedMessage>> running = new ConcurrentHashMap<>();
  private volatile boolean yieldingDie;
  private final List<DeviceLog> log = new CopyOnWriteArrayList<>();
  private final Map<JobId, SimulatedJob> submitted = new ConcurrentHashMap<>();

  /**
   * A job that was submitted.
   *
   * @param at when, in {@link System#nanoTime}
   */
  record SimulatedJob(JobId id, String tenant, int tasks, long at) {}

  /** A farm on which every step takes as long. */
  SimulatedFarm(
      EmbeddedPostgres server, Bundles.CatalogueEntry bundle, int devices, Duration stepTime) {
    this(server, bundle, devices, _ -> stepTime);
  }

  /**
   * @param stepTime what a step of a task takes
   */
  SimulatedFarm(
      EmbeddedPostgres server,
      Bundles.CatalogueEntry bundle,
      int devices,
      Function<Work.Sample, Duration> stepTime) {
    this.bundle = bundle;
    this.database = Database.open(server.url(), server.user(), server.password());
    this.jobs = new Jobs(database);
    new Bundles(database).offer(bundle.digest(), bundle.card());
    this.node = Node.found(Set.of(Node.NodeRole.COORDINATOR, Node.NodeRole.GATEWAY));
    this.workers = Node.join(node.address(), Set.of(Node.NodeRole.WORKER));
    Deadlines deadlines = new Deadlines(database);
    node.coordinate(
        new Tasks(database, LeaseTerms.USUAL), threads, Cadence.DEFAULT, deadlines::sweep);
    this.farm = node.farm();
    this.stepTime = stepTime;
    for (int i = 0; i < devices; i++) {
      start("simulated-" + i, "device-" + i);
    }
  }

  private void start(String worker, String device) {
    WorkerCard card =
        new WorkerCard(
            new WorkerId(worker),
            ProcessHandle.current().pid(),
            device,
            "fair bench",
            Map.of(bundle.card().name(), bundle.digest()));
    ActorRef<SimulatedMessage> one =
        workers.spawn(
            SimulatedWorker.create(card, stepTime, log::add, () -> replace(worker, device)),
            worker);
    running.put(worker, one);
    if (yieldingDie) {
      one.tell(Death.AFTER_YIELD);
    }
  }

  private void replace(String worker, String device) {
    running.remove(worker);
    start("simulated-" + UUID.randomUUID(), device);
  }

  /** Kills a worker, if it still runs; another takes its place on the device. */
  void kill(String worker) {
    Optional.ofNullable(running.get(worker)).ifPresent(one -> one.tell(Death.NOW));
  }

  /** Lets every worker die as soon as it hands a task back, and those in their places too. */
  void killYielding() {
    yieldingDie = true;
    running.values().forEach(one -> one.tell(Death.AFTER_YIELD));
  }

  /** Returns every attempt at a job's tasks, as the ledger knows them. */
  List<Audit.Begun> attempts(SimulatedJob job) {
    return new Audit(database).attempts(job.id());
  }

  void weigh(String tenant, double weight) {
    new Tenants(database).set(new TenantId(tenant), weight, null);
  }

  /**
   * Submits a point cloud.
   *
   * @param steps the steps of its base level
   */
  SimulatedJob submit(
      String tenant, JobClass urgency, Load.Size size, int steps, JobLimits limits) {
    JobSpec spec =
        new JobSpec(
            Kind.POINTS,
            "a pine tree",
            bundle.card().name(),
            new SamplingOptions(7, steps, null, null, null),
            size.extents(),
            Format.PLY);
    return submit(tenant, urgency, spec, limits);
  }

  SimulatedJob submit(String tenant, JobClass urgency, JobSpec spec, JobLimits limits) {
    Plan plan = Plan.of(spec, bundle.card());
    long at = System.nanoTime();
    JobView view =
        jobs.submit(
                NewJob.of(new TenantId(tenant), spec, bundle.digest(), plan)
                    .urgency(urgency)
                    .limits(limits))
            .orElseThrow();
    farm.tasksReady();
    SimulatedJob job = new SimulatedJob(view.id(), tenant, plan.tasks().size(), at);
    submitted.put(job.id(), job);
    return job;
  }

  /** What the devices did since the farm began. */
  List<DeviceLog> log() {
    return List.copyOf(log);
  }

  SimulatedJob of(DeviceLog done) {
    return requireNonNull(submitted.get(done.task().job()));
  }

  JobView view(SimulatedJob job) {
    return jobs.find(new TenantId(job.tenant()), job.id()).orElseThrow();
  }

  /** When the first level of a job was whole; empty if none is. */
  Optional<Instant> playable(SimulatedJob job) {
    return new Events(database)
        .after(new TenantId(job.tenant()), job.id(), 0, Integer.MAX_VALUE).stream()
            .filter(event -> event.fact() instanceof JobEvent.LevelFinished)
            .map(JobEvent::at)
            .findFirst();
  }

  /** The workers that walk for one of these jobs, as far as it is known. */
  List<String> walkers(List<SimulatedJob> of) {
    Set<Lease> ended =
        log.stream()
            .filter(one -> one.ended() != 0)
            .map(one -> one.task().lease())
            .collect(Collectors.toSet());
    return log.stream()
        .filter(one -> of.stream().anyMatch(job -> isOf(one, job)))
        .filter(one -> one.task().work() instanceof Work.Sample)
        .filter(one -> !ended.contains(one.task().lease()) && running.containsKey(one.device()))
        .map(DeviceLog::device)
        .toList();
  }

  /** The seconds from a job's submission until a device had its first task. */
  double untilRun(SimulatedJob job) {
    await("job " + job.id() + " begins", () -> log.stream().anyMatch(one -> isOf(one, job)));
    long first =
        log.stream().filter(one -> isOf(one, job)).mapToLong(DeviceLog::began).min().orElseThrow();
    return (first - job.at()) / 1e9;
  }

  /** The seconds from a job's submission until its last task was done. */
  double untilEnd(SimulatedJob job) {
    await("job " + job.id() + " ends", () -> isDone(job));
    return (endOf(job) - job.at()) / 1e9;
  }

  /** Whether a job's last task is done. */
  boolean isDone(SimulatedJob job) {
    return endOf(job) != 0;
  }

  private long endOf(SimulatedJob job) {
    return log.stream()
        .filter(one -> isOf(one, job) && one.ended() != 0 && !one.yielded())
        .filter(one -> one.task().ordinal() == job.tasks() - 1)
        .mapToLong(DeviceLog::ended)
        .findFirst()
        .orElse(0);
  }

  private static boolean isOf(DeviceLog one, SimulatedJob job) {
    return one.task().job().equals(job.id());
  }

  /** Waits until something holds. */
  static void await(String what, BooleanSupplier holds) {
    await(what, PATIENCE, POLL, holds);
  }

  /** Waits for what takes long, and looks less often. */
  static void awaitLong(String what, BooleanSupplier holds) {
    await(what, PATIENCE.multipliedBy(60), 50 * POLL, holds);
  }

  private static void await(String what, Duration patience, long poll, BooleanSupplier holds) {
    long end = System.nanoTime() + patience.toNanos();
    while (!holds.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new DeployException(
            "waited for %s minutes: %s".formatted(patience.toMinutes(), what));
      }
      LockSupport.parkNanos(poll);
    }
  }

  /** Cancels all jobs that have not ended. */
  void clear() {
    for (SimulatedJob job : submitted.values()) {
      jobs.cancel(new TenantId(job.tenant()), job.id());
      farm.changed(job.id());
    }
    submitted.clear();
    log.clear();
  }

  @Override
  public void close() {
    workers.close();
    node.close();
    threads.close();
    database.close();
  }
}
