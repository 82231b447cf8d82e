package glimt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.storage.Json;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.openapi.contract.OpenAPIContract;
import io.vertx.openapi.contract.Operation;
import io.vertx.openapi.validation.ResponseValidator;
import io.vertx.openapi.validation.ValidatableResponse;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The contract in somebody else's eyes: vertx-openapi's. */
final class Contract {
  private final OpenAPIContract contract;
  private final ResponseValidator validator;

  private Contract(Vertx vertx, OpenAPIContract contract) {
    this.contract = contract;
    this.validator = ResponseValidator.create(vertx, contract);
  }

  static Contract of(RealFarm farm) {
    Vertx vertx = Vertx.vertx();
    try {
      Path path = Files.writeString(farm.home.resolve("openapi.yaml"), farm.get("/openapi.yaml").body());
      return new Contract(
          vertx,
          OpenAPIContract.from(vertx, path.toString())
              .toCompletionStage()
              .toCompletableFuture()
              .get(20, TimeUnit.SECONDS));
    } catch (Exception e) {
      throw new AssertionError("not a contract", e);
    } finally {
      vertx.close();
    }
  }

  List<Operation> operations() {
    return contract.operations();
  }

  /** The contract as it was served. */
  JsonNode tree() {
    return Json.read(contract.getRawContract().encode(), JsonNode.class);
  }

  /** Fails unless the contract allows such an answer to that operation. */
  void allows(String operation, HttpResponse<String> response) {
    Map<String, String> headers = new HashMap<>();
    response.headers().map().forEach((name, values) -> headers.put(name, values.getFirst()));
    try {
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
          "%s: %d %s".formatted(operation, response.statusCode(), response.body()), e);
    }
  }
}
