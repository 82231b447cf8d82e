package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.ledger.Nodes;
import glimt.outside.Outside;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A gateway behind a real nginx with usual configurations: the page, a job, its events, its file.
 */
@ExtendWith(RealFarm.Given.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class BehindNginxTest {
  private static final String WISH = "{\"prompt\":\"a whale\",\"size\":16}";
  private static final String STRANGER = "http://evil.example";

  private final RealFarm farm;
  private Nginx nginx;
  private Gateway gateway;
  private URI direct;

  BehindNginxTest(RealFarm farm) {
    this.farm = farm;
  }

  @BeforeAll
  void open(@TempDir Path folder) throws Exception {
    Outside.program("nginx");
    nginx = new Nginx(folder);
    // The README's configuration forwards its host and prefix, so the farm need not be told them.
    List<URI> urls =
        List.of(
            URI.create("http://127.0.0.1:" + nginx.port("PLAIN")),
            URI.create("http://127.0.0.1:" + nginx.port("PORTLESS") + "/"),
            URI.create("http://farm.example:" + nginx.port("NAMED")),
            URI.create("http://127.0.0.1:" + nginx.port("BELOW") + "/glimt/"));
    gateway =
        new Gateway(
            new Gateway.Address("127.0.0.1", 0, Optional.empty(), urls, Set.of()),
            farm.parts(farm.jobs),
            RealFarm.QUICK);
    direct = gateway.start();
    nginx.serve(direct);
  }

  @AfterAll
  void close() throws Exception {
    if (nginx != null) {
      nginx.close();
    }
    if (gateway != null) {
      gateway.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PLAIN", "PORTLESS", "BELOW", "README"})
  void a_page_asks_watches_and_fetches(String server) throws Exception {
    String path = server.equals("BELOW") || server.equals("README") ? "/glimt" : "";
    String origin = "http://127.0.0.1:" + nginx.port(server);
    URI page = URI.create(origin + path + "/");
    HttpResponse<String> html = farm.send(HttpRequest.newBuilder(page).build());
    assertThat(html.statusCode()).isEqualTo(200);
    for (String file :
        List.of("web/glimt.css", "web/glimt.js", "web/three.module.min.js", "openapi.yaml")) {
      assertThat(farm.send(HttpRequest.newBuilder(page.resolve(file)).build()).statusCode())
          .as(file)
          .isEqualTo(200);
    }

    HttpResponse<String> submitted = post(page.resolve("v1/jobs"), origin);
    assertThat(submitted.statusCode()).as(submitted.body()).isEqualTo(202);
    JsonNode job = RealFarm.json(submitted);
    String self = submitted.headers().firstValue("Location").orElseThrow();
    assertThat(self).startsWith(path + "/v1/jobs/");
    assertThat(job.at("/links/self").textValue()).isEqualTo(self);
    assertThat(farm.send(HttpRequest.newBuilder(page.resolve(self)).build()).statusCode())
        .isEqualTo(200);

    URI events = page.resolve(job.at("/links/events").textValue());
    if (!server.equals("PLAIN")) { // which does not upgrade
      assertThat(firstMessage(events, origin).get(20, TimeUnit.SECONDS)).contains("submitted");
      assertThat(firstMessage(events, STRANGER))
          .failsWithin(20, TimeUnit.SECONDS)
          .withThrowableThat()
          .withMessageContaining("WebSocketHandshakeException");
    }
    HttpResponse<Stream<String>> stream =
        farm.http.send(HttpRequest.newBuilder(events).build(), BodyHandlers.ofLines());
    var lines = stream.body().iterator();
    assertThat(lines.next()).as("it comes before the job has ended").isEqualTo("id: 1");
    farm.finish(JobId.parse(job.get("id").textValue()));
    StringBuilder rest = new StringBuilder();
    lines.forEachRemaining(line -> rest.append(line).append('\n'));
    assertThat(rest).contains("\"href\":\"" + path + "/v1/jobs/").contains("event: ended");

    URI file = page.resolve(self + "/artifacts/base");
    HttpResponse<String> whole = farm.send(HttpRequest.newBuilder(file).build());
    String tag = whole.headers().firstValue("ETag").orElseThrow();
    HttpResponse<String> part =
        farm.send(
            HttpRequest.newBuilder(file)
                .header("Range", "bytes=5-9")
                .header("If-Range", tag)
                .build());
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(whole.body().substring(5, 10));
    assertThat(
            farm.send(HttpRequest.newBuilder(file).header("If-Match", "\"x\"").build())
                .statusCode())
        .isEqualTo(412);

    HttpResponse<String> foreign = post(page.resolve("v1/jobs"), STRANGER);
    assertThat(foreign.statusCode()).isEqualTo(403);
    assertThat(RealFarm.json(foreign).get("detail").textValue())
        .contains(STRANGER)
        .contains("127.0.0.1")
        .contains("--public-url " + STRANGER);
  }

  @Test
  void a_public_name_is_answered_and_another_is_told_what_to_do() throws Exception {
    int port = nginx.port("NAMED");
    String origin = "http://farm.example:" + port;
    assertThat(named(port, "farm.example:" + port, origin)).startsWith("HTTP/1.1 202");
    assertThat(named(port, "farm.example:" + port, STRANGER))
        .startsWith("HTTP/1.1 403")
        .contains("the page is from " + STRANGER + ", the farm is at farm.example:" + port)
        .contains("start the farm with --public-url " + STRANGER);
    assertThat(named(port, "other.example:" + port, "http://other.example:" + port))
        .startsWith("HTTP/1.1 421")
        .contains("localhost, 127.0.0.1 and ", origin, "the request is for other.example:" + port)
        .contains("--public-url http://other.example:" + port);
  }

  @Test
  @Timeout(300)
  void chromium_shows_the_page_alike_at_the_root_and_below_a_path(@TempDir Path scripts)
      throws Exception {
    String chromium = Outside.program("chromium").toString();
    Outside.npm(scripts, "playwright-core@1.65.1", "page.mjs");
    Nodes nodes = new Nodes(farm.database);
    Nodes.Self starting =
        new Nodes.Self(
            "pekko://glimt@127.0.0.1:1", "one", List.of("worker"), "1", 1, 3, Optional.empty());
    farm.tell(starting);
    try (ScheduledExecutorService pulse = Executors.newSingleThreadScheduledExecutor()) {
      var _ = pulse.scheduleWithFixedDelay(() -> nodes.pulse(starting), 0, 2, TimeUnit.SECONDS);
      Outside.script(
          scripts,
          line -> {
            if (line.startsWith("made ")) {
              farm.finish(JobId.parse(line.substring(5)));
            }
          },
          "page.mjs",
          chromium,
          direct + "/",
          "http://127.0.0.1:" + nginx.port("PORTLESS") + "/",
          "http://127.0.0.1:" + nginx.port("BELOW") + "/glimt/",
          "http://127.0.0.1:" + nginx.port("README") + "/glimt/");
      pulse.shutdownNow();
    }
    nodes.forget(starting.address());
  }

  /** A page whose host name was made to resolve to this machine can set any header. */
  @Test
  void a_name_that_was_pointed_here_gets_nowhere_by_what_it_claims_to_be_forwarded_for()
      throws Exception {
    int port = direct.getPort();
    for (String claim :
        List.of(
            "X-Forwarded-Host: evil.example",
            "X-Forwarded-Host: localhost",
            "X-Forwarded-Host: 127.0.0.1:" + port,
            "Forwarded: host=localhost",
            "Forwarded: host=evil.example;proto=http")) {
      assertThat(claimed("evil.example", STRANGER, claim)).as(claim).startsWith("HTTP/1.1 421");
      assertThat(claimed("127.0.0.1:" + port, STRANGER, claim))
          .as("through a proxy that tells its own Host, " + claim)
          .matches("(?s)HTTP/1.1 (403|421) .*");
    }
    assertThat(
            claimed("127.0.0.1:" + port, "http://localhost:81", "X-Forwarded-Host: localhost:81"))
        .as("what a proxy of this machine says of a name of ours is believed")
        .startsWith("HTTP/1.1 202");
    assertThat(
            claimed("127.0.0.1:" + port, "http://localhost:81", "Forwarded: host=\"localhost:81\""))
        .startsWith("HTTP/1.1 202");
    for (String prefix : List.of("//evil.example", "/a b", "/..%2f", "javascript:", "/a\"b")) {
      String answer =
          claimed("127.0.0.1:" + port, "http://127.0.0.1:" + port, "X-Forwarded-Prefix: " + prefix);
      assertThat(answer).as(prefix).contains("\"self\":\"/v1/jobs/");
    }
  }

  private String claimed(String host, String origin, String claim) throws Exception {
    return asked(direct, host, "Origin: " + origin + "\r\n" + claim);
  }

  private static String named(int port, String host, String origin) throws Exception {
    return asked(URI.create("http://127.0.0.1:" + port), host, "Origin: " + origin);
  }

  /** Sends a request with another Host header, which Java's own client does not allow. */
  private static String asked(URI to, String host, String headers) throws Exception {
    String request =
        "POST /v1/jobs HTTP/1.1\r\nHost: %s\r\n%s\r\nConnection: close\r\n"
            .formatted(host, headers);
    String body =
        "Content-Type: application/json\r\nContent-Length: %s\r\n\r\n%s"
            .formatted(WISH.length(), WISH);
    return RealFarm.raw(
        to, (request + body).getBytes(StandardCharsets.US_ASCII), Duration.ofSeconds(30));
  }

  private HttpResponse<String> post(URI to, String origin) {
    return farm.send(
        HttpRequest.newBuilder(to)
            .header("Origin", origin)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(WISH))
            .build());
  }

  private CompletableFuture<String> firstMessage(URI events, String origin) {
    var first = new CompletableFuture<String>();
    return farm.http
        .newWebSocketBuilder()
        .header("Origin", origin)
        .buildAsync(
            URI.create(events.toString().replaceFirst("^http", "ws")),
            new WebSocket.Listener() {
              @Override
              public @Nullable CompletionStage<?> onText(
                  WebSocket socket, CharSequence text, boolean last) {
                first.complete(text.toString());
                socket.abort();
                return null;
              }
            })
        .thenCompose(_ -> first);
  }
}
