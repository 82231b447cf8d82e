package glimt.deploy.queue;

import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.queue.FleetTrial.Stretch;
import glimt.job.Format;
import glimt.job.JobSpec;
import glimt.job.SamplingOptions;
import glimt.ledger.Bundles;
import glimt.model.Kind;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt bench fleet}: measures a farm of very many workers. */
@Command(
    name = "fleet",
    description = {
      "Measures a farm of very many workers.",
      "It tells how long a worker waits for its next task and a job for a worker, and "
          + "what that takes of the coordinator and the ledger. Workers are simulated by the "
          + "time of their tasks; their words, the coordinator, the ledger and its "
          + "PostgreSQL, which is started for this, are real. Takes about ten minutes."
    })
public final class FleetBench implements Callable<Integer> {
  private static final int SINGLE_JOBS = 200;
  private static final Duration LOOK = Duration.ofSeconds(10);

  @Option(
      names = "--workers",
      defaultValue = "10000",
      description = "How many workers are simulated. Default: 10000")
  private int workers;

  @Option(
      names = "--tasks",
      defaultValue = "100000",
      description = "How many tasks they do. Default: 100000")
  private int tasks;

  @Option(
      names = "--seconds",
      defaultValue = "60",
      description = "What a task takes on average, in seconds. Default: 60")
  private double seconds;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Decides how long each task takes. Default: 1")
  private long seed;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws InterruptedException {
    // Written so that NaN is refused too.
    if (!(seconds >= 0.01 && seconds <= 3600)
        || workers < 1
        || workers > 100_000
        || tasks < 1
        || tasks > 10_000_000) {
      throw new ParameterException(
          command.commandLine(),
          "--seconds must be 0.01 to 3600, --workers 1 to 100000 and --tasks 1 to 10000000");
    }
    Home at = home.open();
    Logs.to(at.logs().resolve("bench.log"));
    try (BenchServer server = new BenchServer(at)) {
      Bundles.CatalogueEntry bundle = QueueBench.bundle(at);
      JobSpec spec =
          new JobSpec(
              Kind.POINTS,
              "a pine tree",
              bundle.card().name(),
              SamplingOptions.seeded(7),
              Load.Size.SMALL.extents(),
              Format.PLY);
      try (FleetTrial trial = new FleetTrial(server.postgres(), bundle, spec)) {
        measure(trial);
      }
    }
    return 0;
  }

  private void measure(FleetTrial trial) throws InterruptedException {
    System.err.printf("glimt: seed %s; %s workers start%n", seed, workers);
    trial.start(workers, Duration.ofNanos((long) (seconds * 1e9)), seed);
    SimulatedFarm.await(
        "all workers have said that they are idle", () -> trial.count.idles.sum() >= workers);
    pause(LOOK);
    idle(trial);
    int jobs = Math.ceilDiv(tasks, trial.tasksOfAJob());
    System.err.printf("glimt: %s jobs of %s tasks are submitted%n", jobs, trial.tasksOfAJob());
    busy(trial, jobs);
    print(
        "memory of coordinator and workers, after a collection",
        String.format(Locale.ROOT, "%.0f MB", FleetTrial.heap()));
  }

  /** How a farm without work is, and how soon one job gets a worker. */
  private void idle(FleetTrial trial) {
    Stretch before = trial.now();
    pause(LOOK);
    Stretch took = trial.now().minus(before);
    print(
        "without work: idle words and statements a second",
        String.format(
            Locale.ROOT,
            "%.0f, %.0f",
            took.idles() / took.seconds(),
            took.statements() / took.seconds()));
    print(
        "  processor time, coordinator with workers and PostgreSQL",
        String.format(
            Locale.ROOT,
            "%.0f %%, %.0f %%",
            100 * took.jvm() / took.seconds(),
            100 * took.postgres() / took.seconds()));
    int jobs = Math.min(SINGLE_JOBS, workers);
    Stretch begin = trial.now();
    double[] single = trial.singly(jobs);
    Stretch each = trial.now().minus(begin);
    print(
        "  from a job's submission to a worker's Run: p50, p99, worst",
        String.format(
            Locale.ROOT,
            "%.1f, %.1f, %.1f ms",
            quantile(single, 0.5),
            quantile(single, 0.99),
            quantile(single, 1)));
    print(
        "  statements a job until then; processor time of PostgreSQL",
        String.format(
            Locale.ROOT,
            "%.1f; %.1f ms",
            (double) each.statements() / jobs,
            1000 * each.postgres() / jobs));
  }

  private void busy(FleetTrial trial, int jobs) throws InterruptedException {
    Stretch begin = trial.now();
    trial.submit(jobs);
    print(
        "jobs submitted a second while they begin",
        String.format(Locale.ROOT, "%.0f", jobs / since(trial, begin)));
    long all = (long) jobs * trial.tasksOfAJob();
    SimulatedFarm.awaitLong(
        "every worker has a task", () -> since(trial, begin, all) >= Math.min(workers, all));
    print(
        "  until every worker has one", String.format(Locale.ROOT, "%.1f s", since(trial, begin)));
    trial.count.dispatch.drained();
    trial.count.acknowledged.drained();
    Stretch full = trial.now();
    // While tasks are left for all.
    SimulatedFarm.awaitLong(
        "the tasks are done", () -> trial.now().begun() - begin.begun() >= all - workers);
    Stretch took = trial.now().minus(full);
    double[] dispatch = trial.count.dispatch.drained();
    double[] acknowledged = trial.count.acknowledged.drained();
    print(
        "tasks done a second, of those the workers could do",
        String.format(
            Locale.ROOT,
            "%.0f, %.0f %%",
            took.ended() / took.seconds(),
            100 * took.ended() * seconds / took.seconds() / workers));
    print(
        "  a free worker's wait for its next task: p50, p99, worst",
        String.format(
            Locale.ROOT,
            "%.1f, %.1f, %.1f ms",
            quantile(dispatch, 0.5),
            quantile(dispatch, 0.99),
            quantile(dispatch, 1)));
    print(
        "  an ending's wait until it is heard: p50, p99, worst",
        String.format(
            Locale.ROOT,
            "%.1f, %.1f, %.1f ms",
            quantile(acknowledged, 0.5),
            quantile(acknowledged, 0.99),
            quantile(acknowledged, 1)));
    print(
        "  beats a second; leases lost",
        String.format(
            Locale.ROOT,
            "%.0f; %.0f",
            took.beats() / took.seconds(),
            (double) trial.count.lost.sum()));
    print(
        "  statements a task, those of beats among them",
        String.format(Locale.ROOT, "%.2f", (double) took.statements() / Math.max(1, took.ended())));
    print(
        "  processor time a task, coordinator with workers and PostgreSQL",
        String.format(
            Locale.ROOT,
            "%.2f, %.2f ms",
            1000 * took.jvm() / Math.max(1, took.ended()),
            1000 * took.postgres() / Math.max(1, took.ended())));
  }

  private static double since(FleetTrial trial, Stretch begin) {
    return trial.now().minus(begin).seconds();
  }

  private static long since(FleetTrial trial, Stretch begin, long all) {
    return Math.min(all, trial.now().minus(begin).begun());
  }

  private static double quantile(double[] sorted, double share) {
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))];
  }

  private static void pause(Duration time) {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      LockSupport.parkNanos(end - System.nanoTime());
    }
  }

  private static void print(String what, String measured) {
    System.out.printf("%-62s %s%n", what, measured);
  }
}
