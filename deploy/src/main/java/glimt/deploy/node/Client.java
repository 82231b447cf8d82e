package glimt.deploy.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.client.FarmAccess;
import glimt.client.FarmRefusal;
import glimt.client.GlimtClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * What the commands ask of a farm, with the key and tenant of the environment. A command that is
 * refused or finds no farm says so at once, so nothing is sent twice.
 */
public final class Client {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** The environment variable that holds the farm's key, if it has one. */
  public static final String KEY = "GLIMT_KEY";

  /** The environment variable that names the tenant of requests, on a farm with a key. */
  public static final String TENANT = "GLIMT_TENANT";

  /** The farm answered with an error; the message is its problem's field and detail. */
  public static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final int status;

    private Refused(FarmRefusal cause) {
      super(cause.getMessage(), cause);
      this.status = cause.status();
    }

    /** Whether the request is at fault (status 4xx), and not the farm. */
    public boolean ours() {
      return status >= 400 && status < 500;
    }
  }

  private final GlimtClient farm;

  /** A client of the farm at a URL. */
  public Client(URI farm) {
    this.farm =
        new GlimtClient(
            new FarmAccess(
                farm,
                Environment.word(KEY).orElse(null),
                Environment.word(TENANT).orElse(null),
                1,
                PATIENCE));
  }

  /** The URL of the farm. */
  public URI farm() {
    return farm.farm();
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
    return asked(() -> farm.get(path));
  }

  /**
   * Posts a JSON document and returns the answer's.
   *
   * @param headers names and values of further headers, alternating
   * @throws IOException if the farm does not answer
   * @throws Refused if it answers with an error
   */
  public JsonNode post(String path, JsonNode body, String... headers) throws IOException {
    return asked(() -> farm.send("POST", path, body, false, headers));
  }

  /** Sends a JSON document by another method, such as PATCH, and returns the answer's. */
  public JsonNode send(String method, String path, JsonNode body) throws IOException {
    return asked(() -> farm.send(method, path, body, false));
  }

  /** Posts the bytes of a file and returns the answer's document. */
  public JsonNode post(String path, String mediaType, byte[] file) throws IOException {
    return asked(() -> farm.upload(path, mediaType, file));
  }

  /** Posts a form of files, by the names of its fields, and returns the answer's document. */
  public JsonNode postFiles(String path, Map<String, byte[]> files) throws IOException {
    String boundary = UUID.randomUUID().toString();
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    files.forEach(
        (name, bytes) -> {
          String head =
              "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n\r\n"
                  .formatted(boundary, name, name);
          form.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
          form.writeBytes(bytes);
          form.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
        });
    form.writeBytes("--%s--\r\n".formatted(boundary).getBytes(StandardCharsets.US_ASCII));
    return post(path, "multipart/form-data; boundary=" + boundary, form.toByteArray());
  }

  /** Posts without a body. */
  public JsonNode post(String path) throws IOException {
    return asked(() -> farm.send("POST", path, null, false));
  }

  /** Downloads to a file, which is overwritten. */
  public void download(String path, Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      download(path, out);
    }
  }

  /** Downloads to a stream, which stays open. */
  public void download(String path, OutputStream out) throws IOException {
    try (InputStream body = farm.open(path)) {
      body.transferTo(out);
    } catch (FarmRefusal e) {
      throw new IOException("GET %s answered %s".formatted(path, e.status()), e);
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
    try {
      farm.listen(path, Long.toString(seq), hear);
    } catch (FarmRefusal e) {
      throw new IOException("GET %s answered %s".formatted(path, e.status()), e);
    }
  }

  private interface Asked {
    JsonNode of() throws IOException;
  }

  private static JsonNode asked(Asked asked) throws IOException {
    try {
      return asked.of();
    } catch (FarmRefusal e) {
      throw new Refused(e);
    }
  }

  /** A new, empty JSON object. */
  public static ObjectNode object() {
    return GlimtClient.object();
  }
}
