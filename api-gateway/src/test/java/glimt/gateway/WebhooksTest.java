package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import glimt.job.InvalidSpec;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.Delivery;
import glimt.ledger.DueDelivery;
import glimt.ledger.Webhooks;
import glimt.outside.Outside;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is sent to webhooks, to whom, how often, and where nothing is sent. */
@ExtendWith(RealFarm.Given.class)
@Timeout(120)
class WebhooksTest {
  private final RealFarm farm;
  private final Webhooks webhooks;

  WebhooksTest(RealFarm farm) {
    this.farm = farm;
    this.webhooks = new Webhooks(farm.database);
  }

  /** A receiver that answers what it is told to, in turn, and 204 then. */
  private static final class Receiver implements AutoCloseable {
    final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    final HttpServer server;

    Receiver(Integer... statuses) throws IOException {
      BlockingQueue<Integer> answers = new LinkedBlockingQueue<>(List.of(statuses));
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext(
          "/",
          exchange -> {
            exchange.getRequestBody().readAllBytes();
            Integer status = answers.poll();
            if (status != null && status / 100 == 3) {
              exchange.getResponseHeaders().add("Location", "/elsewhere");
            }
            exchange.sendResponseHeaders(status == null ? 204 : status, -1);
            exchange.close();
            heard.add(
                exchange.getRequestURI().getPath()
                    + " "
                    + exchange.getRequestHeaders().getFirst("webhook-id"));
          });
      server.start();
    }

    String url(String path) {
      return "http://127.0.0.1:%s%s"
          .formatted(Integer.toString(server.getAddress().getPort()), path);
    }

    String next() throws InterruptedException {
      return assertThat(heard.poll(30, TimeUnit.SECONDS)).isNotNull().actual();
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }

  @Test
  void npms_standardwebhooks_verifies_events_predictions_and_fals_results(@TempDir Path folder)
      throws Exception {
    Outside.npm(folder, "standardwebhooks@1.1.1 replicate@1.4.0", "webhook-receiver.mjs");
    try (SteadyWorker _ = new SteadyWorker(farm)) {
      Outside.script(folder, _ -> {}, "webhook-receiver.mjs", farm.uri.toString());
    }
  }

  @Test
  void what_is_not_accepted_is_sent_again_by_the_schedule_and_not_redirected() throws Exception {
    try (Receiver receiver = new Receiver(500, 302)) {
      JobId job = ended(receiver.url("/again"));
      String first = receiver.next();
      Delivery failed =
          await(job, delivery -> delivery.attempts() == 1 && delivery.status() != null);
      assertThat(failed.failure()).isEqualTo("answered 500");
      assertPause(failed, Duration.ofSeconds(5));
      hurry(job);
      assertThat(receiver.next()).isEqualTo(first);
      Delivery redirected =
          await(
              job, delivery -> delivery.attempts() == 2 && Objects.equals(delivery.status(), 302));
      assertPause(redirected, Duration.ofMinutes(5));
      hurry(job);
      assertThat(receiver.next()).isEqualTo(first);
      await(job, delivery -> delivery.outcome() == Delivery.DeliveryEnd.DELIVERED);
      assertThat(receiver.heard).isEmpty();
    }
  }

  private static void assertPause(Delivery delivery, Duration pause) {
    assertThat(Duration.between(delivery.tried(), delivery.due()))
        .isBetween(pause, pause.plus(pause.dividedBy(10)).plusSeconds(30));
  }

  @Test
  void the_pauses_are_those_of_standard_webhooks_and_a_little_more() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    List<Duration> pauses = WebhookSchedule.USUAL.pauses();
    assertThat(pauses).hasSize(9);
    for (int attempt = 1; attempt <= 9; attempt++) {
      Duration pause = pauses.get(attempt - 1);
      assertThat(WebhookSchedule.USUAL.after(attempt, Duration.ZERO, random))
          .isBetween(pause, pause.plus(pause.dividedBy(10)));
    }
    assertThat(WebhookSchedule.USUAL.after(10, Duration.ZERO, random)).isNull();
    assertThat(WebhookSchedule.USUAL.after(1, Duration.ofHours(1), random))
        .isGreaterThanOrEqualTo(Duration.ofHours(1));
    assertThat(WebhookSchedule.USUAL.after(1, Duration.ofDays(9), random))
        .isLessThan(Duration.ofHours(27));
  }

