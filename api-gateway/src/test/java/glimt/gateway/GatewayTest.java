package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.Nodes;
import io.vertx.core.http.HttpMethod;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
class GatewayTest {
  private final RealFarm farm;

  GatewayTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void a_port_in_use_is_said_plainly() {
    Gateway second =
        new Gateway(new Gateway.Address("127.0.0.1", farm.uri.getPort()), farm.parts(farm.jobs));
    assertThatThrownBy(second::start)
        .isInstanceOf(GatewayException.class)
        .hasMessageContaining("listen on 127.0.0.1:" + farm.uri.getPort())
        .hasMessageContaining("in use");
    assertThat(farm.get("/healthz").statusCode()).isEqualTo(200);
  }

  @Test
  void without_the_ledger_it_says_when_to_come_back() {
    Database gone =
        Database.open(farm.postgres.url(), farm.postgres.user(), farm.postgres.password());
    gone.close();
    try (Gateway gateway =
        new Gateway(new Gateway.Address("127.0.0.1", 0), farm.parts(new Jobs(gone)))) {
      URI jobs = gateway.start().resolve("/v1/jobs");
      HttpResponse<String> answer =
          farm.send(HttpRequest.newBuilder(jobs).build(), BodyHandlers.ofString());
      assertThat(answer.statusCode()).isEqualTo(503);
      assertThat(answer.headers().firstValue("Retry-After")).isPresent();
      assertThat(answer.body()).doesNotContain("Hikari").doesNotContain("Exception");
    }
  }

  @Test
  void where_there_is_a_key_nothing_of_jobs_and_the_farm_is_told_without_it() throws Exception {
    String key = "correct horse battery staple";
    Gateway.Address address =
        new Gateway.Address("127.0.0.1", 0, Optional.of(key), List.of(), Set.of());
    assertThat(address.toString()).doesNotContain(key);
    try (Gateway gateway = new Gateway(address, farm.parts(farm.jobs))) {
      URI uri = gateway.start();
      for (Operation operation : gateway.operations()) {
        String plain = operation.path().replace("{file}", "glimt.js");
        URI path = uri.resolve(plain.replaceAll("[{}]", ""));
        String method = operation.method().name();
        boolean open = operation.scope() == null;
        HttpRequest.Builder request =
            HttpRequest.newBuilder(path).method(method, HttpRequest.BodyPublishers.noBody());
        for (String wrong : List.of("Bearer " + key + "x", key, "Bearer", "Basic " + key)) {
          int status =
              farm.send(request.setHeader("Authorization", wrong).build(), BodyHandlers.ofString())
                  .statusCode();
          // The address of an upload stands for a key itself, and this one was given to nobody.
          int without = operation.path().equals(QueueUploads.UPLOAD) ? 404 : open ? 200 : 401;
          assertThat(status).as(operation + " with " + wrong).isEqualTo(without);
        }
        HttpResponse<InputStream> shown =
            farm.send(
                request.setHeader("Authorization", "Bearer " + key).build(),
                BodyHandlers.ofInputStream());
        shown.body().close(); // A stream of events has no end.
        assertThat(shown.statusCode()).as(operation.toString()).isNotEqualTo(401);
      }
    }
  }

