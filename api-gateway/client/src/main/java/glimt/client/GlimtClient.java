package glimt.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Speaks to a farm: submits, finds, lists, watches and cancels jobs, and downloads their files.
 * Documents are those of the farm's contract ({@code /openapi.yaml}). It is thread-safe.
 *
 * <p>Its methods throw {@link IOException} if the farm does not answer, and {@link FarmRefusal} if
 * it answers with an error; both after as many tries as {@link FarmAccess} says.
 */
public final class GlimtClient {
  private static final String JOBS = "/v1/jobs";

  private final FarmExchange exchange;

  public GlimtClient(FarmAccess access) {
    this.exchange = new FarmExchange(access);
  }

  /** A new, empty JSON object. */
  public static ObjectNode object() {
    return FarmExchange.JSON.createObjectNode();
  }

  /** The URL of the farm. */
  public URI farm() {
    return exchange.access().farm();
  }

  /**
   * Submits a job, once, however often its request has to be sent.
   *
   * @param wish the body of {@code POST /v1/jobs}
   * @return the job
   */
  public JsonNode submit(ObjectNode wish) throws IOException {
    return submit(wish, UUID.randomUUID().toString());
  }

  /**
   * Submits a job with an idempotency key of the caller's, with which a program that was started
   * again is given the job of its first start.
   */
  public JsonNode submit(ObjectNode wish, String key) throws IOException {
    return send("POST", JOBS, wish, true, "Idempotency-Key", key);
  }

  /** Returns a job. */
  public JsonNode find(String job) throws IOException {
    return get(path(job));
  }

  /**
   * Lists jobs, the newest first.
   *
   * @param limit how many, 1 to 100
   * @param after the last job of the page before; null for the first page
   * @return {@code jobs}, and {@code next}, which is null on the last page
   */
  public JsonNode list(int limit, @Nullable String after) throws IOException {
    return get(JOBS + "?limit=" + limit + (after == null ? "" : "&after=" + escaped(after)));
  }

  /** Cancels a job, and returns it. */
  public JsonNode cancel(String job) throws IOException {
    return send("POST", path(job) + "/cancel", null, false);
  }

  /**
   * Tells all events of a job after a number, until it has ended. The connection may break
   * meanwhile: each durable event is told once and in order.
   *
   * @param after the number of the last event that was seen; 0 for none
   * @return the job's last event
   */
  public JsonNode watch(String job, long after, Consumer<JsonNode> hear) throws IOException {
    JsonNode[] end = new JsonNode[1];
    follow(
        path(job) + "/events",
        Long.toString(after),
        event -> {
          hear.accept(event);
          if (event.path("type").asText().equals("ended")) {
            end[0] = event;
          }
          return end[0] == null;
        });
    return end[0] == null ? FarmExchange.JSON.nullNode() : end[0];
  }

  /**
   * Tells the events of all jobs of the tenant. The connection may break meanwhile: each durable
   * event is told once and in order.
   *
   * @param after the {@code position} of the last event that was seen; null for now
   * @param hear returns whether to go on
   */
  public void watchAll(@Nullable String after, Predicate<JsonNode> hear) throws IOException {
    follow("/v1/events", after, hear);
  }

  private void follow(String path, @Nullable String after, Predicate<JsonNode> hear)
      throws IOException {
    String last = after;
    for (int failures = 0; ; ) {
      try {
        EventReader read = events(path, last, hear);
        if (read.done()) {
          return;
        }
        failures = last != null && last.equals(read.last()) ? failures + 1 : 0;
        last = read.last();
      } catch (EventReader.BrokenStream broken) {
        failures = last != null && last.equals(broken.last()) ? failures + 1 : 1;
        last = broken.last();
        if (failures >= exchange.access().tries()) {
          throw broken;
        }
      }
      FarmExchange.pause(FarmExchange.backoff(Math.max(1, failures)));
    }
  }

  /**
   * Tells what one connection tells, to its end; for who would rather connect again by itself.
   *
   * @param path of a stream of events
   * @param last the id of the last event that was seen; null for none
   */
  public void listen(String path, @Nullable String last, Consumer<JsonNode> hear)
      throws IOException {
    events(
        path,
        last,
        event -> {
          hear.accept(event);
          return true;
        });
  }

  private EventReader events(String path, @Nullable String last, Predicate<JsonNode> hear)
      throws IOException {
    HttpRequest.Builder request = exchange.stream(path).header("Accept", "text/event-stream");
    if (last != null) {
      request.header("Last-Event-ID", last);
    }
    HttpResponse<InputStream> answer = exchange.open(request.build(), true);
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                new LiveStream(answer.body(), exchange.access().patience()),
                StandardCharsets.UTF_8))) {
      return EventReader.read(lines, answer.statusCode() == 204, last, hear);
    }
  }

  /**
   * Downloads a file of a job, and goes on where it was if the connection breaks.
   *
   * @param artifact the name of a level, or {@code result} for the highest one
   * @param file is replaced when the download is complete
   */
  public void download(String job, String artifact, Path file) throws IOException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    Files.deleteIfExists(part);
    String path = path(job) + "/artifacts/" + escaped(artifact);
    String tag = null;
    for (int attempt = 1; ; attempt++) {
      long had = Files.exists(part) ? Files.size(part) : 0;
      HttpRequest.Builder request = exchange.stream(path);
      if (had > 0 && tag != null) {
        request.header("Range", "bytes=" + had + "-").header("If-Range", tag);
      }
      HttpResponse<InputStream> answer = exchange.open(request.build(), true);
      tag = answer.headers().firstValue("ETag").orElse(null);
      try (InputStream body = answer.body();
          OutputStream out =
              Files.newOutputStream(
                  part,
                  StandardOpenOption.CREATE,
                  answer.statusCode() == 206
                      ? StandardOpenOption.APPEND
                      : StandardOpenOption.TRUNCATE_EXISTING)) {
        body.transferTo(out);
        break;
      } catch (IOException e) {
        boolean further = Files.size(part) > had;
        attempt = further ? 1 : attempt;
        if (attempt >= exchange.access().tries()) {
          throw e;
        }
      }
      FarmExchange.pause(FarmExchange.backoff(attempt));
    }
    Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Opens what is at a path, which is to be closed. */
  public InputStream open(String path) throws IOException {
    return exchange.open(exchange.stream(path).build(), true).body();
  }

  /** Posts the bytes of a file, or of a form, and returns the answer's document. */
  public JsonNode upload(String path, String mediaType, byte[] file) throws IOException {
    return exchange.json(
        exchange
            .request(path)
            .header("Content-Type", mediaType)
            .POST(BodyPublishers.ofByteArray(file))
            .build(),
        false);
  }

  /** Gets a JSON document. */
  public JsonNode get(String path) throws IOException {
    return exchange.json(exchange.request(path).GET().build(), true);
  }

  /**
   * Sends a JSON document and returns the answer's.
   *
   * @param body null for none
   * @param repeatable whether it may be sent again if the connection breaks
   * @param headers names and values of further headers, alternating
   */
  public JsonNode send(
      String method, String path, @Nullable JsonNode body, boolean repeatable, String... headers)
      throws IOException {
    HttpRequest.Builder request = exchange.request(path);
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return exchange.json(
        request
            .method(
                method,
                body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body.toString()))
            .build(),
        repeatable);
  }

  private static String path(String job) {
    return JOBS + "/" + escaped(job);
  }

  private static String escaped(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
