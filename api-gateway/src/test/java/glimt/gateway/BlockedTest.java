package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.Effort;
import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.job.JobId;
import glimt.job.Outcome;
import glimt.job.Task;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What clients see of the content filter, in each API's own words. */
@ExtendWith(RealFarm.Given.class)
class BlockedTest {
  private final RealFarm farm;

  BlockedTest(RealFarm farm) {
    this.farm = farm;
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/jobs, 400, /type, urn:glimt:problem:moderation-blocked",
    "/v1/jobs?dry_run=true, 400, /type, urn:glimt:problem:moderation-blocked",
    "/v1/videos, 400, /error/code, moderation_blocked",
    "/v1/images/generations, 400, /error/code, moderation_blocked"
  })
  void a_prompt_that_is_stopped_is_refused_and_makes_no_job(
      String path, int status, String at, String word) {
    String body =
        path.startsWith("/v1/jobs")
            ? "{\"kind\": \"video\", \"prompt\": \"an unspeakable thing\"}"
            : "{\"prompt\": \"an unspeakable thing\"}";
    JsonNode before = RealFarm.json(farm.get("/v1/jobs?limit=1")).path("jobs");
    HttpResponse<String> refused = farm.post(path, body);
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(status);
    assertThat(RealFarm.json(refused).at(at).asText()).isEqualTo(word);
    assertThat(refused.body()).contains("unspeakable to us").doesNotContain("thing");
    assertThat(RealFarm.json(farm.get("/v1/jobs?limit=1")).path("jobs").path(0).path("id"))
        .isEqualTo(before.path(0).path("id"));
  }

  @ParameterizedTest
  @CsvSource({"0.5, 400", "1, 202", "7.5, 202"})
  void a_negative_prompt_is_judged_where_the_guidance_draws_to_it(String guidance, int status) {
    HttpResponse<String> answer =
        farm.post(
            "/v1/jobs",
            """
            {"kind": "video", "prompt": "a tree", "negative_prompt": "an unspeakable thing",
             "guidance": %s}
            """
                .formatted(guidance));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
  }

  @Test
  void while_the_filter_cannot_be_asked_nothing_is_accepted() {
    HttpResponse<String> refused =
        farm.post("/v1/jobs", "{\"kind\": \"video\", \"prompt\": \"an undecidable thing\"}");
    assertThat(refused.statusCode()).isEqualTo(503);
    assertThat(refused.body()).contains("the filter is away");
  }

  @Test
  void a_job_whose_result_is_stopped_ends_as_blocked_and_gives_no_file() {
    HttpResponse<String> made =
        farm.post("/v1/jobs", "{\"kind\": \"video\", \"prompt\": \"a whale\", \"steps\": 4}");
    farm.contract().allows("submitJob", made);
    JsonNode first = RealFarm.json(made);
    assertThat(first.path("filter").path(0).path("policy").asText()).isEqualTo("test-1");
    JobId job = JobId.parse(first.path("id").asText());
    block(job);
    HttpResponse<String> found = farm.get("/v1/jobs/" + job);
    farm.contract().allows("findJob", found);
    JsonNode view = RealFarm.json(found);
    assertThat(view.path("state").asText()).isEqualTo("blocked");
    assertThat(view.path("fault").asText()).isEqualTo("blocked");
    assertThat(view.path("why").asText()).isEqualTo("it shows something");
    assertThat(view.path("filter")).hasSize(2);
    assertThat(view.path("filter").path(1).path("allowed").asBoolean(true)).isFalse();
    assertThat(farm.get("/v1/jobs/" + job + "/artifacts/result").statusCode()).isGreaterThan(403);
    HttpResponse<String> video = farm.get("/v1/videos/" + job);
    farm.contract().allows("retrieveVideo", video);
    assertThat(RealFarm.json(video).path("status").asText()).isEqualTo("failed");
    assertThat(RealFarm.json(video).at("/error/code").asText()).isEqualTo("moderation_blocked");
    HttpResponse<String> prediction = farm.get("/v1/predictions/" + job);
    assertThat(RealFarm.json(prediction).path("status").asText()).isEqualTo("failed");
    assertThat(RealFarm.json(prediction).path("error").asText()).isEqualTo("it shows something");
    HttpResponse<String> listed = farm.get("/v1/jobs?state=blocked");
    assertThat(RealFarm.json(listed).path("jobs").path(0).path("id").asText())
        .isEqualTo(job.toString());
  }

  private void block(JobId job) {
    FilterDecision decision =
        FilterDecision.block(FilterStage.OUTPUT, "test-1", "sexual", "it shows something")
            .of("base");
    while (!farm.find(job).state().ended()) {
      for (Task task : farm.claim()) {
        if (task.job().equals(job)) {
          farm.tasks.end(
              task.lease(), new Outcome.Blocked(decision), new Effort("test", 0, 4, 1.0, 0.5));
        } else {
          farm.succeed(task);
        }
      }
    }
  }
}
