package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.storage.Database;
import glimt.storage.Jobs;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
