package glimt.deploy.queue;

import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.ledger.Bundles;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt bench fair}: measures how fairly and how promptly jobs get devices. */
@Command(
    name = "fair",
    description = {
      "Measures how jobs get devices: fair shares against first come, first served; urgent jobs;",
      "weights; deadlines; one clip on more devices. Devices are simulated by the time of their"
          + " steps; the coordinator, the",
      "ledger and its PostgreSQL, which is started for this, are real. Takes about seven minutes."
    })
public final class FairBench implements Callable<Integer> {
  private static final String ROW = "%-62s %-30s %s%n";

  @Option(
      names = "--seconds",
      defaultValue = "60",
      description = "How long jobs arrive in each measurement. Default: 60")
  private double seconds;

  @Option(
      names = "--step",
      defaultValue = "50",
      description = "What a step takes, in milliseconds. Default: 50")
  private int step;

  @Option(
      names = "--devices",
      defaultValue = "4",
      description = "How many devices are simulated. Default: 4")
  private int devices;

  @Option(
      names = "--seed",
      defaultValue = "1",
      description = "Decides which jobs arrive when. Default: 1")
  private long seed;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    // Written so that NaN is refused too.
    if (!(seconds >= 1 && seconds <= 3600)
        || step < 1
        || step > 10_000
        || devices < 1
        || devices > 64) {
      throw new ParameterException(
          command.commandLine(),
          "--seconds must be 1 to 3600, --step 1 to 10000 and --devices 1 to 64");
    }
    Home at = home.open();
    Logs.to(at.logs().resolve("bench.log"));
    Path place = Files.createTempDirectory(at.folder(), "bench");
    try (EmbeddedPostgres server =
        EmbeddedPostgres.start(place, at.database().resolve("postgres"))) {
      Duration took = Duration.ofMillis(step);
      fanOut(server, QueueBench.bundle(at, FanOut.BUNDLE));
      try (SimulatedFarm farm = new SimulatedFarm(server, QueueBench.bundle(at), devices, took)) {
        measure(new FairTrials(farm, devices, seconds, took, seed));
      }
    } finally {
      QueueBench.delete(place);
    }
    return 0;
  }

  private void measure(FairTrials trials) {
    System.err.printf("glimt: seed %s%n", seed);
    FairTrials.Mix fifo = trials.mix(false);
    print("90 % load, first come first served: jobs over 3 x their time alone", missed(fifo), "");
    FairTrials.Mix fair = trials.mix(true);
    print(
        "the same jobs, short ones urgent, long ones bulk of another tenant",
        missed(fair),
        String.format(Locale.ROOT, "at most %.0f", Math.floor(0.1 * fifo.missed())));
    print(
        "device time lost to %s preemptions; steps done twice".formatted(fair.preempted()),
        String.format(Locale.ROOT, "%.2f %%; %s", 100 * fair.lost(), fair.repeated()),
        "at most 1 %; 0");
    List<Double> waits = trials.urgentWaits();
    print(
        "urgent job on a full farm until it runs: median, worst",
        String.format(
            Locale.ROOT,
            "%.0f, %.0f ms",
            1000 * waits.get(waits.size() / 2),
            1000 * waits.getLast()),
        "at most %s ms".formatted(step + 100));
    Map<String, Double> shares = trials.shares();
    FairTrials.WEIGHTS.forEach(
        (tenant, weight) -> {
          double due = weight / 7;
          double had = shares.getOrDefault(tenant, 0.0);
          print(
              String.format(
                  Locale.ROOT, "share of a tenant of weight %.0f of 7, off its due", weight),
              String.format(Locale.ROOT, "%.1f %%, %+.1f %%", 100 * had, 100 * (had / due - 1)),
              "within 5 %");
        });
    FairTrials.Limited limited = trials.deadlines(2 * devices);
    print(
        String.format(
            Locale.ROOT, "of %s jobs with time for their base: playable in time", limited.jobs()),
        String.format(Locale.ROOT, "%s, %s of them at the base", limited.inTime(), limited.early()),
        "all");
  }

  private static void fanOut(EmbeddedPostgres server, Bundles.CatalogueEntry tiles) {
    System.out.printf(ROW, "what", "measured", "aim");
    double alone = FanOut.seconds(server, tiles, 1);
    for (int many : FanOut.DEVICES) {
      double took = FanOut.seconds(server, tiles, many);
      print(
          "one clip of %s on %s devices, of %s times its speed on one"
              .formatted(FanOut.BUNDLE, many, many),
          String.format(Locale.ROOT, "%.1f %%", 100 * alone / took / many),
          FanOut.aim(many));
    }
  }

  private static String missed(FairTrials.Mix mix) {
    return String.format(Locale.ROOT, "%s of %s", mix.missed(), mix.jobs());
  }

  private static void print(String what, String measured, String aim) {
    System.out.printf(ROW, what, measured, aim);
  }
}
