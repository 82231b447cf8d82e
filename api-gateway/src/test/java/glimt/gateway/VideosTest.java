package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.job.JobView;
import glimt.job.SamplingOptions;
import glimt.outside.Outside;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(RealFarm.Given.class)
class VideosTest {
  private final RealFarm farm;

  VideosTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void a_video_is_asked_for_and_looked_at_in_their_shape() {
    HttpResponse<String> created =
        farm.post(
            "/v1/videos",
            "{\"prompt\":\"a whale\",\"size\":\"16x16\",\"seed\":7,\"num_inference_steps\":4}");
    assertThat(created.statusCode()).isEqualTo(200);
    farm.contract().allows("createVideo", created);
    JsonNode video = RealFarm.json(created);
    assertThat(video.get("status").textValue()).isEqualTo("queued");
    assertThat(video.get("size").textValue()).isEqualTo("16x16");
    assertThat(video.get("seconds").textValue()).isEqualTo("1");
    JobId job = JobId.parse(video.get("id").textValue());
    assertThat(farm.find(job).spec().sampling().seed()).isEqualTo(7);
    assertThat(farm.find(job).spec().sampling().steps()).isEqualTo(4);

    HttpResponse<String> early = farm.get("/v1/videos/" + job + "/content");
    assertThat(early.statusCode()).isEqualTo(409);
    assertThat(early.headers().firstValue("x-should-retry")).contains("false");

    farm.finish(job);
    HttpResponse<String> retrieved = farm.get("/v1/videos/" + job);
    farm.contract().allows("retrieveVideo", retrieved);
    assertThat(RealFarm.json(retrieved).get("status").textValue()).isEqualTo("completed");
    assertThat(RealFarm.json(retrieved).get("progress").intValue()).isEqualTo(100);
    HttpResponse<String> content = farm.get("/v1/videos/" + job + "/content?variant=video");
    assertThat(content.statusCode()).isEqualTo(200);
    assertThat(content.headers().firstValue("Content-Type")).contains("video/mp4");
  }

