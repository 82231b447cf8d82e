package glimt.deploy.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import glimt.job.JobId;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A client that checks the farm: it repeats requests that were not answered, follows the events of
 * its jobs across lost connections, and records broken promises.
 */
final class Witness implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final Duration PAUSE = Duration.ofMillis(100);
  private static final Duration LOOK = Duration.ofMillis(700);

  private final Client client;
  private final Map<JobId, Followed> jobs = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<String> breaches = new ConcurrentLinkedQueue<>();
  private final CountDownLatch closing = new CountDownLatch(1);

  /**
   * A job that this client has submitted.
   *
   * @param key the idempotency key of its submission
   */
  record SubmittedJob(JobId job, Request request, String key) {}

  Witness(URI gateway) {
    this.client = new Client(gateway);
    Thread.ofVirtual().name("witness").start(this::look);
  }

  /** Submits a job, with the same key again and again until the farm answers. */
  SubmittedJob submit(Request request) {
    return submit(request, UUID.randomUUID().toString());
  }

  SubmittedJob submit(Request request, String key) {
    JobId job = answered("submit " + request, () -> post(request, key));
    SubmittedJob asked = new SubmittedJob(job, request, key);
    Followed followed = new Followed(asked, breaches::add);
    if (jobs.putIfAbsent(job, followed) == null) {
      Thread.ofVirtual().name("follow " + job).start(() -> follow(followed));
    }
    return asked;
  }

  private JobId post(Request request, String key) throws IOException {
    return new JobId(
        UUID.fromString(
            client.post("/v1/jobs", request.body(), "Idempotency-Key", key).path("id").asText()));
  }

  /** Submits a job again with the same key: the farm must answer with the same job. */
  void repeat(SubmittedJob asked) {
    JobId again = answered("repeat", () -> post(asked.request(), asked.key()));
    if (!again.equals(asked.job())) {
      breaches.add("one key, two jobs: %s and %s".formatted(asked.job(), again));
    }
  }

  /**
   * Submits a job once and returns whether it was accepted; a refusal must not blame the request.
   */
  boolean accepts(Request request, String key) {
    try {
      post(request, key);
      return true;
    } catch (Client.Refused e) {
      if (e.ours()) {
        breaches.add("a valid request was refused: " + e.getMessage());
      }
      return false;
    } catch (IOException e) {
      return false;
    }
  }

  /** Cancels a job; returns the state that the farm answered with. */
  String cancel(SubmittedJob asked) {
    return answered(
        "cancel",
        () -> client.post("/v1/jobs/%s/cancel".formatted(asked.job())).path("state").asText());
  }

  /** Changes a field of a job that has not ended. */
  void change(SubmittedJob asked, String field, JsonNode value) {
    answered(
        "change " + field,
        () -> client.send("PATCH", "/v1/jobs/" + asked.job(), Client.object().set(field, value)));
  }

  /** The job's document, if the farm answers now. */
  Optional<JsonNode> find(SubmittedJob asked) {
    return now("/v1/jobs/" + asked.job());
  }

  /** The farm's workers; empty if the farm does not answer. */
  List<JsonNode> workers() {
    List<JsonNode> workers = new ArrayList<>();
    now("/v1/workers").ifPresent(answer -> answer.path("workers").forEach(workers::add));
    return workers;
  }

  private Optional<JsonNode> now(String path) {
    try {
      return Optional.of(client.get(path));
    } catch (IOException | Client.Refused e) {
      return Optional.empty();
    }
  }

  /**
   * Waits until a job has ended and its last event was received.
   *
   * @return the state in which it ended; empty if it does not end within {@code within}
   */
  Optional<String> ending(SubmittedJob asked, Duration within) {
    Followed followed = followed(asked);
    for (long end = System.nanoTime() + within.toNanos(); System.nanoTime() - end < 0; ) {
      followed.look(() -> find(asked));
      if (followed.ending().isPresent()) {
        followed.awaitLast();
        return followed.ending();
      }
      pause(PAUSE);
    }
    return Optional.empty();
  }

  /** Downloads the file of a job's newest whole level and returns its SHA-256. */
  String download(SubmittedJob asked) {
    return answered(
        "download",
        () -> {
          JsonNode levels = client.get("/v1/jobs/" + asked.job()).path("levels");
          String media = "";
          for (JsonNode level : levels) {
            media = media(level).isEmpty() ? media : media(level);
          }
          Path file = Files.createTempFile("glimt", null);
          try {
            client.download(media, file);
            return glimt.bundle.Bundle.sha256(Files.readAllBytes(file));
          } finally {
            Files.delete(file);
          }
        });
  }

  private static String media(JsonNode level) {
    for (JsonNode artifact : level.path("artifacts")) {
      if (artifact.path("role").asText().equals("media")) {
        return artifact.path("href").asText();
      }
    }
    return "";
  }

  List<SubmittedJob> asked() {
    return jobs.values().stream().map(Followed::asked).toList();
  }

  /** The broken promises that were recorded since the last call. */
  List<String> breaches() {
    List<String> since = new ArrayList<>();
    for (String breach = breaches.poll(); breach != null; breach = breaches.poll()) {
      since.add(breach);
    }
    return since;
  }

  @Override
  public void close() {
    closing.countDown();
  }

  private Followed followed(SubmittedJob asked) {
    Followed followed = jobs.get(asked.job());
    if (followed == null) {
      throw new IllegalArgumentException("not asked for: " + asked);
    }
    return followed;
  }

  // ---- in the background

  private void follow(Followed job) {
    String path = "/v1/jobs/%s/events".formatted(job.asked().job());
    while (!job.isTold() && closing.getCount() > 0) {
      try {
        client.events(path, job.seq(), job::hear);
      } catch (IOException | Client.Refused e) {
        // The gateway does not answer now; try again.
      }
      pause(PAUSE);
    }
  }

  private void look() {
    while (closing.getCount() > 0) {
      for (Followed job : jobs.values()) {
        if (job.ending().isEmpty()) {
          job.look(() -> find(job.asked()));
        }
      }
      pause(LOOK);
    }
  }

  // ---- repetition

  @FunctionalInterface
  private interface GatewayCall<T> {
    T ask() throws IOException;
  }

  private static <T> T answered(String what, GatewayCall<T> question) {
    Exception last = new IllegalStateException("not asked");
    for (long end = System.nanoTime() + PATIENCE.toNanos(); System.nanoTime() - end < 0; ) {
      try {
        return question.ask();
      } catch (IOException e) {
        last = e;
      } catch (Client.Refused e) {
        if (e.ours()) {
          throw e;
        }
        last = e;
      }
      pause(PAUSE);
    }
    throw new BrokenPromise("no answer within %s to: %s".formatted(PATIENCE, what), last);
  }

  static void pause(Duration time) {
    try {
      new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
