package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.job.JobSpec;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
class JobsTest {
  private final RealFarm farm;
  private final Contract contract;

  JobsTest(RealFarm farm) {
    this.farm = farm;
    this.contract = farm.contract();
  }

  @Test
  void a_prompt_alone_is_a_job_with_everything_chosen_for_it() {
    HttpResponse<String> answer = farm.post("/v1/jobs", "{\"prompt\":\"a whale moves left\"}");
    assertThat(answer.statusCode()).isEqualTo(202);
    contract.allows("submitJob", answer);
    JsonNode job = RealFarm.json(answer);
    assertThat(answer.headers().firstValue("Location"))
        .contains("/v1/jobs/" + job.get("id").textValue());
    assertThat(job.get("kind").textValue()).isEqualTo("video");
    assertThat(job.get("model").textValue()).isEqualTo("clips");
    assertThat(job.get("format").textValue()).isEqualTo("mp4");
    assertThat(job.get("seed").longValue()).isBetween(0L, JobSpec.SEED_LIMIT);
    assertThat(job.get("state").textValue()).isEqualTo("queued");
    assertThat(names(job.get("levels"))).containsExactly("base", "spatial");
    assertThat(job.at("/levels/1/tasks")).hasSize(5);
    assertThat(job.at("/levels/1/tasks/1/segment").toString()).isEqualTo("[[0,8],[0,40],[24,64]]");
  }

  @Test
  void every_option_is_kept() {
    JsonNode video =
        RealFarm.json(
            farm.post(
                "/v1/jobs",
                """
                {"kind":"video","prompt":"a whale","model":"clips","seed":9007199254740991,
                 "steps":3,"guidance":2.5,"sampler":"euler","frames":8,"size":16,"format":"gif"}"""));
    assertThat(video.get("seed").longValue()).isEqualTo(JobSpec.SEED_LIMIT);
    assertThat(video.get("sampler").textValue()).isEqualTo("euler");
    assertThat(names(video.get("levels"))).containsExactly("base");
    assertThat(video.at("/levels/0/tasks/0/steps").intValue()).isEqualTo(3);
    assertThat(video.at("/levels/0/tasks/0/guidance").doubleValue()).isEqualTo(2.5);
    JsonNode points =
        RealFarm.json(
            farm.post(
                "/v1/jobs",
                "{\"kind\":\"points\",\"prompt\":\"a pine\",\"points\":1024,\"format\":\"ply\"}"));
    assertThat(points.get("model").textValue()).isEqualTo("objects");
    assertThat(points.get("points").intValue()).isEqualTo(1024);
    assertThat(points.get("format").textValue()).isEqualTo("ply");
  }

  @Test
  void unknown_words_are_warned_about() {
    JsonNode job = RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a whael\"}"));
    assertThat(job.at("/warnings/0").textValue()).contains("whael").contains("whale");
  }

  @Test
  void a_finished_job_tells_its_artifacts_and_who_did_what() {
    JobId id = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(id);
    HttpResponse<String> answer = farm.get("/v1/jobs/" + id);
    contract.allows("findJob", answer);
    JsonNode job = RealFarm.json(answer);
    assertThat(job.get("state").textValue()).isEqualTo("succeeded");
    assertThat(job.get("progress").doubleValue()).isEqualTo(1);
    JsonNode attempt = job.at("/levels/0/tasks/0/attempts/0");
    assertThat(attempt.get("worker").textValue()).isEqualTo("worker-1");
    assertThat(attempt.get("numericClass").textValue()).isEqualTo("test engine, f32, 1 thread");
    assertThat(attempt.get("resumedFrom").intValue()).isZero();
    assertThat(attempt.get("steps").intValue()).isEqualTo(8);
    assertThat(attempt.get("seconds").doubleValue()).isEqualTo(0.25);
    assertThat(attempt.get("outcome").textValue()).isEqualTo("succeeded");
    List<String> links = new ArrayList<>();
    job.at("/levels/0/artifacts").forEach(artifact -> links.add(artifact.get("href").textValue()));
    assertThat(links).contains("/v1/jobs/" + id + "/artifacts/base");
    assertThat(links).allSatisfy(link -> assertThat(farm.get(link).statusCode()).isEqualTo(200));
  }

  @Test
  void a_cancelled_job_stays_cancelled_however_often_it_is_said() {
    JobId id = farm.submit("{\"prompt\":\"a whale\"}");
    HttpResponse<String> answer =
        farm.send(farm.request("/v1/jobs/" + id + "/cancel").POST(BodyPublishers.noBody()).build());
    contract.allows("cancelJob", answer);
    assertThat(RealFarm.json(answer).get("state").textValue()).isEqualTo("cancelled");
    assertThat(farm.post("/v1/jobs/" + id + "/cancel", "{}").statusCode()).isEqualTo(200);
    assertThat(farm.find(id).lastSeq()).isEqualTo(2);
  }

  @Test
  void the_newest_jobs_come_first_and_the_list_goes_on_where_it_says() {
    JobId first = farm.submit("{\"prompt\":\"a whale\"}");
    JobId second = farm.submit("{\"prompt\":\"a tree\"}");
    JobId third = farm.submit("{\"prompt\":\"a red tree\"}");
    HttpResponse<String> page = farm.get("/v1/jobs?limit=2");
    contract.allows("listJobs", page);
    assertThat(ids(page)).containsExactly(third.toString(), second.toString());
    HttpResponse<String> next = farm.get(RealFarm.json(page).get("next").textValue());
    assertThat(ids(next)).startsWith(first.toString());
    assertThat(ids(farm.get("/v1/jobs?state=queued&limit=1"))).containsExactly(third.toString());
  }

  @Test
  void the_farm_says_what_it_can_do_and_who_does_it() {
    HttpResponse<String> models = farm.get("/v1/models");
    contract.allows("listModels", models);
    assertThat(names(RealFarm.json(models).get("models"))).containsExactly("clips", "objects");
    assertThat(RealFarm.json(models).at("/models/0/levels/1/extent/width").intValue())
        .isEqualTo(64);
    HttpResponse<String> workers = farm.get("/v1/workers");
    contract.allows("listWorkers", workers);
    assertThat(RealFarm.json(workers).get("workers")).isEmpty();
    HttpResponse<String> health = farm.get("/healthz");
    contract.allows("health", health);
  }

  private static List<String> names(JsonNode list) {
    List<String> names = new ArrayList<>();
    list.forEach(one -> names.add(one.get("name").textValue()));
    return names;
  }

  private static List<String> ids(HttpResponse<String> page) {
    List<String> ids = new ArrayList<>();
    RealFarm.json(page).get("jobs").forEach(job -> ids.add(job.get("id").textValue()));
    return ids;
  }
}
