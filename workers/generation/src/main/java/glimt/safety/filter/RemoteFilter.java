package glimt.safety.filter;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.json.EnumWord;
import glimt.json.Json;
import glimt.media.Picture;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * An operator's filter behind a URL. It is sent, by POST as JSON,
 *
 * <pre>
 *   {"stage": "prompt|input|output", "kind": "video|image|points", "model": "clips",
 *    "prompt": "…", "pictures": [{"mediaType": "image/jpeg", "data": "(Base64)"}]}
 * </pre>
 *
 * and answers 200 with
 *
 * <pre>
 *   {"allow": false, "policy": "mine-7", "category": "violence", "reason": "for the client"}
 * </pre>
 *
 * of which all but {@code allow} may be left out. Redirects are not followed. Any other answer, or
 * none within {@link #PATIENCE}, counts as unavailable.
 */
public final class RemoteFilter implements ContentFilter {
  /** How long an answer may take, its body included. */
  static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final int OK = 200;
  private static final int TEXT_LIMIT = 300;
  private static final int ANSWER_LIMIT = 64 << 10;

  private final URI url;
  private final boolean open;
  private final Duration patience;
  private final HttpClient http;

  /**
   * @param open whether everything passes while the filter is unavailable; else nothing does
   */
  public RemoteFilter(URI url, boolean open) {
    this(url, open, PATIENCE);
  }

  RemoteFilter(URI url, boolean open, Duration patience) {
    this.url = url;
    this.open = open;
    this.patience = patience;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience)
            .build();
  }

  @Override
  public FilterDecision prompt(FilteredJob job) {
    return ask(FilterStage.PROMPT, job, List.of());
  }

  @Override
  public FilterDecision pictures(FilterStage stage, FilteredJob job, List<Picture> seen) {
    return ask(stage, job, seen);
  }

  private FilterDecision ask(FilterStage stage, FilteredJob job, List<Picture> seen) {
    try {
      return decision(stage, answer(question(stage, job, seen)));
    } catch (IOException e) {
      if (open) {
        return FilterDecision.allow(stage, "unavailable");
      }
      throw new FilterUnavailable(String.valueOf(e.getMessage()), e);
    }
  }

  private static ObjectNode question(FilterStage stage, FilteredJob job, List<Picture> seen) {
    ObjectNode question =
        Json.mapper()
            .createObjectNode()
            .put("stage", EnumWord.of(stage))
            .put("kind", EnumWord.of(job.kind()))
            .put("model", job.model())
            .put("prompt", job.prompt());
    ArrayNode pictures = question.putArray("pictures");
    for (Picture one : seen) {
      pictures
          .addObject()
          .put("mediaType", "image/jpeg")
          .put("data", Base64.getEncoder().encodeToString(one.jpeg()));
    }
    return question;
  }

  private JsonNode answer(ObjectNode question) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(url)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(question.toString()))
            .build();
    CompletableFuture<HttpResponse<byte[]>> asked =
        http.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), ANSWER_LIMIT));
    try {
      HttpResponse<byte[]> answer = asked.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      if (answer.statusCode() != OK) {
        throw new IOException("it answered with status " + answer.statusCode());
      }
      return Json.mapper().readTree(new String(answer.body(), StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw new IOException("its answer is no JSON", e);
    } catch (ExecutionException e) {
      throw new IOException("it cannot be reached: " + e.getCause(), e);
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new IOException("it did not answer within %s s".formatted(patience.toSeconds()), e);
    } catch (InterruptedException e) {
      asked.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException("it was not waited for", e);
    }
  }

  private static FilterDecision decision(FilterStage stage, JsonNode answer) throws IOException {
    JsonNode allow = answer.path("allow");
    if (!allow.isBoolean()) {
      throw new IOException("its answer has no allow, true or false");
    }
    String policy = text(answer, "policy", "operator");
    return allow.booleanValue()
        ? FilterDecision.allow(stage, policy)
        : FilterDecision.block(
            stage,
            policy,
            text(answer, "category", "other"),
            text(answer, "reason", "the operator's content filter stopped it"));
  }

  private static String text(JsonNode answer, String field, String otherwise) {
    String text = answer.path(field).asText("").replace('\0', ' ').strip();
    return text.isEmpty() ? otherwise : text.substring(0, Math.min(TEXT_LIMIT, text.length()));
  }
}
