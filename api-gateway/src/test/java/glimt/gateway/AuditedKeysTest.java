package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.TenantId;
import glimt.ledger.ApiKeys;
import glimt.ledger.ApiKeys.Scope;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Which key did what, in the audit log of a farm with keys. */
@ExtendWith(RealFarm.Given.class)
class AuditedKeysTest {
  private static final String WHALE = "{\"prompt\":\"a whale\",\"size\":16}";

  private final RealFarm farm;
  private final ApiKeys keys;
  private Gateway gateway;
  private URI uri;
  private ApiKeys.NewKey admin;
  private ApiKeys.NewKey one;
  private ApiKeys.NewKey other;

  AuditedKeysTest(RealFarm farm) {
    this.farm = farm;
    this.keys = new ApiKeys(farm.database);
  }

  @BeforeEach
  void open() {
    admin = keys.create(TenantId.DEFAULT, Set.of(Scope.ADMIN), null, "");
    one = keys.create(TenantId.DEFAULT, Set.of(Scope.SUBMIT, Scope.READ), null, "");
    other = keys.create(TenantId.DEFAULT, Set.of(Scope.SUBMIT, Scope.READ), null, "");
    gateway =
        new Gateway(
            new Gateway.Address("127.0.0.1", 0, Optional.empty(), List.of(), Set.of(), true),
            farm.parts(farm.jobs));
    uri = gateway.start();
  }

  @AfterEach
  void close() {
    gateway.close();
    List.of(admin, one, other).forEach(key -> keys.revoke(key.key().id()));
  }

  private HttpResponse<String> ask(String method, String path, ApiKeys.NewKey key, String json) {
    return farm.send(
        HttpRequest.newBuilder(uri.resolve(path))
            .timeout(Duration.ofSeconds(20))
            .header("Content-Type", "application/json")
            .header("Authorization", "Bearer " + key.secret())
            .method(
                method, json.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(json))
            .build(),
        BodyHandlers.ofString());
  }

  private String submitted(ApiKeys.NewKey key) {
    HttpResponse<String> answer = ask("POST", "/v1/jobs", key, WHALE);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    return RealFarm.json(answer).path("id").asText();
  }

  /** The acts of a query, the newest first, each with who did it. */
  private List<String> acts(String query) {
    JsonNode entries = RealFarm.json(ask("GET", "/v1/audit?" + query, admin, "")).path("entries");
    return StreamSupport.stream(entries.spliterator(), false)
        .map(entry -> entry.path("act").asText() + " " + entry.path("by").asText())
        .toList();
  }

  @Test
  void what_several_keys_did_to_a_job_is_told_apart() {
    String job = submitted(one);
    ask("PATCH", "/v1/jobs/" + job, other, "{\"class\":\"urgent\"}");
    ask("POST", "/v1/jobs/" + job + "/cancel", one, "");
    ask("DELETE", "/v1/jobs/" + job, admin, "");
    assertThat(acts("subject=" + job))
        .containsExactly(
            "job.deleted " + admin.key().id(),
            "job.cancelled " + one.key().id(),
            "job.changed " + other.key().id(),
            "job.submitted " + one.key().id());
    String made =
        RealFarm.json(ask("POST", "/v1/keys", admin, "{\"scopes\":[\"read\"]}"))
            .path("id")
            .asText();
    ask("DELETE", "/v1/keys/" + made, admin, "");
    assertThat(acts("subject=" + made))
        .containsExactly("key.revoked " + admin.key().id(), "key.created " + admin.key().id());
    ask("POST", "/v1/jobs", other, "{\"kind\":\"video\",\"prompt\":\"an unspeakable elephant\"}");
    assertThat(acts("by=" + other.key().id() + "&limit=1"))
        .containsExactly("prompt.blocked " + other.key().id());
  }

  @Test
  void every_API_that_submits_names_the_key() {
    for (Map.Entry<String, String> form :
        Map.of(
                "/v1/videos", "{\"prompt\":\"a whale\"}",
                "/v1/jobs", "{\"prompt\":\"a whale\",\"drafts\":2}",
                "/v1/predictions", "{\"version\":\"clips\",\"input\":{\"prompt\":\"a whale\"}}")
            .entrySet()) {
      HttpResponse<String> answer = ask("POST", form.getKey(), one, form.getValue());
      assertThat(answer.statusCode()).as(form + answer.body()).isBetween(200, 202);
      JsonNode job = RealFarm.json(answer);
      String id = job.path("jobs").path(1).path("id").asText(job.path("id").asText());
      assertThat(acts("subject=" + id))
          .as(form.getKey())
          .contains("job.submitted " + one.key().id());
    }
  }

  @Test
  void requests_at_the_same_time_do_not_borrow_each_others_names() {
    Map<String, String> asked = new ConcurrentHashMap<>();
    IntStream.range(0, 60)
        .parallel()
        .forEach(
            i -> {
              ApiKeys.NewKey key = i % 3 == 0 ? one : i % 3 == 1 ? other : admin;
              asked.put(submitted(key), key.key().id());
            });
    asked.forEach(
        (job, key) -> assertThat(acts("subject=" + job)).contains("job.submitted " + key));
  }
}
