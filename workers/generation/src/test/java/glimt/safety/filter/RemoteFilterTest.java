package glimt.safety.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.json.Json;
import glimt.media.Picture;
import glimt.model.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An operator's filter, which is a real server on loopback here. */
class RemoteFilterTest {
  private static final FilteredJob JOB = new FilteredJob(Kind.IMAGE, "pictures", "a snail");
  private static final Duration LONG = Duration.ofSeconds(30);

  private final BlockingQueue<JsonNode> questions = new LinkedBlockingQueue<>();
  private HttpServer server;
  private volatile int status = 200;
  private volatile String answer = "{\"allow\": true}";

  @BeforeEach
  void serve() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/check", this::answer);
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    questions.add(Json.mapper().readTree(exchange.getRequestBody().readAllBytes()));
    byte[] body = answer.getBytes(StandardCharsets.UTF_8);
    if (status / 100 == 3) {
      exchange.getResponseHeaders().add("Location", url() + "?again");
    }
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private URI url() {
    return URI.create("http://127.0.0.1:%s/check".formatted(server.getAddress().getPort()));
  }

  private RemoteFilter filter(boolean open) {
    return new RemoteFilter(url(), open, LONG);
  }

  @Test
  void it_is_told_the_prompt_and_its_answer_is_the_decision() {
    answer =
        """
        {"allow": false, "policy": "mine-7", "category": "snails", "reason": "no snails here"}
        """;
    FilterDecision decision = filter(false).prompt(JOB);
    assertThat(decision)
        .isEqualTo(FilterDecision.block(FilterStage.PROMPT, "mine-7", "snails", "no snails here"));
    JsonNode question = questions.remove();
    assertThat(question.path("stage").asText()).isEqualTo("prompt");
    assertThat(question.path("kind").asText()).isEqualTo("image");
    assertThat(question.path("model").asText()).isEqualTo("pictures");
    assertThat(question.path("prompt").asText()).isEqualTo("a snail");
    assertThat(question.path("pictures")).isEmpty();
  }

  @Test
  void it_is_shown_pictures_as_JPEG_and_may_answer_no_more_than_that_it_allows_them() {
    FilterDecision decision =
        filter(false).pictures(FilterStage.OUTPUT, JOB, List.of(Picture.plain(20, 10, 0xff0000)));
    assertThat(decision).isEqualTo(FilterDecision.allow(FilterStage.OUTPUT, "operator"));
    JsonNode shown = questions.remove().path("pictures").path(0);
    assertThat(shown.path("mediaType").asText()).isEqualTo("image/jpeg");
    Picture read = Picture.read(Base64.getDecoder().decode(shown.path("data").asText()));
    assertThat(read.width()).isEqualTo(20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no", "{}", "{\"allow\": \"yes\"}", "[true]", "null"})
  void an_answer_that_does_not_say_lets_nothing_pass(String broken) {
    answer = broken;
    assertThatThrownBy(() -> filter(false).prompt(JOB))
        .isInstanceOf(FilterUnavailable.class)
        .hasMessageContaining("nothing passes");
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 302, 401, 500})
  void another_status_counts_as_no_answer_and_redirects_are_not_followed(int other) {
    status = other;
    answer = other == 204 ? "" : answer;
    assertThatThrownBy(() -> filter(false).prompt(JOB)).hasMessageContaining("status " + other);
    assertThat(questions).hasSize(1);
  }

  @Test
  void an_answer_larger_than_any_decision_counts_as_none() {
    answer = "{\"allow\": true, \"reason\": \"%s\"}".formatted("x".repeat(1 << 20));
    assertThatThrownBy(() -> filter(false).prompt(JOB)).isInstanceOf(FilterUnavailable.class);
  }

  @Test
  void where_it_may_fail_open_everything_passes_and_the_decision_says_why() {
    status = 500;
    assertThat(filter(true).prompt(JOB))
        .isEqualTo(FilterDecision.allow(FilterStage.PROMPT, "unavailable"));
  }

  @Test
  void a_server_that_accepts_and_never_answers_is_waited_for_no_longer_than_it_may_take()
      throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      URI url = URI.create("http://127.0.0.1:%s/".formatted(silent.getLocalPort()));
      RemoteFilter filter = new RemoteFilter(url, false, Duration.ofMillis(300));
      assertThatThrownBy(() -> filter.prompt(JOB)).hasMessageContaining("within");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "maybe", "ftp://a/b", "http:/a", "http://me:secret@a/", "http://a b"})
  void what_is_neither_a_word_nor_a_URL_is_refused(String which) {
    assertThatThrownBy(() -> new FilterSettings(which, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be on, off or a URL");
  }
}
