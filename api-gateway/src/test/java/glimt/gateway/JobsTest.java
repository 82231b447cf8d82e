package glimt.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.job.JobId;
import glimt.job.SamplingOptions;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.imageio.ImageIO;
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
    assertThat(job.get("seed").longValue()).isBetween(0L, SamplingOptions.SEED_LIMIT);
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
                 "steps":3,"guidance":2.5,"sampler":"euler","frames":8,"size":16,"format":"gif"}\
                """));
    assertThat(video.get("seed").longValue()).isEqualTo(SamplingOptions.SEED_LIMIT);
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
  void a_picture_is_uploaded_and_refused_where_the_model_cannot_begin_with_one() throws Exception {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB), "png", png);
    HttpResponse<String> answer = upload("image/png", png.toByteArray());
    assertThat(answer.statusCode()).isEqualTo(201);
    contract.allows("uploadImage", answer);
    String image = RealFarm.json(answer).get("image").textValue();
    assertThat(image)
        .isEqualTo(RealFarm.json(upload("image/jpeg", png.toByteArray())).get("image").textValue());
    assertThat(
            RealFarm.json(upload("image/png", "no picture".getBytes(UTF_8)))
                .get("detail")
                .textValue())
        .contains("the body is no PNG or JPEG");
    assertThat(upload("text/plain", png.toByteArray()).statusCode()).isEqualTo(415);
    assertThat(refused("\"input_image\":\"%s\"".formatted(image)))
        .contains("does not go with clips, which cannot begin with one; no model of this farm can");
    assertThat(refused("\"input_image\":\"cat.png\"")).contains("POST /v1/images answered");
    assertThat(refused("\"strength\":0.5")).contains("says how far an input_image is changed");
  }

  @Test
  void a_file_with_the_mark_of_a_job_leads_to_it() {
    String wish = "{\"prompt\":\"a whale\",\"seed\":11,\"watermark\":true}";
    JsonNode job = RealFarm.json(farm.post("/v1/jobs", wish));
    String mark = job.get("watermark").textValue();
    assertThat(RealFarm.json(farm.post("/v1/jobs", wish)).get("watermark").textValue())
        .as("the mark of the same request")
        .isEqualTo(mark);
    HttpResponse<String> known = verified("application/octet-stream", "a file of mark " + mark);
    contract.allows("verifyFile", known);
    assertThat(RealFarm.json(known).get("ours").booleanValue()).isTrue();
    assertThat(RealFarm.json(known).at("/watermark/mark").textValue()).isEqualTo(mark);
    assertThat(RealFarm.json(known).at("/watermark/confidence").doubleValue()).isEqualTo(17.3);
    assertThat(RealFarm.json(known).at("/content_credentials/state").asText()).isEqualTo("valid");
    assertThat(RealFarm.json(known).at("/content_credentials/signer").asText())
        .isEqualTo("CN=a farm");
    assertThat(RealFarm.json(known).at("/job/seed").intValue()).isEqualTo(11);
    assertThat(RealFarm.json(known).at("/job/prompt").textValue()).isEqualTo("a whale");
  }

  @Test
  void a_file_with_no_mark_or_a_strange_one_is_not_ours() {
    HttpResponse<String> plain = verified("video/mp4", "a file");
    contract.allows("verifyFile", plain);
    JsonNode known = RealFarm.json(plain);
    assertThat(known.get("ours").booleanValue()).isFalse();
    assertThat(known.get("watermark").isNull()).isTrue();
    assertThat(known.at("/content_credentials/state").textValue()).isEqualTo("absent");
    assertThat(known.get("job").isNull()).isTrue();
    HttpResponse<String> strange = verified("video/mp4", "a file of mark 00000001");
    contract.allows("verifyFile", strange);
    assertThat(RealFarm.json(strange).get("ours").booleanValue()).isFalse();
    assertThat(RealFarm.json(strange).at("/watermark/mark").textValue()).isEqualTo("00000001");
    assertThat(verified("text/plain", "a file").statusCode()).isEqualTo(415);
    HttpResponse<String> broken = verified("video/mp4", "a broken file");
    contract.allows("verifyFile", broken);
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(broken).get("detail").textValue()).isEqualTo("the file is broken");
  }

  @Test
  void a_job_of_any_kind_has_a_mark_and_may_do_without_one() {
    for (String wish :
        List.of(
            "{\"prompt\":\"a whale\",\"watermark\":false}",
            "{\"kind\":\"points\",\"prompt\":\"a pine\",\"watermark\":false}")) {
      assertThat(RealFarm.json(farm.post("/v1/jobs", wish)).get("watermark").isNull()).isTrue();
    }
    for (String wish :
        List.of("{\"prompt\":\"a whale\"}", "{\"kind\":\"points\",\"prompt\":\"a pine\"}")) {
      JsonNode usual = RealFarm.json(farm.post("/v1/jobs", wish));
      assertThat(usual.get("watermark").textValue()).matches("[0-9a-f]{8}");
    }
    assertThat(refused("\"watermark\":\"no\"")).contains("must be true or false, not 'no'");
  }

  @Test
  void a_file_as_it_was_made_leads_to_its_job_and_its_manifest_lies_beside_it() {
    JobId id = farm.submit("{\"kind\":\"points\",\"prompt\":\"a pine\"}");
    farm.finish(id);
    String level = "/v1/jobs/" + id + "/artifacts/base";
    JsonNode job = RealFarm.json(farm.get("/v1/jobs/" + id));
    assertThat(job.at("/levels/0/artifacts/2/role").textValue()).isEqualTo("credentials");
    String href = job.at("/levels/0/artifacts/2/href").textValue();
    assertThat(href).isEqualTo(level + "?format=c2pa");

    HttpResponse<String> file = farm.get(level);
    assertThat(file.headers().firstValue("Link"))
        .hasValue("<%s>; rel=\"c2pa-manifest\"".formatted(href));
    HttpResponse<String> manifest = farm.get(href);
    assertThat(manifest.body()).startsWith("manifest of base of");
    assertThat(manifest.headers().firstValue("Content-Type")).hasValue("application/c2pa");
    assertThat(manifest.headers().firstValue("Link")).isEmpty();
    assertThat(manifest.headers().firstValue("Content-Disposition"))
        .hasValue("inline; filename=\"a-pine-base.glb.c2pa\"");
    assertThat(farm.get(level + "?format=mp4").statusCode()).isEqualTo(400);

    HttpResponse<String> known = verified("model/gltf-binary", file.body());
    contract.allows("verifyFile", known);
    assertThat(RealFarm.json(known).get("ours").booleanValue()).isTrue();
    assertThat(RealFarm.json(known).at("/job/id").textValue()).isEqualTo(id.toString());
    String more = file.body() + "!";
    assertThat(RealFarm.json(verified("model/gltf-binary", more)).get("ours").booleanValue())
        .isFalse();
  }

  @Test
  void a_job_whose_files_carry_their_manifest_has_none_beside_them() {
    JobId id = farm.submit("{\"prompt\":\"a whale\"}");
    farm.finish(id);
    HttpResponse<String> none = farm.get("/v1/jobs/" + id + "/artifacts/base?format=c2pa");
    contract.allows("getArtifact", none);
    assertThat(none.statusCode()).isEqualTo(404);
  }

  @Test
  void a_form_sends_a_file_with_the_manifest_beside_it() {
    String part = "--b\r\nContent-Disposition: form-data; name=\"%1$s\"; filename=\"%1$s\"\r\n\r\n";
    String file = part.formatted("file") + "a file\r\n";
    String credentials = part.formatted("credentials") + " of mark 00000001\r\n";
    String type = "multipart/form-data; boundary=b";
    JsonNode seen = RealFarm.json(verified(type, file + credentials + "--b--\r\n"));
    assertThat(seen.at("/watermark/mark").textValue()).isEqualTo("00000001");
    assertThat(RealFarm.json(verified(type, file + "--b--\r\n")).get("watermark").isNull())
        .isTrue();
    for (String wrong :
        List.of(credentials, part.formatted("picture") + "a file\r\n", file + file)) {
      HttpResponse<String> refused = verified(type, wrong + "--b--\r\n");
      contract.allows("verifyFile", refused);
      assertThat(refused.statusCode()).as(wrong).isEqualTo(400);
    }
  }

  private HttpResponse<String> verified(String type, String file) {
    return farm.send(
        farm.request("/v1/verify")
            .header("Content-Type", type)
            .POST(BodyPublishers.ofByteArray(file.getBytes(UTF_8)))
            .build());
  }

  @Test
  void a_clip_is_uploaded_and_refused_where_the_model_cannot_begin_with_one() {
    HttpResponse<String> answer = upload("/v1/clips", "video/mp4", "a clip".getBytes(UTF_8));
    assertThat(answer.statusCode()).isEqualTo(201);
    contract.allows("uploadClip", answer);
    String clip = RealFarm.json(answer).get("video").textValue();
    HttpResponse<String> damaged = upload("/v1/clips", "video/webm", "broken".getBytes(UTF_8));
    assertThat(damaged.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(damaged).get("detail").textValue()).contains("the file is broken");
    assertThat(upload("/v1/clips", "image/png", new byte[3]).statusCode()).isEqualTo(415);
    assertThat(refused("\"input_video\":\"%s\"".formatted(clip)))
        .contains("does not go with clips, which cannot begin with one; no model of this farm can");
    assertThat(refused("\"input_video\":\"cat.mp4\"")).contains("POST /v1/clips answered");
    assertThat(refused("\"input_video\":\"%s\",\"input_image\":\"%s\"".formatted(clip, clip)))
        .contains("must not go with an input_image");
  }

  private HttpResponse<String> upload(String type, byte[] bytes) {
    return upload("/v1/images", type, bytes);
  }

  private HttpResponse<String> upload(String path, String type, byte[] bytes) {
    return farm.send(
        farm.request(path)
            .header("Content-Type", type)
            .POST(BodyPublishers.ofByteArray(bytes))
            .build());
  }

  private String refused(String fields) {
    HttpResponse<String> answer =
        farm.post("/v1/jobs", "{\"prompt\":\"a whale\",%s}".formatted(fields));
    assertThat(answer.statusCode()).isEqualTo(400);
    return RealFarm.json(answer).get("detail").textValue();
  }

  @Test
  void a_seed_of_minus_one_is_a_new_one_that_the_job_tells() {
    String wish = "{\"prompt\":\"a whale\",\"seed\":-1}";
    HttpResponse<String> answer = farm.post("/v1/jobs", wish);
    assertThat(answer.statusCode()).isEqualTo(202);
    contract.allows("submitJob", answer);
    long first = RealFarm.json(answer).get("seed").longValue();
    long second = RealFarm.json(farm.post("/v1/jobs", wish)).get("seed").longValue();
    assertThat(List.of(first, second))
        .allMatch(seed -> seed >= 0 && seed <= SamplingOptions.SEED_LIMIT);
    assertThat(first).isNotEqualTo(second);
  }

  @Test
  void a_job_says_how_large_its_files_are() {
    JsonNode plain = RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}"));
    assertThat(plain.at("/levels/0/file").toString())
        .isEqualTo("{\"frames\":8,\"height\":16,\"width\":16}");
    assertThat(plain.at("/levels/1/file/width").intValue()).isEqualTo(64);
    JsonNode large = RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a whale\",\"enlarge\":4}"));
    assertThat(large.get("enlarge").intValue()).isEqualTo(4);
    assertThat(large.at("/levels/1/file/width").intValue()).isEqualTo(256);
    JsonNode points =
        RealFarm.json(farm.post("/v1/jobs", "{\"kind\":\"points\",\"prompt\":\"a pine\"}"));
    assertThat(points.at("/levels/0/file").toString()).isEqualTo("{\"points\":1024}");
  }

  @Test
  void a_field_that_others_call_otherwise_is_named() {
    JsonNode refused =
        RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a\",\"num_inference_steps\":4}"));
    assertThat(refused.get("field").textValue()).isEqualTo("num_inference_steps");
    assertThat(refused.get("detail").textValue())
        .startsWith("is not a field of this request, which calls it steps; ");
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
  void a_job_of_auto_steps_tells_how_many_its_levels_took() {
    HttpResponse<String> asked =
        farm.post("/v1/jobs", "{\"kind\":\"image\",\"prompt\":\"a whale\",\"steps\":\"auto\"}");
    contract.allows("submitJob", asked);
    JobId id = JobId.parse(RealFarm.json(asked).get("id").textValue());
    farm.finish(id);
    HttpResponse<String> answer = farm.get("/v1/jobs/" + id);
    contract.allows("findJob", answer);
    JsonNode job = RealFarm.json(answer);
    assertThat(job.get("steps").textValue()).isEqualTo("auto");
    assertThat(job.at("/levels/0/steps").intValue()).isEqualTo(12);
    assertThat(job.at("/levels/0/stepsTaken").intValue()).isEqualTo(8);
    assertThat(farm.get("/v1/jobs/" + id + "/events").body())
        .containsPattern("level_finished[^\n]*\"steps\":8");
    JsonNode levels = RealFarm.json(farm.get("/v1/models")).findPath("levels");
    assertThat(levels.findValues("tolerance")).isNotEmpty();
    HttpResponse<String> both =
        farm.post(
            "/v1/jobs",
            "{\"kind\":\"image\",\"prompt\":\"a\",\"steps\":\"auto\",\"sampler\":\"euler\"}");
    assertThat(both.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(both).get("field").textValue()).isEqualTo("steps");
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
  void a_job_is_paused_and_goes_on_and_its_class_is_changed() {
    HttpResponse<String> bulk =
        farm.post("/v1/jobs", "{\"prompt\":\"a whale\",\"class\":\"bulk\"}");
    contract.allows("submitJob", bulk);
    assertThat(RealFarm.json(bulk).get("class").textValue()).isEqualTo("bulk");
    assertThat(RealFarm.json(bulk).get("tenant").textValue()).isEqualTo("default");
    String path = "/v1/jobs/" + RealFarm.json(bulk).get("id").textValue();
    HttpResponse<String> paused = patch(path, "{\"paused\":true,\"class\":\"urgent\"}");
    assertThat(paused.statusCode()).isEqualTo(200);
    contract.allows("changeJob", paused);
    assertThat(RealFarm.json(paused).get("class").textValue()).isEqualTo("urgent");
    assertThat(RealFarm.json(paused).get("paused").textValue()).isNotEmpty();
    assertThat(RealFarm.json(patch(path, "{\"paused\":false}")).get("paused").isNull()).isTrue();
    assertThat(RealFarm.json(farm.get(path)).get("class").textValue()).isEqualTo("urgent");
  }

  @Test
  void a_change_that_makes_no_sense_is_refused_and_changes_nothing() {
    String path =
        "/v1/jobs/"
            + RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}"))
                .get("id")
                .textValue();
    JsonNode before = withoutForecast(farm.get(path));
    for (String wrong :
        List.of(
            "{\"class\":\"hasty\"}",
            "{\"paused\":\"yes\"}",
            "{\"paused\":1}",
            "{\"deadline\":\"yesterday\"}",
            "{}",
            "[]")) {
      HttpResponse<String> answer = patch(path, wrong);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
      contract.allows("changeJob", answer);
    }
    assertThat(RealFarm.json(patch(path, "{\"class\":\"hasty\"}")).get("detail").textValue())
        .isEqualTo("must be one of [urgent, normal, bulk], not 'hasty'");
    assertThat(withoutForecast(farm.get(path))).isEqualTo(before);
    farm.post(path + "/cancel", "{}");
    HttpResponse<String> ended = patch(path, "{\"paused\":true}");
    assertThat(ended.statusCode()).isEqualTo(409);
    assertThat(RealFarm.json(ended).get("detail").textValue())
        .isEqualTo("the job has ended as cancelled, which is final; nothing was changed");
  }

  /** A forecast is of its moment. */
  private static JsonNode withoutForecast(HttpResponse<String> job) {
    return ((ObjectNode) RealFarm.json(job)).without("forecast");
  }

  @Test
  void a_tenant_has_a_weight_and_a_quota_and_beyond_it_jobs_are_refused_for_a_while() {
    HttpResponse<String> set = put("/v1/tenants/default", "{\"weight\":2,\"jobs\":0}");
    try {
      assertThat(set.statusCode()).isEqualTo(200);
      contract.allows("setTenant", set);
      contract.allows("listTenants", farm.get("/v1/tenants"));
      HttpResponse<String> refused = farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}");
      assertThat(refused.statusCode()).isEqualTo(429);
      contract.allows("submitJob", refused);
      assertThat(refused.headers().firstValue("Retry-After")).contains("30");
      assertThat(RealFarm.json(refused).get("detail").textValue())
          .startsWith("tenant default may have 0 jobs waiting and running, and has ");
      put("/v1/tenants/default", "{\"jobs\":-1,\"day_seconds\":0}");
      HttpResponse<String> spent = farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}");
      assertThat(spent.statusCode()).isEqualTo(429);
      contract.allows("submitJob", spent);
      assertThat(spent.headers().firstValue("Retry-After")).isPresent();
      assertThat(RealFarm.json(spent).get("detail").textValue())
          .startsWith("tenant default may have 0.0 device-seconds a day: ");
    } finally {
      put("/v1/tenants/default", "{\"weight\":1,\"jobs\":-1,\"day_seconds\":-1}");
    }
    for (String wrong :
        List.of("{\"weight\":0}", "{\"weight\":-1}", "{\"weight\":\"NaN\"}", "{\"jobs\":-2}")) {
      HttpResponse<String> answer = put("/v1/tenants/default", wrong);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
      contract.allows("setTenant", answer);
    }
    assertThat(put("/v1/tenants/a%20b", "{}").statusCode()).isEqualTo(400);
    assertThat(farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}").statusCode()).isEqualTo(202);
  }

  @Test
  void a_deadline_and_a_budget_are_kept_and_a_wrong_one_is_named_and_changes_nothing() {
    HttpResponse<String> answer =
        farm.post(
            "/v1/jobs",
            "{\"prompt\":\"a"
                + " whale\",\"deadline\":\"2031-01-31T18:00:00+01:00\",\"budget_seconds\":2.5}");
    assertThat(answer.statusCode()).isEqualTo(202);
    contract.allows("submitJob", answer);
    JsonNode job = RealFarm.json(answer);
    assertThat(job.get("deadline").textValue()).isEqualTo("2031-01-31T17:00:00Z");
    assertThat(job.get("budgetSeconds").doubleValue()).isEqualTo(2.5);
    String path = "/v1/jobs/" + job.get("id").textValue();
    HttpResponse<String> moved = patch(path, "{\"deadline\":\"2032-02-29T00:00:00Z\"}");
    assertThat(moved.statusCode()).isEqualTo(200);
    contract.allows("changeJob", moved);
    assertThat(RealFarm.json(moved).get("deadline").textValue()).isEqualTo("2032-02-29T00:00:00Z");
    for (String wrong :
        List.of(
            "\"deadline\":\"2020-01-31T18:00:00Z\"",
            "\"deadline\":\"2031-01-31T18:00:00\"",
            "\"deadline\":\"tomorrow\"",
            "\"budget_seconds\":0",
            "\"budget_seconds\":-1",
            "\"budget_seconds\":\"NaN\"",
            "\"budget_seconds\":1e999",
            "\"class\":\"hasty\"",
            "\"class\":1")) {
      HttpResponse<String> refused = farm.post("/v1/jobs", "{\"prompt\":\"a\"," + wrong + "}");
      assertThat(refused.statusCode()).as(wrong).isEqualTo(400);
      contract.allows("submitJob", refused);
      assertThat(RealFarm.json(refused).get("field").textValue())
          .isEqualTo(wrong.substring(1, wrong.indexOf('"', 1)));
    }
    assertThat(farm.post("/v1/jobs", "{\"prompt\":\"a\",\"budget_seconds\":NaN}").statusCode())
        .isEqualTo(400);
    HttpResponse<String> past = patch(path, "{\"deadline\":\"2020-01-31T18:00:00Z\"}");
    assertThat(past.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(farm.get(path)).get("deadline").textValue())
        .isEqualTo("2032-02-29T00:00:00Z");
    farm.post(path + "/cancel", "{}");
  }

  @Test
  void a_dry_run_tells_what_a_job_would_take_and_stores_nothing() {
    String newest = RealFarm.json(farm.get("/v1/jobs?limit=1")).toString();
    HttpResponse<String> answer =
        farm.post("/v1/jobs?dry_run=true", "{\"prompt\":\"a whale blorps\"}");
    assertThat(answer.statusCode()).isEqualTo(200);
    contract.allows("submitJob", answer);
    JsonNode would = RealFarm.json(answer);
    assertThat(would.get("model").textValue()).isEqualTo("clips");
    assertThat(would.get("warnings").toString()).contains("blorps");
    assertThat(would.at("/forecast/deviceSeconds").doubleValue()).isPositive();
    assertThat(would.get("plannedLevel").isNull()).as("it has no deadline").isTrue();
    assertThat(RealFarm.json(farm.get("/v1/jobs?limit=1")).toString()).isEqualTo(newest);
    HttpResponse<String> drafts =
        farm.post("/v1/jobs?dry_run=true", "{\"prompt\":\"a whale\",\"drafts\":3}");
    contract.allows("submitJob", drafts);
    HttpResponse<String> draft =
        farm.post("/v1/jobs?dry_run=true", "{\"prompt\":\"a whale\",\"drafts\":1}");
    assertThat(RealFarm.json(drafts).at("/forecast/deviceSeconds").doubleValue())
        .isCloseTo(
            3 * RealFarm.json(draft).at("/forecast/deviceSeconds").doubleValue(), within(1e-6));
    assertThat(RealFarm.json(farm.get("/v1/jobs?limit=1")).toString()).isEqualTo(newest);
    assertThat(farm.post("/v1/jobs?dry_run=true", "{\"prompt\":1}").statusCode()).isEqualTo(400);
    assertThat(farm.post("/v1/jobs?dry_run=maybe", "{\"prompt\":\"a\"}").statusCode())
        .isEqualTo(400);
    String job =
        RealFarm.json(farm.post("/v1/jobs", "{\"prompt\":\"a whale\"}")).get("id").textValue();
    HttpResponse<String> found = farm.get("/v1/jobs/" + job);
    contract.allows("findJob", found);
    assertThat(RealFarm.json(found).at("/forecast/position").isInt()).isTrue();
    farm.post("/v1/jobs/" + job + "/cancel", "{}");
    assertThat(RealFarm.json(farm.get("/v1/jobs/" + job)).has("forecast")).isFalse();
  }

  @Test
  void usage_is_added_up_by_tenant_job_and_day_and_lives_by_worker() {
    for (String by : List.of("", "?by=tenant", "?by=job", "?by=day&from=2026-01-31")) {
      HttpResponse<String> answer = farm.get("/v1/usage" + by);
      assertThat(answer.statusCode()).as(by).isEqualTo(200);
      contract.allows("usage", answer);
    }
    HttpResponse<String> lives = farm.get("/v1/usage/workers");
    assertThat(lives.statusCode()).isEqualTo(200);
    contract.allows("usageOfWorkers", lives);
    for (String wrong : List.of("by=week", "from=31.1.2026", "from=2026-02-02&to=2026-02-01")) {
      HttpResponse<String> answer = farm.get("/v1/usage?" + wrong);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
      contract.allows("usage", answer);
    }
  }

  @Test
  void without_a_key_no_request_may_name_another_tenant() {
    HttpResponse<String> answer =
        farm.send(farm.request("/v1/jobs").header("Glimt-Tenant", "another").build());
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(answer).get("field").textValue()).isEqualTo("Glimt-Tenant");
  }

  private HttpResponse<String> patch(String path, String json) {
    return send("PATCH", path, json);
  }

  private HttpResponse<String> put(String path, String json) {
    return send("PUT", path, json);
  }

  private HttpResponse<String> send(String method, String path, String json) {
    return farm.send(
        farm.request(path)
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(json))
            .build());
  }

  @Test
  void what_has_succeeded_or_failed_is_not_cancelled() {
    JobId id = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(id);
    HttpResponse<String> answer = farm.post("/v1/jobs/" + id + "/cancel", "{}");
    contract.allows("cancelJob", answer);
    assertThat(answer.statusCode()).isEqualTo(409);
    assertThat(RealFarm.json(answer).get("detail").textValue())
        .isEqualTo("the job has ended as succeeded, which is final; there is nothing to cancel");
    assertThat(farm.get("/v1/jobs/" + id + "/artifacts/base").statusCode()).isEqualTo(200);
  }

  @Test
  void what_failed_is_retried_as_another_job_of_the_same_wish() {
    JobId id = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    String retry = "/v1/jobs/" + id + "/retry";
    HttpResponse<String> early = farm.post(retry, "{}");
    contract.allows("retryJob", early);
    assertThat(early.statusCode()).isEqualTo(409);
    assertThat(RealFarm.json(early).get("type").textValue())
        .isEqualTo("urn:glimt:problem:not-ended");
    farm.post("/v1/jobs/" + id + "/cancel", "{}");
    HttpResponse<String> answer = farm.post(retry, "{}");
    contract.allows("retryJob", answer);
    assertThat(answer.statusCode()).isEqualTo(202);
    JobId again = JobId.parse(RealFarm.json(answer).get("id").textValue());
    assertThat(again).isNotEqualTo(id);
    assertThat(farm.find(again).spec()).isEqualTo(farm.find(id).spec());
    farm.finish(again);
    assertThat(farm.post("/v1/jobs/" + again + "/retry", "{}").statusCode()).isEqualTo(409);
  }

  @Test
  void a_request_that_is_repeated_with_its_key_makes_one_job() {
    String wish = "{\"prompt\":\"a red whale\"}";
    HttpResponse<String> first = keyed("once", wish);
    HttpResponse<String> second = keyed("once", wish);
    assertThat(second.statusCode()).isEqualTo(202);
    assertThat(RealFarm.json(second).get("id")).isEqualTo(RealFarm.json(first).get("id"));
    assertThat(RealFarm.json(second).get("seed")).isEqualTo(RealFarm.json(first).get("seed"));
    HttpResponse<String> other = keyed("once", "{\"prompt\":\"a blue whale\"}");
    contract.allows("submitJob", other);
    assertThat(other.statusCode()).isEqualTo(422);
    assertThat(keyed("twice", wish).statusCode()).isEqualTo(202);
    HttpResponse<String> bad = keyed("two words", wish);
    contract.allows("submitJob", bad);
    assertThat(bad.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(bad).get("field").textValue()).isEqualTo("Idempotency-Key");
  }

  @Test
  void a_repetition_is_given_the_first_answer_on_every_route_and_a_key_is_of_one_route()
      throws Exception {
    Map<String, String> routes =
        Map.of(
            "/v1/jobs", "{\"prompt\":\"a red whale\"}",
            "/v1/videos", "{\"prompt\":\"a red whale\"}",
            "/v1/pointclouds", "{\"prompt\":\"a red tree\"}",
            "/v1/predictions", "{\"version\":\"clips\",\"input\":{\"prompt\":\"a whale\"}}",
            "/fal/glimt/clips", "{\"prompt\":\"a whale\"}");
    Set<String> jobs = new HashSet<>();
    for (Map.Entry<String, String> route : routes.entrySet()) {
      List<Callable<HttpResponse<String>>> twins =
          Collections.nCopies(4, () -> keyed(route.getKey(), "everywhere", route.getValue()));
      Set<String> answers = new HashSet<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (Future<HttpResponse<String>> answer : threads.invokeAll(twins)) {
          answers.add(answer.get().statusCode() + answer.get().body());
        }
      }
      assertThat(answers).as(route.getKey()).hasSize(1);
      HttpResponse<String> first = keyed(route.getKey(), "everywhere", route.getValue());
      JsonNode document = RealFarm.json(first);
      String job = document.path("id").asText(document.path("request_id").asText());
      jobs.add(job);
      farm.post("/v1/jobs/" + job + "/cancel", "");
      HttpResponse<String> later = keyed(route.getKey(), "everywhere", route.getValue());
      assertThat(later.statusCode() + later.body()).isIn(answers);
      assertThat(later.headers().firstValue("Location"))
          .isEqualTo(first.headers().firstValue("Location"));
      assertThat(
              keyed(route.getKey(), "everywhere", route.getValue().replace("a ", "a blue "))
                  .statusCode())
          .isEqualTo(422);
    }
    assertThat(jobs).hasSize(routes.size());
  }

  private HttpResponse<String> keyed(String key, String wish) {
    return keyed("/v1/jobs", key, wish);
  }

  private HttpResponse<String> keyed(String path, String key, String wish) {
    return farm.send(
        farm.request(path)
            .header("Content-Type", "application/json")
            .header("Idempotency-Key", key)
            .POST(BodyPublishers.ofString(wish))
            .build());
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
    // A full page can be the last one too.
    int all = RealFarm.json(farm.get("/v1/jobs?limit=100")).get("jobs").size();
    assertThat(all).isLessThan(100);
    HttpResponse<String> full = farm.get("/v1/jobs?limit=" + all);
    assertThat(ids(full)).hasSize(all);
    assertThat(RealFarm.json(full).get("next").isNull()).isTrue();
    assertThat(RealFarm.json(farm.get("/v1/jobs?limit=" + (all - 1))).get("next").isNull())
        .isFalse();
    assertThat(ids(farm.get("/v1/jobs?state=queued&limit=1"))).containsExactly(third.toString());
  }

  @Test
  void the_farm_says_what_it_can_do_and_who_does_it() {
    HttpResponse<String> models = farm.get("/v1/models");
    contract.allows("listModels", models);
    assertThat(names(RealFarm.json(models).get("models")))
        .containsExactly("clips", "objects", "pictures");
    assertThat(RealFarm.json(models).at("/models/0/standing").textValue()).isIn("here", "coming");
    assertThat(RealFarm.json(models).at("/models/0/levels/1/extent/width").intValue())
        .isEqualTo(64);
    HttpResponse<String> workers = farm.get("/v1/workers");
    contract.allows("listWorkers", workers);
    assertThat(RealFarm.json(workers).get("workers")).isEmpty();
    assertThat(RealFarm.json(workers).get("lateWords").isObject()).isTrue();
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
