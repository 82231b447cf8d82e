package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.JobState;
import glimt.job.TenantId;
import glimt.job.Webhook;
import glimt.ledger.Database;
import glimt.ledger.Delivery;
import glimt.ledger.DueDelivery;
import glimt.ledger.Webhooks;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PfxOptions;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** How webhooks are sent: by https, and by a gateway that is killed. */
@ExtendWith(RealFarm.Given.class)
@Timeout(180)
class WebhookSendingTest {
  private static final String PASSWORD = "changeit";

  private final RealFarm farm;

  WebhookSendingTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void https_is_spoken_by_name_with_whom_the_certificate_names_and_nobody_else(@TempDir Path folder)
      throws Exception {
    Path named = certificate(folder, "localhost");
    Path other = certificate(folder, "elsewhere.example");
    assertThat(sent(named, named)).as("the name that the client says").containsExactly("localhost");
    assertThat(sent(other, other)).as("trusted, of another name").isEmpty();
    assertThat(sent(named, other)).as("of the name, not trusted").isEmpty();
  }

  /** A key and a certificate that it signs itself. */
  private static Path certificate(Path folder, String name) throws Exception {
    Path store = folder.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "hook",
                "-keyalg",
                "EC",
                "-dname",
                "CN=" + name,
                "-ext",
                "san=dns:" + name,
                "-storetype",
                "PKCS12",
                "-storepass",
                PASSWORD,
                "-keystore",
                store.toString())
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    return store;
  }

  private static PfxOptions store(Path path) {
    return new PfxOptions().setPath(path.toString()).setPassword(PASSWORD);
  }

  /** The names by which a receiver was greeted whose messages arrived, of one that was sent. */
  private List<String> sent(Path itsKey, Path trusted) throws Exception {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    BlockingQueue<String> names = new LinkedBlockingQueue<>();
    Vertx vertx = Vertx.vertx();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      int port =
          vertx
              .createHttpServer(
                  new HttpServerOptions()
                      .setHost("127.0.0.1")
                      .setPort(0)
                      .setSsl(true)
                      .setSni(true)
                      .setKeyCertOptions(store(itsKey)))
              .requestHandler(
                  request -> {
                    names.add(request.connection().indicatedServerName());
                    request.response().setStatusCode(204).end();
                  })
              .listen()
              .toCompletionStage()
              .toCompletableFuture()
              .get(30, TimeUnit.SECONDS)
              .actualPort();
      WebhookSender sender =
          new WebhookSender(
              vertx,
              farm.parts(farm.jobs),
              WebhookReach.with(List.of("127.0.0.0/8")),
              WebhookSchedule.USUAL,
              InstantSource.system(),
              threads,
              new HttpClientOptions().setTrustOptions(store(trusted)));
      sender.send(
          new DueDelivery(
              new JobEvent(
                  job, 9, Instant.now(), new JobEvent.JobEnded(JobState.CANCELLED, null, null)),
              TenantId.DEFAULT,
              new Webhook(
                  "https://localhost:%s/hook".formatted(Integer.toString(port)),
                  Set.of("ended"),
                  Webhook.WebhookForm.EVENT,
                  "http://farm.example"),
              1,
              1));
    } finally {
      vertx.close().toCompletionStage().toCompletableFuture().get(30, TimeUnit.SECONDS);
    }
    return new ArrayList<>(names);
  }

  @Test
  void what_a_killed_gateway_was_sending_is_sent_by_the_next_with_the_same_id(@TempDir Path home)
      throws Exception {
    String url = ownDatabase("killed");
    String user = farm.postgres.user();
    String password = farm.postgres.password();
    BlockingQueue<HttpExchange> heard = new LinkedBlockingQueue<>();
    HttpServer receiver =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    receiver.createContext("/", heard::add); // the test answers, or does not
    receiver.start();
    try (Database database = Database.open(url, user, password)) {
      JobId job;
      String first;
      try (GatewayProcess killed = GatewayProcess.start(url, user, password, home)) {
        job = submitted(killed, receiver.getAddress().getPort());
        HttpExchange unanswered = next(heard);
        first = unanswered.getRequestHeaders().getFirst("webhook-id");
        killed.kill();
        unanswered.close();
      }
      Webhooks webhooks = new Webhooks(database);
      Delivery claimed = webhooks.deliveries(TenantId.DEFAULT, job).getFirst();
      assertThat(claimed.outcome()).isNull();
      endLeases(url);
      try (GatewayProcess _ = GatewayProcess.start(url, user, password, home)) {
        HttpExchange again = next(heard);
        assertThat(again.getRequestHeaders().getFirst("webhook-id")).isEqualTo(first);
        again.sendResponseHeaders(204, -1);
        again.close();
        Instant deadline = Instant.now().plusSeconds(30);
        Delivery delivered = claimed;
        while (delivered.outcome() == null) {
          assertThat(Instant.now()).isBefore(deadline);
          LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
          delivered = webhooks.deliveries(TenantId.DEFAULT, job).getFirst();
        }
        assertThat(delivered.outcome()).isEqualTo(Delivery.DeliveryEnd.DELIVERED);
        assertThat(delivered.attempts()).isEqualTo(2);
      }
      assertThat(heard).as("sent once more, and not again").isEmpty();
    } finally {
      receiver.stop(0);
    }
  }

  /** Submits a job with a webhook and ends it, by cancelling it. */
  private JobId submitted(GatewayProcess gateway, int port) {
    HttpResponse<String> answer =
        farm.send(
            java.net.http.HttpRequest.newBuilder(gateway.uri().resolve("/v1/jobs"))
                .header("Content-Type", "application/json")
                .POST(
                    BodyPublishers.ofString(
                        "{\"prompt\":\"a whale\",\"webhook\":\"http://127.0.0.1:%s/hook\"}"
                            .formatted(Integer.toString(port))))
                .build());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    String id = RealFarm.json(answer).get("id").textValue();
    HttpResponse<String> cancelled =
        farm.send(
            java.net.http.HttpRequest.newBuilder(
                    gateway.uri().resolve("/v1/jobs/" + id + "/cancel"))
                .POST(BodyPublishers.noBody())
                .build());
    assertThat(cancelled.statusCode()).as(cancelled.body()).isLessThan(300);
    return JobId.parse(id);
  }

  private static HttpExchange next(BlockingQueue<HttpExchange> heard) throws InterruptedException {
    return assertThat(heard.poll(60, TimeUnit.SECONDS)).as("a message").isNotNull().actual();
  }

  /** A new database on the server, which no other gateway serves. */
  private String ownDatabase(String name) throws Exception {
    try (Connection connection = connect(farm.postgres.url());
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    }
    return farm.postgres.url().replaceFirst("/[^/?]+(\\?|$)", "/" + name + "$1");
  }

  private Connection connect(String url) throws Exception {
    return DriverManager.getConnection(url, farm.postgres.user(), farm.postgres.password());
  }

  /** Ends the leases of deliveries, as time would. */
  private void endLeases(String url) throws Exception {
    try (Connection connection = connect(url);
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("UPDATE delivery SET due = clock_timestamp()")).isOne();
    }
  }
}
