package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

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
    assertThat(farm.find(job).spec().wishes().seed()).isEqualTo(7);
    assertThat(farm.find(job).spec().wishes().steps()).isEqualTo(4);

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
  void seconds_mean_frames() {
    HttpResponse<String> one =
        farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"seconds\":\"1\"}");
    assertThat(one.statusCode()).isEqualTo(200);
    HttpResponse<String> four =
        farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"seconds\":\"4\"}");
    assertThat(four.statusCode()).isEqualTo(400);
    assertThat(RealFarm.json(four).at("/error/param").textValue()).isEqualTo("seconds");
  }

  @Test
  void what_is_wrong_is_said_by_their_names() {
    HttpResponse<String> answer =
        farm.post("/v1/videos", "{\"prompt\":\"a whale\",\"num_frames\":5}");
    assertThat(answer.statusCode()).isEqualTo(400);
    farm.contract().allows("createVideo", answer);
    JsonNode error = RealFarm.json(answer).get("error");
    assertThat(error.get("param").textValue()).isEqualTo("num_frames");
    assertThat(error.get("message").textValue()).contains("8 frames");
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
  void files_are_not_taken() {
    String body =
        """
        --x\r
        Content-Disposition: form-data; name="prompt"\r
        \r
        a whale\r
        --x\r
        Content-Disposition: form-data; name="input_reference"; filename="a.png"\r
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
    assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo("input_reference");
  }

  @Test
  @Timeout(300)
  void the_published_client_makes_looks_and_fetches(@TempDir Path folder) throws Exception {
    boolean ci = "true".equals(System.getenv("CI"));
    boolean there = runs(folder, "node", "--version") && runs(folder, "npm", "--version");
    if (!there && !ci) {
      System.err.println("skipped: the test with the published client needs Node.js and npm");
    }
    assumeTrue(there || ci, "needs Node.js and npm");
    Files.writeString(folder.resolve("package.json"), "{\"type\":\"module\",\"private\":true}");
    assertThat(runs(folder, "npm", "install", "--no-audit", "--no-fund", "openai@6.49.0"))
        .as("npm install openai")
        .isTrue();
    Files.copy(
        Path.of(VideosTest.class.getResource("/openai-client.mjs").toURI()),
        folder.resolve("client.mjs"));
    Process client =
        new ProcessBuilder("node", "client.mjs", farm.uri.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    List<String> said = new ArrayList<>();
    try (var out = client.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        said.add(line);
        if (line.startsWith("made ")) {
          farm.finish(JobId.parse(line.substring(5)));
        }
      }
    } finally {
      client.destroy();
    }
    assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
    assertThat(said).as("exit %s", client.exitValue()).last().isEqualTo("all is well");
  }

  private static boolean runs(Path folder, String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("said").toFile())
              .start();
      return process.waitFor(240, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
