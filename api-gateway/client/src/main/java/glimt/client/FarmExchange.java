package glimt.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests, and again where that does no harm: after 429 and 503, when nothing was done, as
 * late as the farm asks for; and after a broken connection if the request may be repeated.
 */
final class FarmExchange {
  static final JsonMapper JSON = new JsonMapper();

  private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  private final FarmAccess access;
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  FarmExchange(FarmAccess access) {
    this.access = access;
  }

  FarmAccess access() {
    return access;
  }

  /** A request for a document at a path, or at a link of an answer. */
  HttpRequest.Builder request(String path) {
    return stream(path).timeout(access.patience());
  }

  /** A request for what may take any time: a JDK's timeout may count until the body's end. */
  HttpRequest.Builder stream(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(access.farm().resolve(path));
    if (access.key() != null) {
      request.header("Authorization", "Bearer " + access.key());
    }
    if (access.tenant() != null) {
      request.header("Glimt-Tenant", access.tenant());
    }
    return request;
  }

  /**
   * Sends a request and returns the document of its answer.
   *
   * @param repeatable whether it may be sent again if its connection breaks
   * @throws IOException if the farm does not answer
   * @throws FarmRefusal if it answers with an error
   */
  JsonNode json(HttpRequest request, boolean repeatable) throws IOException {
    try (InputStream body = open(request, repeatable).body()) {
      byte[] bytes = body.readAllBytes();
      return bytes.length == 0 ? JSON.nullNode() : JSON.readTree(bytes);
    }
  }

  /** Sends a request and returns its answer, whose body is to be closed. */
  HttpResponse<InputStream> open(HttpRequest request, boolean repeatable) throws IOException {
    for (int attempt = 1; ; attempt++) {
      HttpResponse<InputStream> answer;
      try {
        answer = http.send(request, BodyHandlers.ofInputStream());
      } catch (IOException e) {
        if (!repeatable || attempt >= access.tries()) {
          throw e;
        }
        pause(backoff(attempt));
        continue;
      } catch (InterruptedException e) {
        throw interrupted(e);
      }
      int status = answer.statusCode();
      if (status >= 200 && status < 300) {
        return answer;
      }
      FarmRefusal refusal = FarmRefusal.of(status, problem(answer));
      if (!(refusal instanceof FarmRefusal.Overloaded) || attempt >= access.tries()) {
        throw refusal;
      }
      Duration asked = asked(answer);
      if (asked != null && asked.compareTo(LONGEST_PAUSE) > 0) {
        throw refusal;
      }
      pause(asked == null ? backoff(attempt) : asked);
    }
  }

  /** What the farm asked to wait; null if it did not. */
  private static @Nullable Duration asked(HttpResponse<?> answer) {
    String millis = answer.headers().firstValue("retry-after-ms").orElse("");
    String seconds = answer.headers().firstValue("Retry-After").orElse("");
    if (millis.matches("\\d{1,9}")) {
      return Duration.ofMillis(Long.parseLong(millis));
    }
    return seconds.matches("\\d{1,6}") ? Duration.ofSeconds(Long.parseLong(seconds)) : null;
  }

  private static @Nullable JsonNode problem(HttpResponse<InputStream> answer) throws IOException {
    try (InputStream body = answer.body()) {
      return JSON.readTree(new String(body.readAllBytes(), StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      return null; // a proxy's page, perhaps
    }
  }

  static Duration backoff(int attempt) {
    long most =
        Math.min(LONGEST_PAUSE.toMillis(), FIRST_PAUSE.toMillis() << Math.min(attempt - 1, 10));
    return Duration.ofMillis(most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1));
  }

  static void pause(Duration time) throws IOException {
    try {
      new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IOException("interrupted", e);
  }
}
