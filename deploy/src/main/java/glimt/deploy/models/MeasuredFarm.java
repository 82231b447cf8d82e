package glimt.deploy.models;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.deploy.node.Client;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.StartedFarm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A farm with one worker, and the jobs that it is measured with.
 *
 * @param worker the process of its worker
 * @param seconds from the farm's start until the worker offered its bundles
 */
record MeasuredFarm(StartedFarm farm, ProcessHandle worker, double seconds) {

  private static final Pattern WORKER_LOG = Pattern.compile("worker-0\\.log$");

  private static final Pattern LOADED =
      Pattern.compile("loaded [^\n]*/(?:unet|transformer) in ([0-9.]+) s");

  /**
   * A job that succeeded.
   *
   * @param seconds the worker's, by the kind of work
   * @param processor the processor seconds of the worker's process
   * @param numericClass on what, and in which precision, it was made
   */
  record Done(Map<String, Double> seconds, double processor, String numericClass) {
    /** The seconds that a kind of work took; 0 if there was none. */
    double of(String work) {
      return seconds.getOrDefault(work, 0.0);
    }
  }

  /**
   * Waits until the worker offers its bundles.
   *
   * @throws DeployException if the farm ends
   */
  static MeasuredFarm ready(StartedFarm farm) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    while (true) {
      for (JsonNode worker : farm.client().get("/v1/workers").path("workers")) {
        return new MeasuredFarm(
            farm,
            ProcessHandle.of(worker.path("pid").asLong()).orElseThrow(),
            farm.seconds() + (System.nanoTime() - begin) / 1e9);
      }
      pause(farm);
    }
  }

  /**
   * Does a job. Nobody watches it, so no previews are made.
   *
   * @param ranShort whether the machine has hardly any memory left, which ends the measurement
   * @throws DeployException if the job does not succeed
   */
  Done job(ObjectNode wish, BooleanSupplier ranShort) throws IOException, InterruptedException {
    Client client = farm.client();
    double before = processor();
    String path = client.post("/v1/jobs", wish).path("links").path("self").asText();
    JsonNode job;
    do {
      pause(farm);
      if (ranShort.getAsBoolean()) {
        throw new DeployException(
            "less than %s MB of the machine's memory were left, so the measurement was ended"
                .formatted(MemoryWatch.RESERVE / 1_000_000));
      }
      job = client.get(path);
    } while (!isOver(job.path("state").asText()));
    if (!job.path("state").asText().equals("succeeded")) {
      throw new DeployException("the job did not succeed: " + job.path("why").asText());
    }
    return done(job, processor() - before);
  }

  /**
   * How long the worker took at last to load the denoiser, by its log: to check, map and build it,
   * without its first evaluation.
   *
   * @param home of the farm
   * @throws DeployException if the log does not tell
   */
  static double loadingSeconds(Path home) throws IOException {
    List<Path> logs;
    try (Stream<Path> files = Files.list(home.resolve("logs"))) {
      logs = files.filter(file -> WORKER_LOG.matcher(file.toString()).find()).toList();
    }
    double seconds = -1;
    for (Path log : logs) {
      Matcher loaded = LOADED.matcher(Files.readString(log));
      while (loaded.find()) {
        seconds = Double.parseDouble(loaded.group(1));
      }
    }
    if (seconds < 0) {
      throw new DeployException("no log in %s says how long loading took".formatted(home));
    }
    return seconds;
  }

  private static boolean isOver(String state) {
    return List.of("succeeded", "failed", "cancelled").contains(state);
  }

  private static Done done(JsonNode job, double processor) {
    Map<String, Double> seconds = new LinkedHashMap<>();
    String numericClass = "";
    for (JsonNode level : job.path("levels")) {
      for (JsonNode task : level.path("tasks")) {
        for (JsonNode attempt : task.path("attempts")) {
          seconds.merge(
              task.path("work").asText(), attempt.path("seconds").asDouble(), Double::sum);
          numericClass = attempt.path("numericClass").asText(numericClass);
        }
      }
    }
    return new Done(seconds, processor, numericClass);
  }

  private static void pause(StartedFarm farm) throws InterruptedException {
    if (!farm.process().isAlive()) {
      throw new DeployException("the farm has ended; its messages are above");
    }
    new CountDownLatch(1).await(100, TimeUnit.MILLISECONDS);
  }

  private double processor() {
    return worker.info().totalCpuDuration().orElse(Duration.ZERO).toNanos() / 1e9;
  }
}
