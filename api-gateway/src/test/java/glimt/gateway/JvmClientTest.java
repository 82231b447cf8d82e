package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.client.FarmAccess;
import glimt.client.FarmRefusal;
import glimt.client.GlimtClient;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.Events;
import glimt.ledger.JobListing;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The client for the JVM, against a gateway and a line that is cut. */
@ExtendWith(RealFarm.Given.class)
@Timeout(120)
class JvmClientTest {
  private final RealFarm farm;
  private final GlimtClient client;

  JvmClientTest(RealFarm farm) {
    this.farm = farm;
    this.client = new GlimtClient(new FarmAccess(farm.uri));
  }

  private static ObjectNode wish(String prompt) {
    return GlimtClient.object().put("prompt", prompt).put("size", 16);
  }

  @Test
  void a_job_is_submitted_found_listed_watched_downloaded_and_cancelled(@TempDir Path folder)
      throws Exception {
    String job = client.submit(wish("a whale")).get("id").textValue();
    assertThat(client.find(job).get("state").textValue()).isEqualTo("queued");
    assertThat(client.list(1, null).at("/jobs/0/id").textValue()).isEqualTo(job);
    List<String> types = new ArrayList<>();
    try (SteadyWorker _ = new SteadyWorker(farm)) {
      JsonNode end = client.watch(job, 1, event -> types.add(event.get("type").textValue()));
      assertThat(end.get("state").textValue()).isEqualTo("succeeded");
    }
    assertThat(types).contains("started", "level_finished", "ended").doesNotContain("submitted");
    Path file = folder.resolve("whale.mp4");
    client.download(job, "base", file);
    assertThat(Files.readAllBytes(file)).isEqualTo(bytes(job));
    String other = client.submit(wish("a tree")).get("id").textValue();
    assertThat(client.list(1, null).get("next").isNull()).isFalse();
    assertThat(client.list(100, other).at("/jobs/0/id").textValue()).isEqualTo(job);
    assertThat(client.cancel(other).get("state").textValue()).isEqualTo("cancelled");
  }

  private byte[] bytes(String job) {
    return farm.send(
            farm.request("/v1/jobs/%s/artifacts/base".formatted(job)).build(),
            BodyHandlers.ofByteArray())
        .body();
  }

