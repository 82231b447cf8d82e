package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.coordinator.Protocol;
import glimt.job.JobId;
import glimt.job.Task;
import glimt.job.TenantId;
import glimt.json.Json;
import glimt.ledger.Answers;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.EventPosition;
import glimt.ledger.Events;
import glimt.ledger.Tenants;
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
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The stream of all jobs of a tenant. */
@ExtendWith(RealFarm.Given.class)
@Timeout(120)
class TenantStreamTest {
  private final RealFarm farm;
  private final Events events;

  TenantStreamTest(RealFarm farm) {
    this.farm = farm;
    this.events = new Events(farm.database);
  }

  @Test
  void a_stream_that_is_cut_anywhere_tells_every_event_once_and_in_order() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    EventPosition start = events.horizon();
    List<JobId> jobs = new ArrayList<>();
    List<String> seen = new ArrayList<>();
    String at = start.toString();
    try (SteadyWorker _ = new SteadyWorker(farm)) {
      int ended = 0;
      while (ended < 12) {
        try (BufferedReader stream = open(farm.uri, "/v1/events?after=" + at, null)) {
          for (int left = random.nextInt(9); left >= 0 && ended < 12; left--) {
            JsonNode event = durable(stream);
            if (event.get("type").textValue().equals("open")) {
              assertThat(event.get("position").textValue()).isEqualTo(at);
              if (jobs.size() < 12) {
                jobs.add(farm.submit("{\"prompt\":\"a whale\",\"size\":16}"));
                jobs.add(farm.submit("{\"prompt\":\"a tree\",\"kind\":\"image\"}"));
              }
              continue;
            }
            at = event.get("position").textValue();
            seen.add(event.get("job").textValue() + " " + event.get("seq"));
            if (event.get("type").textValue().equals("ended")) {
              ended++;
            }
          }
        }
      }
    }
    List<String> rows =
        events.after(TenantId.DEFAULT, start, 1000).events().stream()
            .map(placed -> placed.event().job() + " " + placed.event().seq())
            .toList();
    assertThat(seen).isEqualTo(rows.subList(0, seen.size()));
    assertThat(seen).hasSizeGreaterThanOrEqualTo(4 * 12).doesNotHaveDuplicates();
  }

  @Test
  void progress_of_every_running_job_is_told_with_its_job_and_previews_to_who_asks()
      throws Exception {
    JobId one = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    JobId two = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    List<Task> running = farm.claim();
    Ear ear = new Ear();
    WebSocket socket = socket(farm.uri, "?previews=true", ear);
    assertThat(ear.next().get("type").textValue()).isEqualTo("open");
    for (JobId job : List.of(one, two)) {
      farm.feed.publish(new Protocol.Progress(job, "base", 0, 3, 8));
      farm.feed.publish(
          new Protocol.Previewed(job, "base", 0, 3, 8, "image/jpeg", 1, 1, new byte[] {7}));
    }
    Set<String> waiting = new HashSet<>();
    List.of(one, two).forEach(job -> waiting.addAll(List.of("progress " + job, "preview " + job)));
    while (!waiting.isEmpty()) {
      JsonNode event = ear.next();
      waiting.remove(event.get("type").textValue() + " " + event.path("job").asText());
    }
    socket.abort();
    running.forEach(farm::succeed);
    farm.finish(two);
  }

  @Test
  void another_tenant_sees_nothing() throws Exception {
    TenantId other = new TenantId("another");
    new Tenants(farm.database).set(other, null, null);
    ApiKeys keys = new ApiKeys(farm.database);
    ApiKeys.NewKey key = keys.create(other, Set.of(Scope.SUBMIT, Scope.READ), null, "");
    ApiKeys.NewKey admin = keys.create(TenantId.DEFAULT, Set.of(Scope.ADMIN), null, "");
    Gateway.Address keyed =
        new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true)
            .reaching(WebhookReach.with(List.of("127.0.0.0/8")));
    try (Gateway gateway = new Gateway(keyed, farm.parts(farm.jobs), RealFarm.QUICK)) {
      URI uri = gateway.start();
      try (BufferedReader stream = open(uri, "/v1/events?after=0", key.secret())) {
        assertThat(durable(stream).get("type").textValue()).isEqualTo("open");
        JobId foreign = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
        farm.finish(foreign);
        farm.feed.publish(new Protocol.Progress(foreign, "base", 0, 3, 8));
        HttpRequest own =
            HttpRequest.newBuilder(uri.resolve("/v1/jobs"))
                .header("Authorization", "Bearer " + key.secret())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"prompt\":\"a whale\",\"size\":16}"))
                .build();
        String mine = RealFarm.json(farm.send(own)).get("id").textValue();
        // The first event of all is the one of its own job.
        JsonNode first = durable(stream);
        assertThat(first.get("job").textValue()).isEqualTo(mine);
      }
    } finally {
      keys.revoke(key.key().id());
      keys.revoke(admin.key().id());
    }
  }

  @Test
  void many_viewers_of_a_tenant_are_told_the_same() throws Exception {
    int viewers = 40;
    List<Ear> ears = new ArrayList<>();
    List<WebSocket> sockets = new ArrayList<>();
    for (int i = 0; i < viewers; i++) {
      Ear ear = new Ear();
      sockets.add(socket(farm.uri, "", ear));
      assertThat(ear.next().get("type").textValue()).isEqualTo("open");
      ears.add(ear);
    }
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job);
    List<String> told = new ArrayList<>();
    for (Ear ear : ears) {
      List<String> events = new ArrayList<>();
      while (events.isEmpty() || !events.getLast().startsWith("ended")) {
        JsonNode event = ear.next();
        if (event.path("job").asText().equals(job.toString()) && event.has("seq")) {
          events.add(event.get("type").textValue() + event.get("seq"));
        }
      }
      told.add(String.join(" ", events));
    }
    assertThat(new HashSet<>(told)).hasSize(1);
    sockets.forEach(WebSocket::abort);
  }

  @Test
  void a_shared_read_gives_each_what_it_has_not_seen() throws Exception {
    EventPosition start = events.horizon();
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job);
    List<EventPosition> places = new ArrayList<>(List.of(start));
    List<Events.PlacedEvent> all = events.after(TenantId.DEFAULT, start, 100).events();
    all.forEach(placed -> places.add(placed.position()));
    CyclicBarrier together = new CyclicBarrier(places.size());
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      RequestContext desk = new RequestContext(farm.jobs, new Answers(farm.database), threads);
      SharedReads reads = new SharedReads(desk, events);
      for (int limit : List.of(100, 2)) {
        List<Future<Events.EventPage>> pages = new ArrayList<>();
        for (EventPosition seen : places) {
          pages.add(
              threads.submit(
                  () -> {
                    together.await();
                    return reads.after(TenantId.DEFAULT, seen, limit);
                  }));
        }
        for (int i = 0; i < places.size(); i++) {
          Events.EventPage page = pages.get(i).get();
          assertThat(all.subList(i, all.size()))
              .startsWith(page.events().toArray(new Events.PlacedEvent[0]));
          assertThat(page.next()).isGreaterThanOrEqualTo(places.get(i));
          if (limit == 100) {
            assertThat(page.events()).hasSameSizeAs(all.subList(i, all.size()));
          }
        }
      }
    }
  }

  @Test
  void a_ticket_opens_the_stream_of_all_jobs_once() throws Exception {
    ApiKeys keys = new ApiKeys(farm.database);
    ApiKeys.NewKey key = keys.create(TenantId.DEFAULT, Set.of(Scope.READ, Scope.ADMIN), null, "");
    Gateway.Address keyed =
        new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true)
            .reaching(WebhookReach.with(List.of("127.0.0.0/8")));
    try (Gateway gateway = new Gateway(keyed, farm.parts(farm.jobs), RealFarm.QUICK)) {
      URI uri = gateway.start();
      HttpRequest asked =
          HttpRequest.newBuilder(uri.resolve("/v1/tickets"))
              .header("Authorization", "Bearer " + key.secret())
              .POST(HttpRequest.BodyPublishers.noBody())
              .build();
      JsonNode made = RealFarm.json(farm.send(asked));
      String query = "?ticket=" + made.get("ticket").textValue();
      Ear ear = new Ear();
      WebSocket socket = socket(uri, query, ear);
      assertThat(ear.next().get("type").textValue()).isEqualTo("open");
      socket.abort();
      assertThatThrownBy(() -> socket(uri, query, new Ear()))
          .hasCauseInstanceOf(WebSocketHandshakeException.class);
      assertThatThrownBy(() -> socket(uri, "", new Ear()))
          .hasCauseInstanceOf(WebSocketHandshakeException.class);
    } finally {
      keys.revoke(key.key().id());
    }
  }

  @Test
  void a_position_that_is_none_is_refused_and_one_of_the_future_is_now() throws Exception {
    for (String query : List.of("after=x", "after=1", "after=-1-1", "frobs=1", "previews=2")) {
      assertThat(farm.get("/v1/events?" + query).statusCode()).as(query).isEqualTo(400);
    }
    EventPosition now = events.horizon();
    try (BufferedReader stream = open(farm.uri, "/v1/events?after=999999999999-1", null)) {
      String at = durable(stream).get("position").textValue();
      assertThat(EventPosition.parse(at).orElseThrow().xact()).isBetween(now.xact(), 999_999L);
    }
  }

  private WebSocket socket(URI gateway, String query, WebSocket.Listener ear) {
    URI at = URI.create("ws" + gateway.toString().substring(4)).resolve("/v1/events" + query);
    return farm.http.newWebSocketBuilder().buildAsync(at, ear).join();
  }

  /** The next event that is not live only. */
  private static JsonNode durable(BufferedReader stream) throws IOException {
    boolean durable = false;
    for (String line = stream.readLine(); line != null; line = stream.readLine()) {
      if (line.startsWith("id: ")) {
        durable = true;
      } else if (line.startsWith("data: ") && durable) {
        return Json.read(line.substring(6), JsonNode.class);
      }
    }
    throw new AssertionError("the stream has ended");
  }

  private BufferedReader open(URI gateway, String path, @Nullable String key) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(gateway.resolve(path)).timeout(Duration.ofSeconds(60));
    if (key != null) {
      request.header("Authorization", "Bearer " + key);
    }
    HttpResponse<InputStream> answer = farm.send(request.build(), BodyHandlers.ofInputStream());
    assertThat(answer.statusCode()).isEqualTo(200);
    return new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
  }

  private static final class Ear implements WebSocket.Listener {
    private final BlockingQueue<JsonNode> heard = new LinkedBlockingQueue<>();
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
      socket.request(1);
      return null;
    }

    JsonNode next() throws InterruptedException {
      return Objects.requireNonNull(heard.poll(20, TimeUnit.SECONDS), "silence");
    }
  }
}
