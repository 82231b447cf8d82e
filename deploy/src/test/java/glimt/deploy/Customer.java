package glimt.deploy;

import static glimt.deploy.Launched.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.deploy.node.Client;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * An HTTP client of a farm.
 *
 * @param gateway the URL of the gateway to use
 */
record Customer(Supplier<Client> gateway) {
  JsonNode get(String path) {
    try {
      return gateway.get().get(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Waits until a job has succeeded and returns it. */
  JsonNode finished(String job) {
    JsonNode ended =
        eventually(
            () -> get("/v1/jobs/" + job),
            seen -> List.of("succeeded", "failed").contains(seen.path("state").asText()));
    assertThat(ended.path("state").asText()).as(ended.toPrettyString()).isEqualTo("succeeded");
    return ended;
  }

  /** The digests of all artifacts of all levels. */
  static List<String> digests(JsonNode job) {
    List<String> digests = new ArrayList<>();
    for (JsonNode level : job.path("levels")) {
      level.path("artifacts").forEach(artifact -> digests.add(artifact.path("id").asText()));
    }
    return digests;
  }
}
