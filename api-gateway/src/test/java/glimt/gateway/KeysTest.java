package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.Scope;
import glimt.ledger.Tenants;
import glimt.outside.Outside;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(RealFarm.Given.class)
@Timeout(60)
class KeysTest {
  private static final Gateway.Address KEYED =
      new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true);

  private static final TenantId STUDIO = new TenantId("studio");

  private final RealFarm farm;
  private final ApiKeys keys;
  private Gateway gateway;
  private URI uri;
  private ApiKeys.NewKey admin;
  private ApiKeys.NewKey studio;

  KeysTest(RealFarm farm) {
    this.farm = farm;
    this.keys = new ApiKeys(farm.database);
  }

  @BeforeEach
  void open() {
    new Tenants(farm.database).set(STUDIO, null, null);
    admin = keys.create(TenantId.DEFAULT, Set.of(Scope.ADMIN), null, "tests");
    studio = keys.create(STUDIO, Set.of(Scope.SUBMIT, Scope.READ), null, "");
    gateway = new Gateway(KEYED, farm.parts(farm.jobs));
    uri = gateway.start();
  }

  @AfterEach
  void close() {
    gateway.close();
    keys.revoke(admin.key().id());
    keys.revoke(studio.key().id());
  }

  private HttpResponse<String> ask(String method, String path, String key, @Nullable String json) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri.resolve(path)).timeout(Duration.ofSeconds(20));
    if (json != null) {
      request.header("Content-Type", "application/json");
    }
    return farm.send(
        request
            .header("Authorization", "Bearer " + key)
            .method(method, json == null ? BodyPublishers.noBody() : BodyPublishers.ofString(json))
            .build(),
        BodyHandlers.ofString());
  }

  @Test
  void the_job_of_another_tenant_does_not_exist_whatever_is_asked_of_it() {
    String whale = farm.finishedWhale().split("/", -1)[3];
    HttpResponse<String> mine =
        ask("POST", "/v1/jobs", studio.secret(), "{\"prompt\":\"a whale\",\"size\":16}");
    assertThat(mine.statusCode()).isEqualTo(202);
    String job = RealFarm.json(mine).get("id").textValue();
    assertThat(RealFarm.json(mine).get("tenant").textValue()).isEqualTo("studio");
    assertThat(ask("GET", "/v1/jobs/" + job, studio.secret(), null).statusCode()).isEqualTo(200);
    assertThat(ask("GET", "/v1/jobs/" + job, admin.secret(), null).statusCode()).isEqualTo(404);
    int looked = 0;
    for (Operation operation : gateway.operations()) {
      if (operation.path().contains("{id}")) {
        String path =
            operation
                .path()
                .replace("{id}", whale)
                .replace("{artifact}", "base")
                .replace("{seq}", "4")
                .replace("{owner}", "glimt")
                .replace("{name}", "clips");
        String body =
            switch (operation.id()) {
              case "changeJob" -> "{\"paused\":true}";
              case "refineJob" -> "{}";
              case "remixVideo", "remixCloud" -> "{\"prompt\":\"a tree\"}";
              default -> null;
            };
        HttpResponse<String> answer = ask(operation.method().name(), path, studio.secret(), body);
        assertThat(answer.statusCode()).as(operation + answer.body()).isEqualTo(404);
        looked++;
      }
    }
    assertThat(looked).isGreaterThan(10);
    for (String list : List.of("/v1/jobs", "/v1/videos")) {
      String listed = ask("GET", list + "?limit=100", studio.secret(), null).body();
      assertThat(listed).contains(job).doesNotContain(whale);
    }
    assertThat(ask("GET", "/v1/videos?after=" + whale, studio.secret(), null).statusCode())
        .as("not even as a place in a list")
        .isEqualTo(400);
  }

  @Test
  void a_key_does_what_its_scopes_say() {
    ApiKeys.NewKey reader = keys.create(STUDIO, Set.of(Scope.READ), null, "");
    ApiKeys.NewKey writer = keys.create(STUDIO, Set.of(Scope.SUBMIT), null, "");
    String job = "{\"prompt\":\"a whale\",\"size\":16}";
    assertThat(ask("GET", "/v1/jobs", reader.secret(), null).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = ask("POST", "/v1/jobs", reader.secret(), job);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(RealFarm.json(refused).get("detail").textValue())
        .isEqualTo("this needs a key with the scope submit; yours has [read]");
    assertThat(ask("POST", "/v1/jobs", writer.secret(), job).statusCode()).isEqualTo(202);
    assertThat(ask("GET", "/v1/jobs", writer.secret(), null).statusCode()).isEqualTo(403);
    for (String path : List.of("/v1/tenants", "/v1/keys")) {
      assertThat(ask("GET", path, studio.secret(), null).statusCode()).isEqualTo(403);
      assertThat(ask("GET", path, admin.secret(), null).statusCode()).isEqualTo(200);
    }
    for (String name : List.of("default", "studio")) {
      HttpRequest.Builder named =
          HttpRequest.newBuilder(uri.resolve("/v1/jobs")).header("Glimt-Tenant", name);
      boolean own = name.equals("studio");
      named.header("Authorization", "Bearer " + studio.secret());
      assertThat(farm.send(named.build(), BodyHandlers.ofString()).statusCode())
          .isEqualTo(own ? 200 : 400);
      named.setHeader("Authorization", "Bearer " + admin.secret());
      assertThat(farm.send(named.build(), BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void a_key_is_made_listed_and_revoked_by_the_api_and_its_secret_told_once() {
    HttpResponse<String> made =
        ask(
            "POST",
            "/v1/keys",
            admin.secret(),
            "{\"tenant\":\"studio\",\"scopes\":[\"read\"],\"rate\":2.5,\"label\":\"a script\"}");
    farm.contract().allows("createKey", made);
    assertThat(made.statusCode()).isEqualTo(201);
    String secret = RealFarm.json(made).get("key").textValue();
    String id = RealFarm.json(made).get("id").textValue();
    assertThat(secret).matches("glimt_[0-9a-f]{16}_[\\w-]{43}");
    HttpResponse<String> list = ask("GET", "/v1/keys", admin.secret(), null);
    farm.contract().allows("listKeys", list);
    assertThat(list.body()).contains(id, "a script").doesNotContain(secret.substring(23));
    assertThat(ask("GET", "/v1/jobs", secret, null).statusCode()).isEqualTo(200);
    HttpResponse<String> revoked = ask("DELETE", "/v1/keys/" + id, admin.secret(), null);
    farm.contract().allows("revokeKey", revoked);
    assertThat(RealFarm.json(revoked).get("revoked").isTextual()).isTrue();
    assertThat(ask("DELETE", "/v1/keys/nothing", admin.secret(), null).statusCode()).isEqualTo(404);
    for (String wrong :
        List.of(
            "{\"tenant\":\"nobody\"}",
            "{\"scopes\":[\"write\"]}",
            "{\"scopes\":[]}",
            "{\"scopes\":[null]}",
            "{\"rate\":0}",
            "{\"label\":\"a\\nb\"}",
            "{\"key\":\"mine\"}")) {
      HttpResponse<String> answer = ask("POST", "/v1/keys", admin.secret(), wrong);
      farm.contract().allows("createKey", answer);
      assertThat(answer.statusCode()).as(wrong + answer.body()).isEqualTo(400);
    }
  }

  @Test
  void a_revoked_key_is_refused_within_five_seconds_also_where_it_was_just_used() {
    ApiKeys.NewKey key = keys.create(STUDIO, Set.of(Scope.READ), null, "");
    assertThat(ask("GET", "/v1/jobs", key.secret(), null).statusCode()).isEqualTo(200);
    keys.revoke(key.key().id());
    long revoked = System.nanoTime();
    int status = 200;
    while (status == 200) {
      status = ask("GET", "/v1/jobs", key.secret(), null).statusCode();
      assertThat(System.nanoTime() - revoked).isLessThan(TimeUnit.SECONDS.toNanos(5));
    }
    assertThat(status).isEqualTo(401);
  }

  @Test
  void a_key_beyond_its_rate_is_told_when_to_come_back() {
    ApiKeys.NewKey slow = keys.create(STUDIO, Set.of(Scope.READ), 0.1, "");
    assertThat(ask("GET", "/v1/jobs", slow.secret(), null).statusCode()).isEqualTo(200);
    HttpResponse<String> answer = ask("GET", "/v1/jobs", slow.secret(), null);
    assertThat(answer.statusCode()).isEqualTo(429);
    assertThat(answer.headers().firstValueAsLong("retry-after-ms").orElseThrow())
        .isBetween(1L, 10_000L);
    assertThat(answer.headers().firstValueAsLong("retry-after").orElseThrow()).isBetween(1L, 10L);
    assertThat(ask("GET", "/v1/jobs", studio.secret(), null).statusCode())
        .as("others are not held up")
        .isEqualTo(200);
  }

  @Test
  void the_published_client_waits_as_it_is_told_and_tries_again(@TempDir Path folder)
      throws Exception {
    ApiKeys.NewKey slow = keys.create(STUDIO, Set.of(Scope.READ), 2.0, "");
    Outside.npm(folder, "openai@6.49.0", "openai-rate.mjs");
    Outside.script(folder, _ -> {}, "openai-rate.mjs", uri.toString(), slow.secret());
  }

  @Test
  void a_ticket_opens_one_stream_and_no_second() throws Exception {
    JobId job =
        JobId.parse(idOf(ask("POST", "/v1/jobs", studio.secret(), "{\"prompt\":\"a whale\"}")));
    HttpResponse<String> made = ask("POST", "/v1/tickets", studio.secret(), null);
    farm.contract().allows("createTicket", made);
    String ticket = RealFarm.json(made).get("ticket").textValue();
    URI events =
        URI.create("ws" + uri.toString().substring(4))
            .resolve("/v1/jobs/%s/events?ticket=%s".formatted(job, ticket));
    BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    WebSocket socket = farm.http.newWebSocketBuilder().buildAsync(events, hearing(heard)).join();
    assertThat(heard.poll(20, TimeUnit.SECONDS)).contains("submitted");
    socket.abort();
    assertThatThrownBy(
            () -> farm.http.newWebSocketBuilder().buildAsync(events, hearing(heard)).join())
        .isInstanceOf(CompletionException.class);
    String again =
        RealFarm.json(ask("POST", "/v1/tickets", studio.secret(), null)).get("ticket").textValue();
    String path = "/v1/jobs?ticket=" + again;
    assertThat(
            farm.send(
                    HttpRequest.newBuilder(uri.resolve(path)).POST(BodyPublishers.noBody()).build(),
                    BodyHandlers.ofString())
                .statusCode())
        .as("it only reads")
        .isEqualTo(403);
  }

  @Test
  void a_ticket_ends_after_a_minute() throws Exception {
    Instant before = Instant.now();
    JsonNode ticket = RealFarm.json(ask("POST", "/v1/tickets", studio.secret(), null));
    assertThat(Instant.parse(ticket.get("expires").textValue()))
        .isBetween(before.plusSeconds(59), Instant.now().plusSeconds(61));
    try (Connection connection =
            DriverManager.getConnection(
                farm.postgres.url(), farm.postgres.user(), farm.postgres.password());
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate("UPDATE ticket SET expires = clock_timestamp()"))
          .isPositive();
    }
    HttpResponse<String> late =
        farm.send(
            HttpRequest.newBuilder(
                    uri.resolve("/v1/jobs?ticket=" + ticket.get("ticket").textValue()))
                .build());
    assertThat(late.statusCode()).isEqualTo(401);
    assertThat(late.body()).contains("the ticket is not known, or was revoked, used up or expired");
  }

  private static String idOf(HttpResponse<String> job) {
    JsonNode id = RealFarm.json(job).get("id");
    assertThat(id).as(job.body()).isNotNull();
    return id.textValue();
  }

  private static WebSocket.Listener hearing(BlockingQueue<String> heard) {
    return new WebSocket.Listener() {
      @Override
      public @Nullable CompletionStage<?> onText(WebSocket at, CharSequence text, boolean last) {
        heard.add(text.toString());
        at.request(1);
        return null;
      }
    };
  }

  @Test
  void a_farm_that_needs_no_key_still_knows_one_and_refuses_a_wrong_one() {
    for (String wrong :
        List.of(
            studio.secret().substring(0, 65) + (studio.secret().endsWith("x") ? "y" : "x"),
            "glimt_0123456789abcdef_" + studio.secret().substring(23))) {
      assertThat(jobsOf(farm.uri, "Bearer " + wrong).statusCode()).as(wrong).isEqualTo(401);
    }
    String job = idOf(ask("POST", "/v1/jobs", studio.secret(), "{\"prompt\":\"a whale\"}"));
    for (String scheme : List.of("Bearer ", "Key ", "Token ", "bearer ")) {
      assertThat(jobsOf(farm.uri, scheme + studio.secret()).body()).as(scheme).contains(job);
    }
    assertThat(jobsOf(farm.uri, "Bearer none").body()).doesNotContain(job);
    assertThat(farm.get("/v1/jobs").body()).doesNotContain(job);
  }

  private HttpResponse<String> jobsOf(URI at, String credentials) {
    return farm.send(
        HttpRequest.newBuilder(at.resolve("/v1/jobs")).header("Authorization", credentials).build(),
        BodyHandlers.ofString());
  }

  @Test
  void where_keys_are_required_it_does_not_start_before_there_is_one() {
    keys.all().stream()
        .filter(key -> key.scopes().contains(Scope.ADMIN))
        .forEach(key -> keys.revoke(key.id()));
    try (Gateway locked = new Gateway(KEYED, farm.parts(farm.jobs))) {
      assertThatThrownBy(locked::start)
          .isInstanceOf(GatewayException.class)
          .hasMessageContaining("glimt key create");
    }
    assertThat(new Gateway.Address("0.0.0.0", 0, Optional.empty(), List.of(), Set.of(), true))
        .isNotNull();
  }
}
