package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.ArtifactId;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.LevelRange;
import glimt.job.Task;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Drafts, going on from one of them, and stopping. A job of clips has the levels base, spatial. */
@ExtendWith(RealFarm.Given.class)
class DraftsTest {
  private static final String UNKNOWN = "/v1/jobs/00000000-0000-4000-8000-000000000000";

  private final RealFarm farm;
  private final Contract contract;

  DraftsTest(RealFarm farm) {
    this.farm = farm;
    this.contract = farm.contract();
  }

  private HttpResponse<String> postOnce(String path, String json, String key) {
    return farm.send(
        farm.request(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString(json))
            .build());
  }

  private JsonNode draft() {
    HttpResponse<String> answer =
        farm.post("/v1/jobs", "{\"prompt\":\"a whale\",\"seed\":7,\"drafts\":1}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(202);
    JsonNode draft = RealFarm.json(answer).at("/jobs/0");
    farm.finish(JobId.parse(draft.get("id").textValue()));
    return draft;
  }

  private static String path(JsonNode job) {
    return "/v1/jobs/" + job.get("id").textValue();
  }

  private static void refused(HttpResponse<String> answer, int status, String type) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(RealFarm.json(answer).get("type").textValue()).endsWith(":" + type);
  }

  @Test
  void drafts_are_jobs_of_the_base_level_with_successive_seeds_listed_together() {
    String wish = "{\"prompt\":\"a whale moves left\",\"seed\":9007199254740990,\"drafts\":3}";
    HttpResponse<String> answer = postOnce("/v1/jobs", wish, "three-drafts");
    assertThat(answer.statusCode()).isEqualTo(202);
    contract.allows("submitJob", answer);
    JsonNode drafts = RealFarm.json(answer).get("jobs");
    List<Long> seeds = new ArrayList<>();
    drafts.forEach(job -> seeds.add(job.get("seed").longValue()));
    assertThat(seeds).containsExactly(9007199254740990L, 9007199254740991L, 0L);
    assertThat(drafts.at("/1/levels")).hasSize(1);
    assertThat(postOnce("/v1/jobs", wish, "three-drafts").body()).isEqualTo(answer.body());
    refused(postOnce("/v1/jobs", wish.replace("3}", "4}"), "three-drafts"), 422, "key-reused");

    String group = drafts.at("/2/drafts").textValue();
    assertThat(group).isEqualTo(drafts.at("/0/id").textValue());
    HttpResponse<String> listed = farm.get("/v1/jobs?drafts=" + group);
    contract.allows("listJobs", listed);
    assertThat(RealFarm.json(listed).get("jobs").findValuesAsText("id"))
        .isEqualTo(List.of(id(drafts, 0), id(drafts, 1), id(drafts, 2)));
    refused(farm.get("/v1/jobs?drafts=x"), 400, "invalid");
    refused(farm.post("/v1/jobs", "{\"prompt\":\"a\",\"drafts\":17}"), 400, "invalid");
  }

  private static String id(JsonNode jobs, int i) {
    return jobs.at("/%s/id".formatted(i)).textValue();
  }

  @Test
  void drafts_of_a_model_with_one_level_are_whole_results_and_say_so() {
    JsonNode drafts =
        RealFarm.json(
            farm.post("/v1/jobs", "{\"kind\":\"image\",\"prompt\":\"a tree\",\"drafts\":2}"));
    assertThat(drafts.at("/jobs/1/warnings").toString()).contains("whole results");
    JobId last = JobId.parse(drafts.at("/jobs/1/id").textValue());
    farm.finish(last);
    refused(farm.post("/v1/jobs/" + last + "/refine", "{}"), 400, "invalid");
  }

  @Test
  void unchanged_a_job_that_goes_on_has_the_spec_of_the_one_that_went_all_the_way() {
    JsonNode draft = draft();
    HttpResponse<String> answer = farm.post(path(draft) + "/refine", "{\"from\":\"base\"}");
    assertThat(answer.statusCode()).isEqualTo(202);
    contract.allows("refineJob", answer);
    JsonNode job = RealFarm.json(answer);
    assertThat(answer.headers().firstValue("Location")).contains(path(job));
    assertThat(job.get("origin")).isEqualTo(draft.get("id"));
    assertThat(job.get("originLevel").textValue()).isEqualTo("base");
    assertThat(job.get("drafts").isNull()).isTrue();
    assertThat(job.at("/levels/0/artifacts")).isNotEmpty();
    assertThat(job.at("/levels/0/tasks")).hasSize(1);
    JobView whole = farm.find(farm.submit("{\"prompt\":\"a whale\",\"seed\":7}"));
    JobView made = farm.find(JobId.parse(job.get("id").textValue()));
    assertThat(made.spec()).as("with its mark").isEqualTo(whole.spec());
    farm.finish(whole.id());
    farm.finish(made.id());
    HttpResponse<String> events = farm.get(path(job) + "/events");
    assertThat(events.body()).contains("\"origin\":\"" + draft.get("id").textValue());
  }

