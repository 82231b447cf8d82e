package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.ledger.Database;
import glimt.ledger.Jobs;
import glimt.ledger.Nodes;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Optional;
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
  void where_there_is_a_key_nothing_but_health_is_told_without_it() {
    String key = "correct horse battery staple";
    Gateway.Address address = new Gateway.Address("127.0.0.1", 0, Optional.of(key));
    assertThat(address.toString()).doesNotContain(key);
    try (Gateway gateway = new Gateway(address, farm.parts(farm.jobs))) {
      URI uri = gateway.start();
      for (Operation operation : gateway.operations()) {
        URI path = uri.resolve(operation.path().replaceAll("[{}]", ""));
        String method = operation.method().name();
        boolean open = operation.id().equals("health");
        HttpRequest.Builder request =
            HttpRequest.newBuilder(path).method(method, HttpRequest.BodyPublishers.noBody());
        for (String wrong : List.of("Bearer " + key + "x", key, "Bearer", "Basic " + key)) {
          int status =
              farm.send(request.setHeader("Authorization", wrong).build(), BodyHandlers.ofString())
                  .statusCode();
          assertThat(status).as(operation + " with " + wrong).isEqualTo(open ? 200 : 401);
        }
        HttpResponse<String> shown =
            farm.send(
                request.setHeader("Authorization", "Bearer " + key).build(),
                BodyHandlers.ofString());
        assertThat(shown.statusCode()).as(operation.toString()).isNotEqualTo(401);
      }
    }
  }

  @Test
  void beyond_this_machine_it_needs_a_key_that_cannot_be_guessed() {
    assertThatThrownBy(() -> new Gateway.Address("0.0.0.0", 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("needs a key");
    assertThatThrownBy(() -> new Gateway.Address("0.0.0.0", 0, Optional.of("secret")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("at least 20");
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
  void the_page_comes_with_a_policy_that_lets_nothing_else_in() {
    for (String path : new String[] {"/", "/glimt.js", "/stage.js", "/glimt.css"}) {
      HttpResponse<String> answer = farm.get(path);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.body()).isNotEmpty();
      assertThat(answer.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'")
          .doesNotContain("unsafe");
      assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
      String tag = answer.headers().firstValue("ETag").orElseThrow();
      HttpRequest again = farm.request(path).header("If-None-Match", tag).build();
      assertThat(farm.send(again).statusCode()).isEqualTo(304);
    }
    assertThat(farm.get("/").body()).doesNotContainPattern("(src|href)=\"(https?:|//)");
  }
}