  @Test
  void seconds_are_those_of_the_file_as_text_or_as_a_number() {
    for (String seconds : List.of("\"1\"", "1", "1.0", "\"1.00\"")) {
      HttpResponse<String> one =
          farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"seconds\":" + seconds + "}");
      assertThat(one.statusCode()).as(seconds).isEqualTo(200);
      assertThat(RealFarm.json(one).get("seconds").textValue()).isEqualTo("1");
    }
    HttpResponse<String> four =
        farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"seconds\":\"4\"}");
    assertThat(four.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(four).at("/error/param").textValue()).isEqualTo("seconds");
    assertThat(RealFarm.json(four).at("/error/message").textValue())
        .isEqualTo("seconds: must be 1, as every video of clips has that length");
  }

  @Test
  void what_is_wrong_is_said_by_their_names() {
    HttpResponse<String> answer =
        farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"num_frames\":5}");
    assertThat(answer.statusCode()).isEqualTo(400);
    farm.contract().allows("createVideo", answer);
    JsonNode error = RealFarm.json(answer).get("error");
    assertThat(error.get("param").textValue()).isEqualTo("num_frames");
    assertThat(error.get("message").textValue()).contains("must be 8");
  }

  @Test
  void a_seed_of_minus_one_is_a_new_one_that_is_told() {
    JsonNode video = RealFarm.json(farm.post("/v1/videos", "{\"prompt\":\"a\",\"seed\":-1}"));
    JsonNode job = RealFarm.json(farm.get("/v1/jobs/" + video.get("id").textValue()));
    assertThat(job.get("seed").longValue()).isBetween(0L, SamplingOptions.SEED_LIMIT);
  }

  @Test
  void a_cancelled_video_failed_and_says_so() {
    JobId job = farm.submit("{\"prompt\":\"a whale\"}");
    farm.post("/v1/jobs/" + job + "/cancel", "");
    JsonNode video = RealFarm.json(farm.get("/v1/videos/" + job));
    assertThat(video.get("status").textValue()).isEqualTo("failed");
    assertThat(video.at("/error/code").textValue()).isEqualTo("canceled");
  }

  @Test
  void a_point_cloud_is_no_video() {
    JobId job = farm.submit("{\"kind\":\"points\",\"prompt\":\"a tree\"}");
    assertThat(farm.get("/v1/videos/" + job).statusCode()).isEqualTo(404);
  }

  @Test
  void a_picture_is_refused_by_its_name_where_the_model_cannot_begin_with_one() {
    for (String reference :
        List.of(
            "\"%s\"".formatted("a".repeat(64)),
            "{\"file_id\":\"%s\"}".formatted("a".repeat(64)),
            "{\"image_url\":\"https://example.org/a.png\"}",
            "{\"image_url\":\"data:image/png;base64,AAAA\"}",
            "7")) {
      HttpResponse<String> answer =
          farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"input_reference\":" + reference + "}");
      farm.contract().allows("createVideo", answer);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
    }
  }

  @Test
  void other_files_are_not_taken() {
    String body =
        """
        --x\r
        Content-Disposition: form-data; name="prompt"\r
        \r
        a whale\r
        --x\r
        Content-Disposition: form-data; name="video"; filename="a.png"\r
        Content-Type: image/png\r
        \r
        not really\r
        --x--\r
        """;
    HttpResponse<String> answer =
        farm.send(
            farm.request("/v1/videos")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .POST(BodyPublishers.ofString(body))
                .build());
    assertThat(answer.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo("video");
  }

  @Test
  void videos_are_listed_page_by_page_the_newest_first_or_the_oldest() {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      ids.add(
          RealFarm.json(farm.post("/v1/videos", "{\"prompt\":\"a whale\"}")).get("id").textValue());
      farm.submit("{\"kind\":\"points\",\"prompt\":\"a tree\"}");
    }
    HttpResponse<String> first = farm.get("/v1/videos?limit=2");
    farm.contract().allows("listVideos", first);
    JsonNode page = RealFarm.json(first);
    assertThat(page.get("object").textValue()).isEqualTo("list");
    assertThat(page.get("data")).hasSize(2);
    assertThat(page.get("first_id").textValue()).isEqualTo(ids.get(2));
    assertThat(page.get("last_id").textValue()).isEqualTo(ids.get(1));
    assertThat(page.get("has_more").booleanValue()).isTrue();
    JsonNode up = RealFarm.json(farm.get("/v1/videos?order=asc&limit=1&after=" + ids.get(1)));
    assertThat(up.get("first_id").textValue()).isEqualTo(ids.get(2));
    assertThat(up.get("has_more").booleanValue()).isFalse();
    JsonNode end = RealFarm.json(farm.get("/v1/videos?order=asc&after=" + ids.get(2)));
    assertThat(end.get("data")).isEmpty();
    assertThat(end.get("first_id").isNull()).isTrue();
    for (String wrong : List.of("limit=0", "order=random", "after=7", "page=2")) {
      HttpResponse<String> answer = farm.get("/v1/videos?" + wrong);
      farm.contract().allows("listVideos", answer);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
    }
  }

  @Test
  void a_deleted_video_is_gone_as_a_job_too_and_one_that_runs_is_cancelled_first() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    HttpResponse<String> early = delete(job);
    farm.contract().allows("deleteVideo", early);
    assertThat(early.statusCode()).isEqualTo(409);
    assertThat(RealFarm.json(early).at("/error/message").textValue()).contains("cancel it");
    farm.finish(job);
    HttpResponse<String> answer = delete(job);
    farm.contract().allows("deleteVideo", answer);
    assertThat(answer.body())
        .isEqualTo("{\"id\":\"%s\",\"object\":\"video.deleted\",\"deleted\":true}", job);
    for (String path : List.of("/v1/videos/%s", "/v1/videos/%s/content", "/v1/jobs/%s")) {
      assertThat(farm.get(path.formatted(job)).statusCode()).isEqualTo(404);
    }
    assertThat(delete(job).statusCode()).isEqualTo(404);
    assertThat(farm.get("/v1/videos?limit=1&after=" + job).statusCode())
        .as("a list that was on its way goes on")
        .isEqualTo(200);
  }

  private HttpResponse<String> delete(JobId job) {
    return farm.send(farm.request("/v1/videos/" + job).DELETE().build());
  }

  @Test
  void a_thumbnail_and_a_sheet_are_pictures_of_the_file() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(job);
    for (String variant : List.of("thumbnail", "spritesheet")) {
      String path = "/v1/videos/" + job + "/content?variant=" + variant;
      HttpResponse<String> answer = farm.get(path);
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Content-Type")).contains("image/jpeg");
      assertThat(answer.body())
          .startsWith(variant.equals("thumbnail") ? "thumbnail" : "sheet")
          .endsWith("of 8 frames: base of " + job);
      String tag = answer.headers().firstValue("ETag").orElseThrow();
      assertThat(farm.send(farm.request(path).header("If-None-Match", tag).build()).statusCode())
          .isEqualTo(304);
      assertThat(farm.send(farm.request(path).header("If-Match", "\"x\"").build()).statusCode())
          .isEqualTo(412);
    }
    HttpResponse<String> wrong = farm.get("/v1/videos/" + job + "/content?variant=poster");
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(wrong).at("/error/message").textValue()).contains("spritesheet");
  }

  @Test
  void what_is_not_offered_is_refused_in_their_shape_with_what_is() {
    HttpResponse<String> answer = farm.post("/v1/videos/edits", "{\"prompt\":\"a tree\"}");
    assertThat(answer.statusCode()).isIn(404, 405);
    assertThat(RealFarm.json(answer).at("/error/message").textValue())
        .contains("this API has ", "POST /v1/videos,", "DELETE /v1/videos/{id}");
    assertThat(RealFarm.json(farm.get("/v1/videosx")).has("detail")).isTrue();
  }

  @Test
  void a_remix_is_the_same_job_with_another_prompt() {
    JobId job =
        farm.submit(
            "{\"prompt\":\"a whale\",\"size\":16,\"seed\":7,\"steps\":3,\"class\":\"bulk\"}");
    String path = "/v1/videos/" + job + "/remix";
    HttpResponse<String> remixed = farm.post(path, "{\"prompt\":\"a red whale\"}");
    farm.contract().allows("remixVideo", remixed);
    assertThat(remixed.statusCode()).isEqualTo(200);
    JsonNode video = RealFarm.json(remixed);
    assertThat(video.get("remixed_from_video_id").textValue()).isEqualTo(job.toString());
    JobView was = farm.find(job);
    JobView now = farm.find(JobId.parse(video.get("id").textValue()));
    assertThat(now.spec().watermark()).isNotEqualTo(was.spec().watermark()).isNotNull();
    assertThat(now.spec().reworded("")).isEqualTo(was.spec().reworded(""));
    assertThat(now.spec().prompt()).isEqualTo("a red whale");
    assertThat(now.urgency()).isEqualTo(was.urgency());
    assertThat(now.origin()).isEqualTo(job);
    HttpResponse<String> listed = farm.get("/v1/jobs/" + now.id());
    farm.contract().allows("findJob", listed);
    assertThat(RealFarm.json(listed).get("origin").textValue()).isEqualTo(job.toString());
    for (String wrong : List.of("{}", "{\"prompt\":\" \"}", "{\"prompt\":\"a\",\"seed\":1}")) {
      HttpResponse<String> answer = farm.post(path, wrong);
      farm.contract().allows("remixVideo", answer);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
    }
    assertThat(farm.post("/v1/videos/%s/remix".formatted(JobId.random()), "{}").statusCode())
        .isEqualTo(404);
  }

  @Test
  void a_video_is_cancelled_unless_it_has_ended() {
    JobId job = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    HttpResponse<String> cancelled = farm.post("/v1/videos/" + job + "/cancel", "");
    farm.contract().allows("cancelVideo", cancelled);
    assertThat(RealFarm.json(cancelled).at("/error/code").textValue()).isEqualTo("canceled");
    JobId made = farm.submit("{\"prompt\":\"a whale\",\"size\":16}");
    farm.finish(made);
    HttpResponse<String> late = farm.post("/v1/videos/" + made + "/cancel", "");
    farm.contract().allows("cancelVideo", late);
    assertThat(late.statusCode()).isEqualTo(409);
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai@6.49.0", "openai@7.59.0"})
  @Timeout(300)
  void the_published_client_does_all_that_it_does_with_videos(String client, @TempDir Path folder)
      throws Exception {
    Outside.npm(folder, client, "openai-client.mjs");
    Outside.script(
        folder,
        line -> {
          if (line.startsWith("made ")) {
            farm.finish(JobId.parse(line.substring(5)));
          }
        },
        "openai-client.mjs",
        farm.uri.toString());
  }
}
