package glimt.deploy.queue;

import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.json.EnumWord;
import glimt.ledger.Bundles;
import glimt.postgres.EmbeddedPostgres;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code glimt bench fair}: measures how fairly and how promptly jobs get devices. */
@Command(
    name = "fair",
    description = {
      "Measures who gets devices: shares, urgent jobs, deadlines, killed workers, fan-out.",
      "Fair shares are compared with first come, first served. Devices are simulated by "
          + "the time of their steps; the coordinator, the ledger and its PostgreSQL, which "
          + "is started for this, are real. Takes about seven minutes."
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

  /** What can be measured by itself. */
  enum FairPart {
    FANOUT,
    MIX,
    URGENT,
    SHARES,
    DEADLINES,
    KILLS;

    private static FairPart of(String word) {
      return Stream.of(values())
          .filter(part -> EnumWord.of(part).equals(word))
          .findFirst()
          .orElseThrow(
              () ->
                  new TypeConversionException(
                      "must be some of fanout, mix, urgent, shares, deadlines and kills, not '%s'"
                          .formatted(word)));
    }
  }

  private static final class PartConverter implements ITypeConverter<FairPart> {
    @Override
    public FairPart convert(String word) {
      return FairPart.of(word);
    }
  }

  @Option(
      names = "--only",
      split = ",",
      converter = PartConverter.class,
      defaultValue = "fanout,mix,urgent,shares,deadlines,kills",
      paramLabel = "PART",
      description =
          "Measure only some of fanout, mix, urgent, shares, deadlines, kills. Default: all")
  private Set<FairPart> only = EnumSet.allOf(FairPart.class);

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() {
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
    System.err.printf("glimt: seed %s%n", seed);
    System.out.printf(ROW, "what", "measured", "aim");
    try (BenchServer server = new BenchServer(at)) {
      Duration took = Duration.ofMillis(step);
      if (only.contains(FairPart.FANOUT)) {
        fanOut(server.postgres(), QueueBench.bundle(at, FanOut.BUNDLE));
      }
      try (SimulatedFarm farm =
          new SimulatedFarm(server.postgres(), QueueBench.bundle(at), devices, took)) {
        FairTrials trials = new FairTrials(farm, devices, seconds, took, seed);
        only.stream()
            .sorted()
            .forEach(
                part -> {
                  switch (part) {
                    case FANOUT -> {} // on farms of its own
                    case MIX -> mix(trials);
                    case URGENT -> urgent(trials);
                    case SHARES -> shares(trials);
                    case DEADLINES -> deadlines(trials);
                    case KILLS -> kills(KillTrial.on(farm, devices));
                  }
                });
      }
    }
    return 0;
  }

  private static void mix(FairTrials trials) {
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
  }

  private void urgent(FairTrials trials) {
    List<Double> waits = trials.urgentWaits();
    print(
        "urgent job on a full farm until it runs: median, worst",
        String.format(
            Locale.ROOT,
            "%.0f, %.0f ms",
            1000 * waits.get(waits.size() / 2),
            1000 * waits.getLast()),
        "at most %s ms".formatted(step + 100));
  }

  private static void shares(FairTrials trials) {
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
  }

  private void deadlines(FairTrials trials) {
    FairTrials.Limited limited = trials.deadlines(2 * devices);
    print(
        String.format(
            Locale.ROOT, "of %s jobs with time for their base: playable in time", limited.jobs()),
        String.format(Locale.ROOT, "%s, %s of them at the base", limited.inTime(), limited.early()),
        "all");
  }

  private static void kills(KillTrial killed) {
    print(
        "steps done twice, %s workers killed yielding, %s preempting"
            .formatted(killed.yielding(), killed.urgent()),
        "%s of %s".formatted(killed.repeated(), killed.steps()),
        "0");
  }

  private static void fanOut(EmbeddedPostgres server, Bundles.CatalogueEntry tiles) {
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