  @Test
  void a_receiver_that_is_gone_hears_nothing_more_until_it_is_asked_again() throws Exception {
    try (Receiver receiver = new Receiver(410)) {
      JobId later = farm.submit(wish(receiver.url("/gone")));
      farm.jobs.change(TenantId.DEFAULT, later, null, true, null);
      JobId job = ended(receiver.url("/gone"));
      receiver.next();
      await(job, delivery -> delivery.outcome() == Delivery.DeliveryEnd.GONE);
      farm.jobs.change(TenantId.DEFAULT, later, null, false, null);
      farm.finish(later);
      assertThat(webhooks.deliveries(TenantId.DEFAULT, later)).isEmpty();
      assertThat(receiver.heard).isEmpty();
      long seq = webhooks.deliveries(TenantId.DEFAULT, job).getFirst().seq();
      HttpResponse<String> answer = farm.post(path(job) + "/" + seq + "/replay", "{}");
      farm.contract().allows("replayWebhook", answer);
      receiver.next();
      await(job, delivery -> delivery.outcome() == Delivery.DeliveryEnd.DELIVERED);
    }
  }

  @Test
  void what_a_gateway_had_claimed_when_it_was_killed_is_sent_by_another() throws Exception {
    try (Receiver receiver = new Receiver()) {
      JobId job = farm.submit(wish(receiver.url("/killed")));
      farm.finish(job);
      DueDelivery claimed =
          await(() -> claimOf(job), found -> found != null || !receiver.heard.isEmpty());
      if (claimed != null) { // else the farm's own gateway was quicker
        assertThat(receiver.next()).endsWith("_" + claimed.event().seq());
        // The one that was thought dead changes nothing any more.
        webhooks.failed(claimed, 500, "late", null);
      }
      await(job, delivery -> delivery.outcome() == Delivery.DeliveryEnd.DELIVERED);
    }
  }

  private @Nullable DueDelivery claimOf(JobId job) {
    return webhooks.claim(100, Duration.ofMillis(300)).stream()
        .filter(due -> due.event().job().equals(job))
        .findFirst()
        .orElse(null);
  }

