package glimt.deploy.gateways;

import glimt.deploy.node.AtExit;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.queue.Pgbench;
import glimt.deploy.queue.QueueBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt bench gateway}: measures gateways without networks and workers. */
@Command(
    name = "gateway",
    description = {
      "Measures gateways: events, idle sockets, submissions, downloads, and one killed.",
      "They are processes on a PostgreSQL of their own. Events go to many WebSockets, "
          + "ten to a job, once the JVM has compiled what it runs; submissions are counted "
          + "likewise, beside pgbench -N -M prepared on the same PostgreSQL. At last one of "
          + "two gateways is killed (kill -9) under load, to see whether anything is lost. No "
          + "network runs. Takes about four minutes. The clients share the machine with the "
          + "gateways."
    })
public final class GatewayBench implements Callable<Integer> {
  private static final String ROW = "%-62s %-34s %s%n";
  private static final int[] CLIENTS = {1, 16};

  @Option(
      names = "--sockets",
      defaultValue = "2000",
      description = "Number of WebSockets that are sent events. Default: 2000")
  private int sockets;

  @Option(
      names = "--events",
      paramLabel = "RATE",
      defaultValue = "200",
      description = "Events per second; each goes to the ten sockets of a job. Default: 200")
  private double events;

  @Option(
      names = "--idle",
      defaultValue = "10000",
      description = "Number of WebSockets on which nothing happens. Default: 10000")
  private int idle;

  @Option(
      names = "--seconds",
      defaultValue = "10",
      description = "Seconds for each measurement. Default: 10")
  private double seconds;

  @Option(
      names = "--megabytes",
      defaultValue = "512",
      description = "Size of the file that is downloaded. Default: 512")
  private int megabytes;

  @Option(names = "--no-pgbench", description = "Do not compare submissions with pgbench.")
  private boolean alone;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  @Override
  public Integer call() throws IOException {
    // Written so that NaN is refused too.
    if (!(seconds >= 0.5 && seconds <= 600)
        || !(events >= 1 && events <= 10_000)
        || sockets < 10
        || idle < 10
        || megabytes < 1) {
      throw new ParameterException(
          command.commandLine(),
          "--seconds must be 0.5 to 600, --events 1 to 10000, --sockets and --idle at least 10, and"
              + " --megabytes at least 1");
    }
    Home at = home.open();
    Logs.to(at.logs().resolve("bench.log"));
    Path folder = Files.createTempDirectory(at.folder(), "bench");
    boolean lost = false;
    try {
      Home place = Home.open(folder);
      try (AtExit exit = new AtExit()) {
        lost = measure(exit.open(() -> new LoadedGateways(place, 2)), place);
      }
    } finally {
      QueueBench.delete(folder);
    }
    return lost ? 1 : 0;
  }

  /** Returns whether anything was lost. */
  private boolean measure(LoadedGateways farm, Home place) throws IOException {
    GatewayTrials trials = new GatewayTrials(farm, place);
    System.out.printf(ROW, "what", "measured", "aim");
    print(
        "load of the machine before (1 minute, %s cores)"
            .formatted(Runtime.getRuntime().availableProcessors()),
        load(),
        "");
    List<GatewayTrials.DeliveredEvents> sent = trials.events(sockets, events, seconds);
    print(sent);
    print(trials.idle(idle, seconds));
    submissions(farm, place);
    print(trials.download(megabytes));
    GatewayTrials.AfterKill left = trials.kill(Math.min(sockets, 200), events, seconds);
    print(left);
    print("load of the machine after", load(), "");
    return sent.getLast().wrong() + left.wrong() + left.missing() > 0
        || sent.stream().anyMatch(pass -> pass.delays().length != pass.due());
  }

  private void print(List<GatewayTrials.DeliveredEvents> passes) {
    GatewayTrials.DeliveredEvents sent = passes.getLast();
    GatewayTrials.DeliveredEvents first = passes.getFirst();
    print(
        String.format(Locale.ROOT, "events sent to sockets, %.0f a second x 10", sent.perSecond()),
        "%s of %s, %s wrong".formatted(sent.delays().length, sent.due(), sent.wrong()),
        "all, 0");
    print(
        "  from an event's row to its arrival: p50, p99, worst",
        times(sent.delays()),
        "p99 under 50 ms");
    print("  processor time of the gateway an event and socket", micros(sent), "");
    print(
        String.format(
            Locale.ROOT,
            "  the same in the first %.0f s of %.0f",
            seconds,
            passes.size() * seconds),
        times(first.delays()) + "; " + micros(first),
        "");
  }

