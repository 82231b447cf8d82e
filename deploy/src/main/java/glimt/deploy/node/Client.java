package glimt.deploy.node;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/** A client of a farm's HTTP API. */
public final class Client {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The environment variable that holds the farm's key, if it has one. */
  public static final String KEY = "GLIMT_KEY";

  /** The environment variable that names the tenant of requests, on a farm with a key. */
  public static final String TENANT = "GLIMT_TENANT";

  /** The farm answered with an error; the message is its problem's field and detail. */
  public static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    private Refused(int status, String message) {
      super(message);
      this.status = status;
    }

    /** Whether the request is at fault (status 4xx), and not the farm. */
    public boolean ours() {
      return status >= 400 && status < 500;
    }
  }

  private final URI farm;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  /** A client of the farm at a URL. */
  public Client(URI farm) {
    this.farm = farm;
  }

  /** The URL of the farm. */
  public URI farm() {
    return farm;
  }

  /** Whether the farm answers now, and its database does. */
  public boolean answers() {
    try {
      get("/v1/models");
      return true;
    } catch (IOException | Refused e) {
      return false;
    }
  }

  /**
   * Gets a JSON document.
   *
   * @throws IOException if the farm does not answer
   * @throws Refused if it answers with an error
   */
  public JsonNode get(String path) throws IOException {
    return json(send(request(path).GET()));
  }

  /**
   * Posts a JSON document and returns the answer's.
   *
   * @param headers names and values of further headers, alternating
   * @throws IOException if the farm does not answer
   * @throws Refused if it answers with an error
   */
  public JsonNode post(String path, JsonNode body, String... headers) throws IOException {
    HttpRequest.Builder request = request(path).header("Content-Type", "application/json");
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    return json(send(request.POST(HttpRequest.BodyPublishers.ofString(body.toString()))));
  }

  /** Sends a JSON document by another method, such as PATCH, and returns the answer's. */
  public JsonNode send(String method, String path, JsonNode body) throws IOException {
    return json(
        send(
            request(path)
                .header("Content-Type", "application/json")
                .method(method, HttpRequest.BodyPublishers.ofString(body.toString()))));
  }

  /** Posts the bytes of a file and returns the answer's document. */
  public JsonNode post(String path, String mediaType, byte[] file) throws IOException {
    return json(
        send(
            request(path)
                .header("Content-Type", mediaType)
                .POST(HttpRequest.BodyPublishers.ofByteArray(file))));
  }

  /** Posts a form of files, by the names of its fields, and returns the answer's document. */
  public JsonNode postFiles(String path, Map<String, byte[]> files) throws IOException {
    String boundary = UUID.randomUUID().toString();
    List<byte[]> form = new ArrayList<>();
    files.forEach(
        (name, bytes) -> {
          String head =
              "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n\r\n"
                  .formatted(boundary, name, name);
          form.add(head.getBytes(StandardCharsets.US_ASCII));
          form.add(bytes);
          form.add("\r\n".getBytes(StandardCharsets.US_ASCII));
        });
    form.add("--%s--\r\n".formatted(boundary).getBytes(StandardCharsets.US_ASCII));
    return json(
        send(
            request(path)
                .header("Content-Type", "multipart/form-data; boundary=" + boundary)
                .POST(HttpRequest.BodyPublishers.ofByteArrays(form))));
  }

  /** Posts without a body. */
  public JsonNode post(String path) throws IOException {
    return json(send(request(path).POST(HttpRequest.BodyPublishers.noBody())));
  }

  /** Downloads to a file, which is overwritten. */
  public void download(String path, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      download(path, out);
    }
  }

  /** Downloads to a stream, which stays open. */
  public void download(String path, OutputStream out) throws IOException {
    HttpResponse<InputStream> answer =
        exchange(request(path).GET().build(), BodyHandlers.ofInputStream());
    try (InputStream body = answer.body()) {
      if (answer.statusCode() != 200) {
        throw new IOException("GET %s answered %s".formatted(path, answer.statusCode()));
      }
      body.transferTo(out);
    }
  }

  /**
   * Receives a job's events until the farm ends the stream: the durable ones after number {@code
   * seq}, and live ones.
   *
   * @param path the job's path of events
   * @throws IOException if the connection fails, or the farm answers with an error
   */
  public void events(String path, long seq, Consumer<JsonNode> hear) throws IOException {
    HttpRequest request =
        keyed(HttpRequest.newBuilder(farm.resolve(path)))
            .header("Accept", "text/event-stream")
            .header("Last-Event-ID", Long.toString(seq))
            .build();
    HttpResponse<InputStream> answer = exchange(request, BodyHandlers.ofInputStream());
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      if (answer.statusCode() != 200) {
        throw new IOException("GET %s answered %s".formatted(path, answer.statusCode()));
      }
      StringBuilder data = new StringBuilder();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data:")) {
          data.append(line.substring("data:".length()).strip());
        } else if (line.isEmpty() && !data.isEmpty()) {
          hear.accept(read(data.toString()));
          data.setLength(0);
        }
      }
    }
  }

  private HttpRequest.Builder request(String path) {
    return keyed(HttpRequest.newBuilder(farm.resolve(path)).timeout(PATIENCE));
  }

  private static HttpRequest.Builder keyed(HttpRequest.Builder request) {
    Environment.word(KEY).ifPresent(key -> request.header("Authorization", "Bearer " + key));
    Environment.word(TENANT).ifPresent(tenant -> request.header("Glimt-Tenant", tenant));
    return request;
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws IOException {
    return exchange(request.build(), BodyHandlers.ofString());
  }

  private <T> HttpResponse<T> exchange(HttpRequest request, HttpResponse.BodyHandler<T> body)
      throws IOException {
    try {
      return http.send(request, body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static JsonNode json(HttpResponse<String> answer) throws IOException {
    int status = answer.statusCode();
    if (status >= 200 && status < 300) {
      return read(answer.body());
    }
    JsonNode problem;
    try {
      problem = read(answer.body());
    } catch (JsonProcessingException e) {
      throw new Refused(status, "the farm answered %s".formatted(status));
    }
    String field = problem.path("field").asText();
    String detail = problem.path("detail").asText("the farm answered %s".formatted(status));
    throw new Refused(status, field.isEmpty() ? detail : field + " " + detail);
  }

  /** A new, empty JSON object. */
  public static ObjectNode object() {
    return JSON.createObjectNode();
  }

  private static JsonNode read(String json) throws JsonProcessingException {
    return JSON.readTree(json);
  }
}
