package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The audit log behind HTTP. */
@ExtendWith(RealFarm.Given.class)
class AuditTest {
  private final RealFarm farm;

  AuditTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void what_was_done_to_a_job_is_listed_and_the_chain_is_whole() {
    String job = farm.submit("{\"prompt\": \"a whale\"}").toString();
    assertThat(farm.post("/v1/jobs/" + job + "/cancel", "").statusCode()).isEqualTo(200);
    HttpResponse<String> listed = farm.get("/v1/audit?limit=10&subject=" + job);
    farm.contract().allows("listAudit", listed);
    assertThat(RealFarm.json(listed).at("/entries/0/by").asText()).isEqualTo("anyone");
    JsonNode entries = RealFarm.json(listed).path("entries");
    assertThat(entries).hasSize(2);
    assertThat(entries.path(0).path("act").asText()).isEqualTo("job.cancelled");
    assertThat(entries.path(1).path("act").asText()).isEqualTo("job.submitted");
    assertThat(entries.path(1).at("/detail/prompt").asText()).matches("[0-9a-f]{64}");
    HttpResponse<String> verified = farm.post("/v1/audit/verify", "");
    farm.contract().allows("verifyAudit", verified);
    JsonNode verdict = RealFarm.json(verified);
    assertThat(verdict.path("intact").asBoolean()).isTrue();
    assertThat(verdict.path("faults")).isEmpty();
    String head = verdict.path("head").asText();
    assertThat(
            RealFarm.json(farm.post("/v1/audit/verify?kept=" + head, ""))
                .path("intact")
                .asBoolean())
        .isTrue();
    String other = head.substring(0, head.indexOf(':') + 1) + "0".repeat(64);
    assertThat(
            RealFarm.json(farm.post("/v1/audit/verify?kept=" + other, ""))
                .path("intact")
                .asBoolean())
        .isFalse();
  }

  @Test
  void a_prompt_that_was_stopped_is_in_it_without_its_words() {
    farm.post("/v1/jobs", "{\"kind\": \"video\", \"prompt\": \"an unspeakable elephant\"}");
    String entries = farm.get("/v1/audit?limit=20").body();
    assertThat(entries).contains("prompt.blocked").contains("test-1").doesNotContain("elephant");
  }

  @Test
  void prompts_are_in_it_as_they_are_while_the_farm_is_told_so() {
    HttpResponse<String> told = put("{\"plain\": true}");
    farm.contract().allows("keepPrompts", told);
    String job = farm.submit("{\"prompt\": \"a whale\"}").toString();
    assertThat(put("{\"plain\": false}").statusCode()).isEqualTo(200);
    assertThat(farm.get("/v1/audit?subject=" + job).body()).contains("a whale");
    assertThat(put("{}").statusCode()).isEqualTo(400);
  }

  private HttpResponse<String> put(String json) {
    return farm.send(
        HttpRequest.newBuilder(farm.uri.resolve("/v1/audit/prompts"))
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(json))
            .build(),
        BodyHandlers.ofString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/audit?limit=0",
        "/v1/audit?limit=1001",
        "/v1/audit?before=x",
        "/v1/audit?a=b"
      })
  void a_wrong_question_is_refused(String path) {
    assertThat(farm.get(path).statusCode()).isEqualTo(400);
    assertThat(farm.post("/v1/audit/verify?kept=1:2", "").statusCode()).isEqualTo(400);
  }
}
