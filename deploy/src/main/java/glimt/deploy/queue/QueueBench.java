package glimt.deploy.queue;

import glimt.bundle.Bundle;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.ledger.Bundles;
import glimt.postgres.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt bench queue}: measures the queue without networks. */
@Command(
    name = "queue",
    description = {
      "Measures the queue alone: jobs and tasks a second, and how long a job waits for "
          + "a worker.",
      "Compares the rates with pgbench -N -M prepared on the same PostgreSQL, which is "
          + "started for this. No network runs: tasks end at once. Takes about two minutes."
    })
public final class QueueBench implements Callable<Integer> {
  private static final int[] CONNECTIONS = {1, 4, Load.MOST};
  private static final int[] BATCHES = {32, 1};

  private static final String BUNDLE = "objects";
  private static final String PGBENCH = "pgbench -N -M prepared";

  /** Tasks to submit in advance per second: more than are ever completed. */
  private static final int STOCK = 15_000;

  /**
   * The least tasks to submit in advance. Only one of a job's eight tasks is ready at a time, and
   * with fewer, one round of claims could take all that are.
   */
  private static final long LEAST = 2L * 8 * 32 * Load.MOST;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      description = "Number of rounds; each figure is their median. Default: 5")
  private int rounds;

  @Option(
      names = "--seconds",
      defaultValue = "1.5",
      description = "Seconds for each measurement of a round. Default: 1.5")
  private double seconds;

  @Option(
      names = "--jobs",
      defaultValue = "500",
      description = "Number of jobs to measure the wait with. Default: 500")
  private int jobs;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  /**
   * A rate that is measured once in each round.
   *
   * @param aim the wanted ratio to pgbench's transactions; empty for none
   * @param once measures the rate
   * @param rates the rates per second in the rounds so far
   */
  private record Row(
      String what, int connections, String aim, DoubleSupplier once, List<Double> rates) {
    Row(String what, int connections, String aim, DoubleSupplier once) {
      this(what, connections, aim, once, new ArrayList<>());
    }

    double median() {
      List<Double> sorted = rates.stream().sorted().toList();
      int middle = sorted.size() / 2;
      return sorted.size() % 2 == 1
          ? sorted.get(middle)
          : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
  }

  @Override
  public Integer call() {
    if (rounds < 1 || rounds > 100 || seconds < 0.1 || seconds > 60 || jobs < 1) {
      throw new ParameterException(
          command.commandLine(),
          "--rounds must be 1 to 100, --seconds 0.1 to 60 and --jobs at least 1");
    }
    Home at = home.open();
    Logs.to(at.logs().resolve("bench.log"));
    try (BenchServer server = new BenchServer(at)) {
      measure(server.postgres(), bundle(at));
    }
    return 0;
  }

  private void measure(EmbeddedPostgres server, Bundles.CatalogueEntry bundle) {
    Optional<Pgbench> pgbench = Pgbench.find().map(program -> new Pgbench(program, server));
    if (pgbench.isEmpty()) {
      say(
          "pgbench is not installed, so no ratios are shown; on Debian: apt-get install"
              + " postgresql-contrib");
    }
    say("submitting %s jobs, one after another, to an idle worker".formatted(jobs));
    Latency latency;
    List<Row> rows;
    try (Load load = new Load(server, bundle)) {
      latency = Latency.measure(server, bundle, load.spec(Load.Size.SMALL), jobs);
      pgbench.ifPresent(Pgbench::prepare);
      rows = rows(load, pgbench);
      for (int round = 1; round <= rounds; round++) {
        say("round %s of %s: %s measurements".formatted(round, rounds, rows.size()));
        rows.forEach(row -> row.rates().add(row.once().getAsDouble()));
      }
    }
    print(rows, latency);
  }

  private List<Row> rows(Load load, Optional<Pgbench> pgbench) {
    List<Row> rows = new ArrayList<>();
    int whole = Math.max(1, (int) Math.round(seconds));
    for (int connections : CONNECTIONS) {
      if (connections > 1) {
        pgbench.ifPresent(
            program ->
                rows.add(new Row(PGBENCH, connections, "", () -> program.tps(connections, whole))));
      }
    }
    for (Load.Size size : Load.Size.values()) {
      for (int connections : CONNECTIONS) {
        rows.add(
            new Row(
                "jobs submitted, %s tasks each".formatted(load.tasks(size)),
                connections,
                size == Load.Size.SMALL ? "0.8" : "",
                () -> load.submits(size, connections, seconds)));
      }
    }
    for (int batch : BATCHES) {
      for (int connections : CONNECTIONS) {
        rows.add(
            new Row(
                "tasks claimed and completed, %s".formatted(batch == 1 ? "singly" : "by " + batch),
                connections,
                batch == 1 ? "" : "5",
                () -> {
                  load.fill(Math.max(LEAST, Math.round(seconds * STOCK)));
                  return load.tasks(batch, connections, seconds);
                }));
      }
    }
    return rows;
  }

  private static void print(List<Row> rows, Latency latency) {
    double best =
        rows.stream()
            .filter(row -> row.what().equals(PGBENCH))
            .mapToDouble(Row::median)
            .max()
            .orElse(Double.NaN);
    System.out.printf(
        "%-40s %11s %10s %10s  %s%n", "per second", "connections", "median", "x pgbench", "aim");
    for (Row row : rows) {
      System.out.printf(
          Locale.ROOT,
          "%-40s %11d %10.0f %10s  %s%n",
          row.what(),
          row.connections(),
          row.median(),
          Double.isNaN(best) ? "" : String.format(Locale.ROOT, "%.2f", row.median() / best),
          row.aim());
    }
    System.out.println();
    System.out.printf(
        Locale.ROOT,
        "%-40s mean %.1f ms, p50 %.1f, p99 %.1f, max %.1f  under 5 ms mean%n",
        "from submission to the worker's Run",
        latency.mean(),
        latency.quantile(0.5),
        latency.quantile(0.99),
        latency.quantile(1));
  }

  /** The bundle that the jobs use. */
  public static Bundles.CatalogueEntry bundle(Home home) {
    return bundle(home, BUNDLE);
  }

  /** A default bundle. */
  static Bundles.CatalogueEntry bundle(Home home, String name) {
    return home.bundles().stream()
        .map(Bundle::open)
        .filter(bundle -> bundle.card().name().equals(name))
        .map(bundle -> new Bundles.CatalogueEntry(bundle.digest(), bundle.card()))
        .findFirst()
        .orElseThrow(
            () ->
                new DeployException(
                    "the bundle %s, which the benchmark needs, is missing".formatted(name)));
  }

  private static void say(String line) {
    System.err.println("glimt: " + line);
  }

  /** Deletes a folder and all that is in it. */
  public static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