  @Test
  void no_two_gateways_claim_the_same() throws Exception {
    try (Receiver receiver = new Receiver()) {
      for (int i = 0; i < 5; i++) {
        farm.finish(farm.submit(wish(receiver.url("/two"))));
      }
      List<DueDelivery> all = Collections.synchronizedList(new ArrayList<>());
      List<Thread> gateways = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        gateways.add(
            Thread.ofVirtual().start(() -> all.addAll(webhooks.claim(2, Duration.ofMinutes(5)))));
      }
      for (Thread gateway : gateways) {
        gateway.join();
      }
      assertThat(all.stream().map(due -> due.event().job() + " " + due.event().seq()))
          .doesNotHaveDuplicates();
      all.forEach(due -> webhooks.delivered(due, 204));
    }
  }

  @Test
  void a_webhook_is_of_a_job_and_a_job_without_one_has_none() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    HttpResponse<String> none = farm.get(path(job));
    farm.contract().allows("findWebhook", none);
    assertThat(none.statusCode()).isEqualTo(404);
    JobId hooked = farm.submit(wish("https://example.com/hook"));
    HttpResponse<String> found = farm.get(path(hooked));
    farm.contract().allows("findWebhook", found);
    JsonNode webhook = RealFarm.json(found);
    assertThat(webhook.get("events").toString()).isEqualTo("[\"ended\"]");
    assertThat(webhook.get("deliveries")).isEmpty();
    for (String seq : List.of("1", "99", "-1", "x")) {
      assertThat(farm.post(path(hooked) + "/" + seq + "/replay", "{}").statusCode()).isEqualTo(404);
    }
    farm.contract().allows("webhookSecret", farm.get("/v1/webhooks/default/secret"));
  }

  @Test
  void a_webhook_that_could_not_be_sent_to_is_refused_with_the_job() {
    for (String url :
        List.of(
            "ftp://example.com/",
            "example.com",
            "https:///a",
            "https://a@example.com/",
            "https://example.com/#a",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://example.com:0/",
            "https://example.com/" + "a".repeat(2048))) {
      HttpResponse<String> answer = farm.post("/v1/jobs", wish(url));
      assertThat(answer.statusCode()).as(url + answer.body()).isEqualTo(400);
      assertThat(RealFarm.json(answer).get("field").textValue()).isEqualTo("webhook");
    }
    for (String filter : List.of("[\"x\"]", "[null]", "\"start\"")) {
      HttpResponse<String> answer =
          farm.post(
              "/v1/jobs",
              "{\"prompt\":\"a\",\"webhook\":\"https://example.com\",\"webhook_events_filter\":%s}"
                  .formatted(filter));
      assertThat(answer.statusCode()).as(filter + answer.body()).isEqualTo(400);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
        "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1",
        "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::7f00:1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1"
      })
  void nothing_is_sent_to_a_local_or_special_address(String text) throws Exception {
    InetAddress address = InetAddress.ofLiteral(text);
    String host = text.contains(":") ? "[" + text + "]" : text;
    assertThatThrownBy(() -> WebhookReach.PUBLIC.check("webhook", "https://" + host + "/"))
        .isInstanceOf(InvalidSpec.class);
    URI named = URI.create("https://example.com/");
    InetAddress fine = InetAddress.ofLiteral("93.184.215.14");
    for (InetAddress[] answer :
        List.of(new InetAddress[] {address}, new InetAddress[] {fine, address})) {
      assertThatThrownBy(() -> WebhookReach.PUBLIC.vetted(named, answer))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("example.com");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.1",
        "2130706433",
        "0x7f.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]"
      })
  void other_spellings_of_this_machine_are_this_machine(String host) {
    assertThatThrownBy(
            () -> {
              String url = "https://" + host + "/";
              WebhookReach.PUBLIC.check("webhook", url);
              WebhookReach.PUBLIC.resolve(URI.create(url));
            })
        .isInstanceOfAny(InvalidSpec.class, IOException.class);
  }

  @Test
  void public_addresses_are_reached_by_https_and_allowed_networks_also_by_http() throws Exception {
    URI https = URI.create("https://example.com/");
    URI http = URI.create("http://example.com/");
    InetAddress[] wide = {InetAddress.ofLiteral("2606:2800:220:1:248:1893:25c8:1946")};
    InetAddress[] local = {InetAddress.ofLiteral("10.0.0.7")};
    assertThat(WebhookReach.PUBLIC.vetted(https, wide)).isEqualTo(wide[0]);
    WebhookReach lan = WebhookReach.with(List.of("10.0.0.0/8", "fd00::/8"));
    assertThat(lan.vetted(http, local)).isEqualTo(local[0]);
    assertThat(lan.vetted(https, local)).isEqualTo(local[0]);
    assertThatThrownBy(() -> lan.vetted(http, wide)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> lan.vetted(https, new InetAddress[0])).isInstanceOf(IOException.class);
    for (String wrong : List.of("10.0.0.0", "10.0.0.0/33", "ten/8", "10.0.0.0/8/8", "/8", "")) {
      assertThatThrownBy(() -> WebhookReach.with(List.of(wrong)))
          .as(wrong)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static String wish(String url) {
    return "{\"prompt\":\"a whale\",\"size\":16,\"webhook\":\"%s\"}".formatted(url);
  }

  private static String path(JobId job) {
    return "/v1/jobs/" + job + "/webhook";
  }

  /** A job with a webhook that has ended. */
  private JobId ended(String url) {
    JobId job = farm.submit(wish(url));
    farm.finish(job);
    return job;
  }

  private Delivery await(JobId job, Predicate<Delivery> until) throws InterruptedException {
    return await(
        () -> webhooks.deliveries(TenantId.DEFAULT, job).stream().findFirst().orElseThrow(), until);
  }

  private static <T extends @Nullable Object> T await(Supplier<T> read, Predicate<T> until)
      throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(30);
    T found = read.get();
    while (!until.test(found)) {
      assertThat(Instant.now()).as("%s", found).isBefore(deadline);
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      found = read.get();
    }
    return found;
  }

  /** Makes a job's deliveries due now, as time would. */
  private void hurry(JobId job) throws SQLException {
    try (var connection =
            DriverManager.getConnection(
                farm.postgres.url(), farm.postgres.user(), farm.postgres.password());
        var statement =
            connection.prepareStatement(
                "UPDATE delivery SET due = clock_timestamp() WHERE job = ?")) {
      statement.setObject(1, job.value());
      assertThat(statement.executeUpdate()).isEqualTo(1);
    }
  }
}