  @Test
  void a_line_that_went_dead_without_a_word_is_left_for_another_after_the_last_event()
      throws Exception {
    BlockingQueue<String> asked = new LinkedBlockingQueue<>();
    try (ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(
              () -> {
                List<Socket> open = new ArrayList<>();
                for (String type : List.of("started", "ended")) {
                  try {
                    Socket socket = door.accept();
                    open.add(socket);
                    byte[] head = new byte[8192];
                    asked.add(
                        new String(
                            head,
                            0,
                            socket.getInputStream().read(head),
                            StandardCharsets.US_ASCII));
                    socket
                        .getOutputStream()
                        .write(
                            ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
                                    + "id: %s\ndata: {\"type\":\"%s\"}\n\n"
                                        .formatted(Integer.toString(open.size()), type))
                                .getBytes(StandardCharsets.US_ASCII));
                  } catch (IOException e) {
                    asked.add("failed: " + e);
                  }
                }
              });
      GlimtClient watching =
          new GlimtClient(
              new FarmAccess(
                  URI.create("http://127.0.0.1:" + Integer.toString(door.getLocalPort())),
                  null,
                  null,
                  6,
                  Duration.ofSeconds(1)));
      List<String> types = new ArrayList<>();
      watching.watch("some", 0, event -> types.add(event.get("type").textValue()));
      assertThat(types).containsExactly("started", "ended");
      assertThat(asked.take()).contains("Last-Event-ID: 0");
      assertThat(asked.take()).contains("Last-Event-ID: 1");
    }
  }

  @Test
  void errors_are_of_their_kind_and_name_the_field() throws Exception {
    assertThatThrownBy(() -> client.submit(wish("a whale").put("steps", 0)))
        .isInstanceOf(FarmRefusal.Invalid.class)
        .hasMessageContaining("steps must be")
        .extracting(e -> ((FarmRefusal) e).field())
        .isEqualTo("steps");
    assertThatThrownBy(() -> client.find(JobId.random().toString()))
        .isInstanceOf(FarmRefusal.Unknown.class);
    String whale = farm.finishedWhale().split("/", -1)[3];
    assertThatThrownBy(() -> client.cancel(whale)).isInstanceOf(FarmRefusal.Conflicting.class);
    URI nowhere = URI.create("http://127.0.0.1:1");
    assertThatThrownBy(
            () ->
                new GlimtClient(new FarmAccess(nowhere, null, null, 1, Duration.ofSeconds(5)))
                    .find(whale))
        .isInstanceOf(IOException.class);
  }

  @Test
  void a_job_whose_answer_was_lost_is_submitted_once() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    try (CuttingProxy line =
        new CuttingProxy(farm.uri, nth -> nth < 2 ? random.nextInt(300) : -1)) {
      String job =
          new GlimtClient(new FarmAccess(line.uri())).submit(wish("a whale")).get("id").textValue();
      assertThat(line.connections()).isEqualTo(3);
      assertThat(
              farm.jobs
                  .page(TenantId.DEFAULT, new JobListing(2, Optional.empty(), Optional.empty()))
                  .jobs())
          .extracting(view -> view.id().toString())
          .startsWith(job)
          .satisfies(newest -> assertThat(Set.copyOf(newest)).hasSize(2));
      farm.finish(JobId.parse(job));
    }
  }

  @Test
  void events_are_told_once_over_a_line_that_is_cut_again_and_again() throws Exception {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    String job = client.submit(wish("a whale")).get("id").textValue();
    farm.finish(JobId.parse(job));
    List<Long> seen = new ArrayList<>();
    Set<String> all = new HashSet<>();
    try (CuttingProxy line =
        new CuttingProxy(farm.uri, nth -> nth < 4 ? 900 + random.nextInt(700) : -1)) {
      GlimtClient far = new GlimtClient(new FarmAccess(line.uri()));
      far.watch(job, 0, event -> seen.add(event.get("seq").longValue()));
      far.watchAll(
          "0",
          event -> {
            String named = event.path("job").asText() + " " + event.path("seq").asText();
            assertThat(event.has("seq") && !all.add(named)).as(named).isFalse();
            return !(event.path("job").asText().equals(job)
                && event.path("type").asText().equals("ended"));
          });
    }
    List<Long> rows =
        new Events(farm.database)
            .after(TenantId.DEFAULT, JobId.parse(job), 0, 100).stream()
                .map(event -> event.seq())
                .toList();
    assertThat(seen).isEqualTo(rows);
    rows.forEach(seq -> assertThat(all).contains(job + " " + seq));
  }

  @Test
  void a_download_goes_on_where_it_was_cut(@TempDir Path folder) throws Exception {
    String job = farm.finishedWhale().split("/", -1)[3];
    byte[] whole = bytes(job);
    Path file = folder.resolve("whale");
    String request =
        "GET /v1/jobs/%s/artifacts/base HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
            .formatted(job);
    int head =
        RealFarm.raw(farm.uri, request.getBytes(StandardCharsets.US_ASCII), Duration.ofSeconds(5))
                .indexOf("\r\n\r\n")
            + 4;
    try (CuttingProxy line =
        new CuttingProxy(farm.uri, nth -> nth < 2 ? head + whole.length / 3 : -1)) {
      new GlimtClient(new FarmAccess(line.uri())).download(job, "base", file);
      assertThat(line.connections()).isEqualTo(3);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(whole);
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void a_client_that_asks_too_often_waits_as_long_as_the_farm_says() throws Exception {
    ApiKeys keys = new ApiKeys(farm.database);
    ApiKeys.NewKey admin = keys.create(TenantId.DEFAULT, Set.of(Scope.ADMIN), null, "");
    ApiKeys.NewKey slow = keys.create(TenantId.DEFAULT, Set.of(Scope.READ), 5.0, "");
    try (Gateway gateway =
        new Gateway(
            new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true)
                .reaching(WebhookReach.with(List.of("127.0.0.0/8"))),
            farm.parts(farm.jobs))) {
      URI uri = gateway.start();
      FarmAccess patient = new FarmAccess(uri).with(slow.secret());
      FarmAccess hasty = new FarmAccess(uri, slow.secret(), null, 1, Duration.ofSeconds(20));
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 50; i++) {
                  new GlimtClient(hasty).list(1, null);
                }
              })
          .isInstanceOf(FarmRefusal.Overloaded.class);
      for (int i = 0; i < 3; i++) {
        assertThat(new GlimtClient(patient).list(1, null).has("jobs")).isTrue();
      }
      assertThatThrownBy(() -> new GlimtClient(patient).submit(wish("a whale")))
          .isInstanceOf(FarmRefusal.Forbidden.class);
      assertThatThrownBy(() -> new GlimtClient(new FarmAccess(uri)).list(1, null))
          .isInstanceOf(FarmRefusal.Forbidden.class);
    } finally {
      keys.revoke(slow.key().id());
      keys.revoke(admin.key().id());
    }
  }
}