  private static String micros(GatewayTrials.DeliveredEvents sent) {
    return String.format(Locale.ROOT, "%.0f us", 1e6 * sent.processor() / sent.due());
  }

  private void print(GatewayTrials.IdleMemory held) {
    print(
        "memory of the gateway, before and with %s idle sockets".formatted(idle),
        "%s, %s MB".formatted(held.before() / 1_000_000, held.with() / 1_000_000),
        "under 500 MB");
    print(
        "  processor time of the gateway meanwhile",
        String.format(Locale.ROOT, "%.1f %% of a core", 100 * held.processor()),
        "");
  }

  private void submissions(LoadedGateways farm, Home place) {
    Optional<Pgbench> pgbench =
        Pgbench.find().filter(_ -> !alone).map(program -> new Pgbench(program, farm.server(place)));
    if (pgbench.isEmpty() && !alone) {
      System.err.println(
          "glimt: pgbench is not installed, so no ratios are shown; on Debian: apt-get install"
              + " postgresql-contrib");
    }
    pgbench.ifPresent(Pgbench::prepare);
    int whole = Math.max(1, (int) Math.round(seconds));
    try (SubmittedLoad clients = new SubmittedLoad(List.of(farm.http(0)), 16)) {
      double started = farm.processorSeconds(0);
      SubmittedLoad.SubmittedRate cold = clients.submit(16, seconds);
      print(
          String.format(Locale.ROOT, "submissions a second in the first %.0f s", seconds),
          String.format(Locale.ROOT, "%.0f; %s", cold.perSecond(), each(farm, started, cold)),
          "");
      for (int number : CLIENTS) {
        double base = pgbench.map(program -> program.tps(number, whole)).orElse(Double.NaN);
        double before = farm.processorSeconds(0);
        SubmittedLoad.SubmittedRate rate = clients.submit(number, seconds);
        print(
            "submissions a second by %s client%s%s"
                .formatted(
                    number, number == 1 ? "" : "s", alone ? "" : "; of pgbench's with as many"),
            String.format(Locale.ROOT, "%.0f", rate.perSecond())
                + (Double.isNaN(base)
                    ? ""
                    : String.format(Locale.ROOT, "; %.2f of %.0f", rate.perSecond() / base, base)),
            "");
        print("  their time: p50, p99, worst", times(rate.millis()), "");
        print("  processor time of the gateway for each", each(farm, before, rate), "");
      }
    }
  }

  /** Processor time of the gateway for each submission since a moment. */
  private static String each(LoadedGateways farm, double before, SubmittedLoad.SubmittedRate rate) {
    return String.format(
        Locale.ROOT, "%.2f ms", 1000 * (farm.processorSeconds(0) - before) / rate.millis().length);
  }

  private void print(GatewayTrials.Downloaded file) {
    print(
        "download of %s MB, with its digest verified; again".formatted(megabytes),
        megabytes(file.first()) + ", " + megabytes(file.again()),
        "");
    print(
        "  cat of the file; through a pipe",
        megabytes(file.cat()) + ", " + megabytes(file.piped()),
        "");
  }

  private static void print(GatewayTrials.AfterKill left) {
    print(
        "one of two gateways killed: submissions accepted; lost",
        "%s; %s".formatted(left.accepted(), left.missing()),
        "0 lost");
    print(
        "  events seen over %s cuts; missing, twice or out of order".formatted(left.cuts()),
        "%s; %s".formatted(left.seen(), left.wrong()),
        "0");
    print("  submissions that had to be sent again", "" + left.repeated(), "");
  }

  private static String times(double[] sorted) {
    return sorted.length == 0
        ? "none"
        : String.format(
            Locale.ROOT,
            "%.1f, %.1f, %.1f ms",
            sorted[sorted.length / 2],
            sorted[(int) (0.99 * (sorted.length - 1))],
            sorted[sorted.length - 1]);
  }

  private static String megabytes(double perSecond) {
    return String.format(Locale.ROOT, "%.0f MB/s", perSecond / 1e6);
  }

  private static String load() throws IOException {
    String averages = Files.readString(Path.of("/proc/loadavg"));
    return averages.substring(0, averages.indexOf(' '));
  }

  private static void print(String what, String measured, String aim) {
    System.out.printf(Locale.ROOT, ROW, what, measured, aim);
  }
}
