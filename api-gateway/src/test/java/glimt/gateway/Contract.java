package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.json.Json;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.MediaType;
import io.vertx.openapi.contract.OpenAPIContract;
import io.vertx.openapi.contract.Operation;
import io.vertx.openapi.validation.ResponseValidator;
import io.vertx.openapi.validation.ValidatableResponse;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.yaml.snakeyaml.Yaml;

/**
 * Checks the contract against OpenAPI 3.1, and answers against the contract, with vertx-openapi. It
 * supports no media type but JSON, so problems are presented to it as JSON, and other media types
 * are not checked.
 */
final class Contract implements AutoCloseable {
  private static final String PROBLEM = "application/problem+json";

  /**
   * Vert.x's parser of contracts upper-cases types by the locale: in Turkish it looks for STRİNG.
   */
  private static final Locale THEIRS = Locale.ROOT;

  private final Vertx vertx;
  private final JsonNode tree;
  private final OpenAPIContract contract;
  private final ResponseValidator validator;

  private Contract(JsonNode tree, Vertx vertx, OpenAPIContract contract) {
    this.vertx = vertx;
    this.tree = tree;
    this.contract = contract;
    this.validator = ResponseValidator.create(vertx, contract);
  }

  static Contract of(String yaml) {
    Vertx vertx = Vertx.vertx();
    Locale ours = Locale.getDefault();
    try {
      Locale.setDefault(THEIRS);
      Map<String, Object> all = new Yaml().load(yaml);
      JsonNode tree = Json.mapper().valueToTree(all);
      JsonObject readable = new JsonObject(Json.write(readable(all)));
      return new Contract(
          tree,
          vertx,
          OpenAPIContract.from(vertx, readable)
              .toCompletionStage()
              .toCompletableFuture()
              .get(60, TimeUnit.SECONDS));
    } catch (Exception e) {
      vertx.close();
      throw new AssertionError("not a contract: " + e.getMessage(), e);
    } finally {
      Locale.setDefault(ours);
    }
  }

  @Override
  public void close() {
    vertx.close();
  }

  private static Object readable(Object node) {
    return switch (node) {
      case Map<?, ?> map -> {
        Map<Object, Object> copy = new LinkedHashMap<>();
        map.forEach(
            (key, value) -> {
              if (key.equals("content")) {
                copy.put(key, jsonOnly((Map<?, ?>) value));
              } else if (!key.equals("requestBody") || takesJson((Map<?, ?>) value)) {
                copy.put(key, value == null ? null : readable(value));
              }
            });
        yield copy;
      }
      case List<?> list -> {
        List<Object> copy = new ArrayList<>();
        list.forEach(one -> copy.add(one == null ? null : readable(one)));
        yield copy;
      }
      default -> node;
    };
  }

  private static boolean takesJson(Map<?, ?> body) {
    return ((Map<?, ?>) Objects.requireNonNull(body.get("content")))
        .keySet().stream().anyMatch(type -> MediaType.isMediaTypeSupported(type.toString()));
  }

  private static Map<Object, Object> jsonOnly(Map<?, ?> content) {
    Map<Object, Object> copy = new LinkedHashMap<>();
    content.forEach(
        (type, value) -> {
          if (MediaType.isMediaTypeSupported(type.toString())) {
            copy.put(type, readable(value));
          } else if (type.equals(PROBLEM)) {
            copy.put(MediaType.APPLICATION_JSON, readable(value));
          }
        });
    return copy;
  }

  List<Operation> operations() {
    return contract.operations();
  }

  JsonNode tree() {
    return tree;
  }

  /** Fails unless the contract allows this answer to the operation. */
  void allows(String operation, HttpResponse<String> response) {
    Map<String, String> headers = new HashMap<>();
    response.headers().map().forEach((name, values) -> headers.put(name, values.getFirst()));
    headers.replace("content-type", PROBLEM, MediaType.APPLICATION_JSON);
    Locale ours = Locale.getDefault();
    try {
      Locale.setDefault(THEIRS);
      validator
          .validate(
              ValidatableResponse.create(
                  response.statusCode(),
                  headers,
                  Buffer.buffer(response.body()),
                  headers.get("content-type")),
              operation)
          .toCompletionStage()
          .toCompletableFuture()
          .get(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(
          "%s: %s %s".formatted(operation, response.statusCode(), response.body()), e);
    } finally {
      Locale.setDefault(ours);
    }
  }
}
