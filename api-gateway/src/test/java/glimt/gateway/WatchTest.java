package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.coordinator.Protocol;
import glimt.job.JobId;
import glimt.json.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class WatchTest {
  private final RealFarm farm;

  WatchTest(RealFarm farm) {
    this.farm = farm;
  }

  /** One server-sent event, as a browser would receive it. */
  record SseEvent(@Nullable String id, String type, JsonNode data) {}

  @Test
  void a_job_is_told_from_its_first_event_to_its_last_without_a_gap() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    try (BufferedReader stream = sse(job, 0)) {
      SseEvent first = next(stream);
      assertThat(first.type()).isEqualTo("submitted");
      farm.finish(job); // and nobody sends a hint
      List<SseEvent> rest = rest(stream);
      assertThat(rest)
          .extracting(SseEvent::type)
          .containsExactly("started", "level_finished", "ended");
      assertThat(rest).extracting(SseEvent::id).containsExactly("2", "3", "4");
      assertThat(rest.get(1).data().at("/artifacts/1/href").textValue())
          .endsWith("/artifacts/base");
      assertThat(rest.get(2).data().get("state").textValue()).isEqualTo("succeeded");
    }
  }

  @Test
  void what_a_worker_warns_of_is_an_event_and_stays_in_the_job() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job, List.of("the prompt was cut"));
    try (BufferedReader stream = sse(job, 2)) {
      SseEvent warned = next(stream);
      assertThat(warned.type()).isEqualTo("warned");
      assertThat(warned.data().at("/warnings/0").textValue()).isEqualTo("the prompt was cut");
    }
    JsonNode view = RealFarm.json(farm.get("/v1/jobs/" + job));
    assertThat(view.get("warnings")).extracting(JsonNode::textValue).contains("the prompt was cut");
  }

  @Test
  void who_comes_back_gets_what_was_missed_and_nothing_twice() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job);
    try (BufferedReader stream = sse(job, 2)) {
      assertThat(rest(stream)).extracting(SseEvent::id).containsExactly("3", "4");
    }
    HttpRequest asBrowsersSay =
        farm.request("/v1/jobs/" + job + "/events").header("Last-Event-ID", "3").build();
    assertThat(farm.send(asBrowsersSay).body()).startsWith("id: 4\nevent: ended\n");
    HttpRequest seenAll =
        farm.request("/v1/jobs/" + job + "/events").header("Last-Event-ID", "4").build();
    assertThat(farm.send(seenAll).statusCode()).isEqualTo(204);
  }

  @Test
  void progress_and_previews_come_live_and_without_a_number() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    byte[] sheet = {1, 2, 3, -1};
    try (BufferedReader stream = sse(job, 0)) {
      assertThat(next(stream).type()).isEqualTo("submitted");
      SseEvent progress = liveUntil(job, stream, "progress", sheet);
      assertThat(progress.id()).isNull();
      assertThat(progress.data().get("step").intValue()).isEqualTo(3);
      SseEvent preview = liveUntil(job, stream, "preview", sheet);
      assertThat(Base64.getDecoder().decode(preview.data().get("data").textValue()))
          .isEqualTo(sheet);
      assertThat(preview.data().get("columns").intValue()).isEqualTo(4);
    }
  }

  @Test
  void a_web_socket_tells_the_same_with_previews_as_bytes() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    byte[] sheet = {1, 2, 3, -1};
    Ear ear = new Ear();
    WebSocket socket = connect(job, 0, null, ear);
    assertThat(ear.text().get("type").textValue()).isEqualTo("submitted");
    JsonNode heard = ear.live(() -> publish(job, sheet));
    while (!heard.get("type").textValue().equals("preview")) {
      heard = ear.text();
    }
    assertThat(heard.get("length").intValue()).isEqualTo(4);
    assertThat(ear.next()).isEqualTo(ByteBuffer.wrap(sheet));
    farm.finish(job);
    List<String> durable = new ArrayList<>();
    for (Object one = ear.next(); !one.equals(Ear.CLOSED); one = ear.next()) {
      if (one instanceof JsonNode event && event.has("seq")) {
        durable.add(event.get("seq") + event.get("type").textValue());
      }
    }
    assertThat(durable).containsExactly("2started", "3level_finished", "4ended");
    socket.abort();
  }

  @Test
  void a_quiet_job_is_shown_to_be_watched_still() throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    try (BufferedReader stream = sse(job, 1)) {
      assertThat(stream.readLine()).startsWith(":");
    }
  }

  @Test
  void a_page_of_another_origin_may_not_watch() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    assertThatThrownBy(() -> connect(job, 0, "http://evil.example", new Ear()))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            refused -> assertThat(refused.getResponse().statusCode()).isEqualTo(403));
    connect(job, 0, farm.uri.toString(), new Ear()).abort();
  }

  @Test
  void watching_no_job_is_told_before_the_upgrade() {
    assertThatThrownBy(() -> connect(JobId.random(), 0, null, new Ear()))
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            refused -> assertThat(refused.getResponse().statusCode()).isEqualTo(404));
  }

  // ---- clients

  private BufferedReader sse(JobId job, long after) {
    HttpResponse<InputStream> response =
        farm.send(
            farm.request("/v1/jobs/" + job + "/events?after=" + after).build(),
            BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).contains("text/event-stream");
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  private static SseEvent next(BufferedReader stream) throws IOException {
    return Objects.requireNonNull(nextOrEnd(stream), "the stream ended");
  }

  private static @Nullable SseEvent nextOrEnd(BufferedReader stream) throws IOException {
    String id = null;
    String type = null;
    JsonNode data = null;
    for (String line = stream.readLine(); line != null; line = stream.readLine()) {
      if (line.startsWith("id: ")) {
        id = line.substring(4);
      } else if (line.startsWith("event: ")) {
        type = line.substring(7);
      } else if (line.startsWith("data: ")) {
        data = Json.read(line.substring(6), JsonNode.class);
      } else if (line.isEmpty() && type != null && data != null) {
        return new SseEvent(id, type, data);
      }
    }
    return null;
  }

  private static List<SseEvent> rest(BufferedReader stream) throws IOException {
    List<SseEvent> all = new ArrayList<>();
    for (SseEvent event = nextOrEnd(stream); event != null; event = nextOrEnd(stream)) {
      all.add(event);
    }
    return all;
  }

  /** Publishes until a message is received, as a subscription takes a moment to reach the topic. */
  private SseEvent liveUntil(JobId job, BufferedReader stream, String type, byte[] sheet)
      throws IOException {
    publish(job, sheet);
    for (SseEvent event = nextOrEnd(stream); event != null; event = nextOrEnd(stream)) {
      if (event.type().equals(type)) {
        return event;
      }
    }
    throw new AssertionError("the stream ended without " + type);
  }

  private void publish(JobId job, byte[] sheet) {
    farm.feed.publish(new Protocol.Progress(job, "base", 0, 3, 8));
    farm.feed.publish(new Protocol.Previewed(job, "base", 0, 3, 8, "image/jpeg", 8, 4, sheet));
  }

  private WebSocket connect(JobId job, long after, @Nullable String origin, Ear ear) {
    WebSocket.Builder builder =
        farm.http.newWebSocketBuilder().connectTimeout(Duration.ofSeconds(10));
    if (origin != null) {
      builder.header("Origin", origin);
    }
    URI at = URI.create(farm.uri.toString().replace("http", "ws"));
    return builder
        .buildAsync(at.resolve("/v1/jobs/%s/events?after=%s".formatted(job, after)), ear)
        .join();
  }

  /** Receives text, bytes and the end of a WebSocket, in order. */
  private static final class Ear implements WebSocket.Listener {
    static final Object CLOSED = "closed";
    private final BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
    private final StringBuilder text = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        heard.add(Json.read(text.toString(), JsonNode.class));
        text.setLength(0);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
      byte[] copy = new byte[data.remaining()];
      data.get(copy);
      heard.add(ByteBuffer.wrap(copy));
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      heard.add(CLOSED);
      return null;
    }

    Object next() throws InterruptedException {
      return Objects.requireNonNull(heard.poll(20, TimeUnit.SECONDS), "silence for 20 seconds");
    }

    JsonNode text() throws InterruptedException {
      return (JsonNode) next();
    }

    /** Publishes a message until it is received. */
    JsonNode live(Runnable say) throws InterruptedException {
      for (int i = 0; i < 100; i++) {
        say.run();
        Object next = heard.poll(200, TimeUnit.MILLISECONDS);
        if (next != null) {
          return (JsonNode) next;
        }
      }
      throw new AssertionError("nobody heard it");
    }
  }
}
