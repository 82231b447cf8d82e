package glimt.deploy.command;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.gateways.GatewayBench;
import glimt.deploy.models.ModelsBench;
import glimt.deploy.node.AtExit;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.StartedFarm;
import glimt.deploy.queue.FairBench;
import glimt.deploy.queue.FleetBench;
import glimt.deploy.queue.QueueBench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code glimt bench}: starts farms as processes and measures their speed and memory. */
@Command(
    name = "bench",
    description = {
      "Measures glimt's speed and memory on this machine, and prints a table.",
      "Starts farms of its own in a temporary folder of the home."
    },
    subcommands = {
      QueueBench.class,
      FairBench.class,
      GatewayBench.class,
      FleetBench.class,
      ModelsBench.class,
      MarksBench.class
    })
public final class Bench implements Callable<Integer> {
  private static final int WARM_UP_JOBS = 20;
  private static final int SETTLE_SECONDS = 10;

  @Option(
      names = "--jobs",
      defaultValue = "200",
      description = "How many small jobs to run while memory is measured. Default: 200")
  private int jobs;

  @Mixin private HomeOption home;

  /**
   * A job and its times.
   *
   * @param seconds from its submission to its end
   * @param preview seconds from its submission to its first preview; NaN if there was none
   */
  private record Timed(double seconds, double preview, JsonNode job) {

    /** The share of the sampling attempts' time that was spent outside the networks. */
    double outside() {
      double busy = 0;
      double networks = 0;
      for (JsonNode level : job.path("levels")) {
        for (JsonNode task : level.path("tasks")) {
          for (JsonNode attempt : task.path("attempts")) {
            busy += attempt.path("seconds").asDouble();
            networks += attempt.path("networkSeconds").asDouble();
          }
        }
      }
      return 1 - networks / busy;
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path place = Files.createTempDirectory(home.open().folder(), "bench");
    try (AtExit exit = new AtExit()) {
      measure(exit, place);
      return 0;
    } finally {
      delete(place);
    }
  }

  private static StartedFarm start(AtExit exit, Path place) {
    return exit.open(
        () -> {
          try {
            return StartedFarm.on(place, List.of());
          } catch (IOException e) {
            throw new DeployException("the farm did not start", e);
          }
        });
  }

  private void measure(AtExit exit, Path place) throws IOException, InterruptedException {
    row(
        "measured on",
        System.getProperty("os.arch"),
        Runtime.getRuntime().availableProcessors() + " cores");
    StartedFarm cold = start(exit, place);
    row("up to ready, the first time", String.format(Locale.ROOT, "%.1f s", cold.seconds()), "");
    exit.closeBackTo(0);
    StartedFarm farm = start(exit, place);
    row("up to ready, warm", String.format(Locale.ROOT, "%.1f s", farm.seconds()), "at most 8 s");
    settle();
    row("memory of all processes, idle", megabytes(pss(place)), "under 1500 MB");
    Timed clip = time(farm.client(), "video");
    marking(farm.client(), place, clip);
    time(farm.client(), "points");
    watchMemory(farm.client());
  }

  /** What marking takes of the time of a clip that was made. */
  private static void marking(Client client, Path place, Timed clip)
      throws IOException, InterruptedException {
    Path file = place.resolve("clip.mp4");
    client.download(clip.job().path("links").path("result").asText(), file);
    Path signer = place.resolve("artifacts").resolve("signer");
    Path cache = place.resolve("cache");
    MarkingCost cold = MarkingCost.of(file, signer, cache);
    for (int warm = 0; warm < WARM_UP_JOBS; warm++) {
      MarkingCost.of(file, signer, cache);
    }
    MarkingCost usual = MarkingCost.of(file, signer, cache);
    row(
        "  processor time of marking and signing it",
        String.format(
            Locale.ROOT,
            "%.1f %% (%.1f + %.1f ms; %.0f ms cold)",
            100 * usual.seconds() / clip.seconds(),
            1000 * usual.mark(),
            1000 * usual.sign(),
            1000 * cold.seconds()),
        "at most 3 % of its time");
  }