  @Test
  void beyond_this_machine_it_needs_a_key_that_cannot_be_guessed() {
    assertThatThrownBy(() -> new Gateway.Address("0.0.0.0", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs a key");
    assertThatThrownBy(
            () -> new Gateway.Address("0.0.0.0", 0, Optional.of("secret"), List.of(), Set.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 20");
  }

  @Test
  void head_is_wherever_get_is_with_the_same_words_and_no_body() throws Exception {
    String job = farm.finishedWhale().split("/", -1)[3];
    List<String> paths = new ArrayList<>();
    for (Operation operation : farm.gateway.operations()) {
      if (operation.method().equals(HttpMethod.GET)) {
        String path = operation.path().replace("{id}", job).replace("{artifact}", "base");
        path = path.replace("{owner}", "glimt").replace("{name}", "clips");
        paths.add(path.replace("{file}", "glimt.js"));
      }
    }
    assertThat(paths).hasSizeGreaterThan(12);
    paths.addAll(List.of("/v1/jobs/7", "/v1/jobs?limit=0", "/v1/videos/7", "/nothing"));
    paths.add("/v1/videos/" + job + "/content?variant=thumbnail");
    paths.add("/v1/jobs/" + job + "/events?after=" + farm.find(JobId.parse(job)).lastSeq());
    for (String path : paths) {
      HttpResponse<InputStream> get =
          farm.send(farm.request(path).build(), BodyHandlers.ofInputStream());
      get.body().close(); // A stream of events has no end.
      HttpResponse<String> head =
          farm.send(farm.request(path).method("HEAD", BodyPublishers.noBody()).build());
      assertThat(head.body()).as(path).isEmpty();
      assertThat(head.statusCode()).as(path).isEqualTo(get.statusCode());
      assertThat(told(head)).as(path).isEqualTo(told(get));
      boolean streams = path.endsWith("/events") || path.endsWith("/stream");
      assertThat(head.headers().firstValue("Content-Length").isPresent())
          .as(path)
          .isEqualTo(!streams && get.statusCode() != 204);
    }
  }

  /** The headers without those that differ between answers or depend on how the body is sent. */
  private static Map<String, List<String>> told(HttpResponse<?> answer) {
    Map<String, List<String>> headers = new TreeMap<>(answer.headers().map());
    headers.keySet().removeAll(Set.of("x-request-id", "transfer-encoding", "date"));
    return headers;
  }

  @Test
  void options_says_what_a_path_allows() {
    HttpResponse<String> jobs =
        farm.send(farm.request("/v1/jobs").method("OPTIONS", BodyPublishers.noBody()).build());
    assertThat(jobs.statusCode()).isEqualTo(204);
    assertThat(jobs.headers().firstValue("Allow")).contains("POST, GET, HEAD, OPTIONS");
    assertThat(jobs.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    HttpResponse<String> refused =
        farm.send(farm.request("/healthz").method("PUT", BodyPublishers.noBody()).build());
    assertThat(refused.headers().firstValue("Allow")).contains("GET, HEAD, OPTIONS");
  }

  @Test
  void it_says_who_is_there() {
    farm.tell(
        new Nodes.Self(
            "pekko://glimt@127.0.0.1:1",
            "one",
            List.of("gateway", "worker"),
            "1",
            1,
            2,
            Optional.of(farm.uri)));
    JsonNode nodes = RealFarm.json(farm.get("/v1/nodes")).path("nodes");
    assertThat(nodes).hasSize(1);
    assertThat(nodes.get(0).path("name").asText()).isEqualTo("one");
    assertThat(nodes.get(0).path("lives").asBoolean()).isTrue();
    JsonNode counts = RealFarm.json(farm.get("/healthz")).path("nodes");
    assertThat(counts.path("worker").asInt()).isEqualTo(1);
    assertThat(counts.path("coordinator").asInt()).isZero();
  }

  @Test
  void it_tells_how_many_workers_are_starting() {
    Nodes.Self node =
        new Nodes.Self(
            "pekko://glimt@127.0.0.1:1", "one", List.of("worker"), "1", 1, 3, Optional.empty());
    farm.tell(node);
    HttpResponse<String> answer = farm.get("/v1/workers");
    farm.contract().allows("listWorkers", answer);
    JsonNode workers = RealFarm.json(answer);
    assertThat(workers.get("workers")).as("none of them has started").isEmpty();
    assertThat(workers.get("expected").asInt()).isEqualTo(3);
    new Nodes(farm.database).forget(node.address());
    assertThat(RealFarm.json(farm.get("/v1/workers")).get("expected").asInt()).isZero();
  }

  @Test
  void the_page_comes_with_a_policy_that_lets_nothing_else_in() {
    for (String path :
        new String[] {"/", "/web/glimt.js", "/web/three.core.min.js", "/web/glimt.css"}) {
      HttpResponse<String> answer = farm.get(path);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isNotEmpty();
      assertThat(answer.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'")
          .doesNotContain("unsafe");
      assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
      String tag = answer.headers().firstValue("ETag").orElseThrow();
      for (String known : List.of(tag, "W/" + tag, "\"x\", " + tag, "*")) {
        HttpRequest again = farm.request(path).header("If-None-Match", known).build();
        assertThat(farm.send(again).statusCode()).as(known).isEqualTo(304);
      }
      HttpRequest other = farm.request(path).header("If-Match", "\"x\"").build();
      assertThat(farm.send(other).statusCode()).isEqualTo(412);
    }
    assertThat(farm.get("/").body()).doesNotContainPattern("(src|href)=\"(https?:|/)");
  }
}