  @Test
  void changed_a_job_that_goes_on_says_of_what_sample_it_was_made() {
    JsonNode draft = draft();
    String wish = "{\"prompt\":\"a tree\",\"seed\":8,\"levels\":1}";
    HttpResponse<String> answer = postOnce(path(draft) + "/refine", wish, "go-on");
    JsonNode job = RealFarm.json(answer);
    assertThat(job.get("prompt").textValue()).isEqualTo("a tree");
    JobView made = farm.find(JobId.parse(job.get("id").textValue()));
    assertThat(made.spec().levels())
        .isEqualTo(
            new LevelRange(
                null, "base", new ArtifactId(job.at("/levels/0/artifacts/0/id").textValue())));
    assertThat(postOnce(path(draft) + "/refine", wish, "go-on").body()).isEqualTo(answer.body());
    refused(postOnce(path(draft) + "/refine", "{}", "go-on"), 422, "key-reused");
    farm.finish(made.id());
    // A remix is of the job's own words, at every level.
    assertThat(
            RealFarm.json(farm.post("/v1/videos/" + made.id() + "/remix", "{\"prompt\":\"a\"}"))
                .get("remixed_from_video_id")
                .textValue())
        .isEqualTo(made.id().toString());
  }

  @Test
  void what_cannot_be_gone_on_from_is_refused_with_its_cause() throws Exception {
    refused(farm.post(UNKNOWN + "/refine", "{}"), 404, "not-found");
    JobId running = farm.submit("{\"prompt\":\"a whale\"}");
    String refine = "/v1/jobs/" + running + "/refine";
    refused(farm.post(refine, "{}"), 409, "not-ready");
    refused(farm.post(refine, "{\"from\":\"motion\"}"), 400, "invalid");
    refused(farm.post(refine, "{\"levels\":0}"), 400, "invalid");
    refused(farm.post(refine, "{\"frobs\":0}"), 400, "invalid");
    farm.finish(running);
    refused(farm.post(refine, "{\"from\":\"spatial\"}"), 400, "invalid");
    refused(farm.post(refine, "{\"from\":\"base\",\"levels\":2}"), 400, "invalid");
    refused(farm.post(refine, "{\"from\":\"base\",\"prompt\":\"\"}"), 400, "invalid");

    // Of a job that was cut short, a lost file is not made again.
    JobId cut = farm.submit("{\"prompt\":\"a whale\",\"seed\":77}");
    finishBase(cut);
    farm.post("/v1/jobs/" + cut + "/cancel", "{}");
    HttpResponse<String> fromCancelled = farm.post("/v1/jobs/" + cut + "/refine", "{}");
    assertThat(fromCancelled.statusCode()).isEqualTo(202);
    farm.finish(JobId.parse(RealFarm.json(fromCancelled).get("id").textValue()));
    String sample =
        farm.find(cut).levels().getFirst().products().getFirst().artifact().id().sha256();
    try (var files = Files.walk(farm.home.resolve("artifacts"))) {
      for (Path file : files.filter(one -> one.toString().endsWith(sample.substring(2))).toList()) {
        Files.delete(file);
      }
    }
    HttpResponse<String> lost = farm.post("/v1/jobs/" + cut + "/refine", "{}");
    contract.allows("refineJob", lost);
    refused(lost, 410, "lost");
  }

  private void finishBase(JobId job) {
    while (farm.find(job).highestFinished().isEmpty()) {
      for (Task task : farm.claim()) {
        if (!task.job().equals(job) || task.work().level().equals("base")) {
          farm.succeed(task);
        }
      }
    }
  }

  @Test
  void a_job_that_is_told_to_stop_succeeds_with_the_level_that_it_has() {
    JobId job = farm.submit("{\"prompt\":\"a whale\"}");
    String stop = "/v1/jobs/" + job + "/stop";
    refused(farm.post(UNKNOWN + "/stop", "{}"), 404, "not-found");
    refused(farm.post(stop, "{}"), 409, "not-ready");
    finishBase(job);
    HttpResponse<String> answer = farm.post(stop, "{}");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    contract.allows("stopJob", answer);
    assertThat(RealFarm.json(answer).get("state").textValue()).isEqualTo("succeeded");
    assertThat(RealFarm.json(answer).get("endedAtLevel").textValue()).isEqualTo("base");
    refused(farm.post(stop, "{}"), 409, "ended");
    assertThat(farm.get("/v1/jobs/" + job + "/artifacts/result").statusCode()).isEqualTo(200);
  }

  @Test
  void a_job_of_any_kind_that_has_ended_can_be_deleted() {
    JobId job = farm.submit("{\"kind\":\"image\",\"prompt\":\"a tree\"}");
    HttpRequest delete = farm.request("/v1/jobs/" + job).DELETE().build();
    refused(farm.send(delete), 409, "not-ended");
    farm.finish(job);
    HttpResponse<String> answer = farm.send(delete);
    assertThat(answer.statusCode()).isEqualTo(200);
    contract.allows("deleteJob", answer);
    refused(farm.send(delete), 404, "not-found");
  }
}