  private static Timed time(Client client, String kind) throws IOException {
    Timed last = null;
    for (String which : List.of("first", "again")) {
      ObjectNode wish = Client.object();
      wish.put("kind", kind).put("seed", 7);
      wish.put("prompt", kind.equals("video") ? "a whale moves left over blue" : "a pine tree");
      Timed timed = time(client, wish);
      row(
          "default %s, %s".formatted(kind, which),
          String.format(Locale.ROOT, "%.1f s", timed.seconds()),
          "at most 30 s");
      row(
          "  its first preview",
          String.format(
              Locale.ROOT, "%.0f %% of its time", 100 * timed.preview() / timed.seconds()),
          "at most 30 %");
      row(
          "  busy time outside the networks",
          String.format(Locale.ROOT, "%.1f %% of its time", 100 * timed.outside()),
          "at most 15 %");
      last = timed;
    }
    return Objects.requireNonNull(last);
  }

  private static Timed time(Client client, ObjectNode wish) throws IOException {
    long begin = System.nanoTime();
    double[] preview = {Double.NaN};
    String path = client.post("/v1/jobs", wish).path("links").path("self").asText();
    client.events(
        path + "/events",
        0,
        event -> {
          if (event.path("type").asText().equals("preview") && Double.isNaN(preview[0])) {
            preview[0] = since(begin);
          }
        });
    JsonNode job = client.get(path);
    if (!job.path("state").asText().equals("succeeded")) {
      throw new DeployException("the job did not succeed: " + job.path("why").asText());
    }
    return new Timed(since(begin), preview[0], job);
  }

  /** Compares the workers' memory before and after many small jobs, to find leaks. */
  private void watchMemory(Client client) throws IOException {
    long before = 0;
    for (int job = 0; job < WARM_UP_JOBS + jobs; job++) {
      if (job == WARM_UP_JOBS) {
        before = workersHold(client);
      }
      ObjectNode wish = Client.object();
      boolean video = job % 2 == 0;
      wish.put("kind", video ? "video" : "points").put("prompt", video ? "a cat" : "a car");
      wish.put("steps", 2).put("seed", job);
      time(client, wish);
    }
    long after = workersHold(client);
    row(
        "memory of the workers, before and after %s jobs".formatted(jobs),
        megabytes(before) + " → " + megabytes(after),
        "no growth");
  }

  private static long workersHold(Client client) throws IOException {
    long sum = 0;
    for (JsonNode worker : client.get("/v1/workers").path("workers")) {
      sum += pss(worker.path("pid").asLong());
    }
    return sum;
  }

  /** The sum of the proportional set sizes of all processes of a farm, in bytes. */
  private static long pss(Path place) {
    return ProcessHandle.allProcesses()
        .filter(process -> names(process.pid(), place))
        .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
        .mapToLong(ProcessHandle::pid)
        .distinct()
        .map(Bench::pss)
        .sum();
  }

  private static long pss(long pid) {
    try (Stream<String> lines = Files.lines(proc(pid, "smaps_rollup"))) {
      return lines
          .filter(line -> line.startsWith("Pss:"))
          .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D+", "")))
          .sum();
    } catch (IOException e) {
      return 0;
    }
  }

  private static boolean names(long pid, Path place) {
    try {
      return Files.readString(proc(pid, "cmdline")).contains(place.toString());
    } catch (IOException e) {
      return false;
    }
  }

  private static Path proc(long pid, String file) {
    return Path.of("/proc", Long.toString(pid), file);
  }

  private static void settle() throws InterruptedException {
    new CountDownLatch(1).await(SETTLE_SECONDS, TimeUnit.SECONDS);
  }

  private static double since(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  private static String megabytes(long bytes) {
    return "%s MB".formatted(bytes / 1_000_000);
  }

  private static void row(String what, String measured, String wanted) {
    System.out.printf(Locale.ROOT, "%-52s %-22s %s%n", what, measured, wanted);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
