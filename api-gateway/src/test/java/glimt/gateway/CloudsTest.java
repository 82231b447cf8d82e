package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(RealFarm.Given.class)
class CloudsTest {
  private final RealFarm farm;

  CloudsTest(RealFarm farm) {
    this.farm = farm;
  }

  private HttpResponse<String> allowed(String operation, HttpResponse<String> answer) {
    farm.contract().allows(operation, answer);
    return answer;
  }

  @Test
  void a_cloud_goes_its_way_as_a_video_does() {
    HttpResponse<String> created =
        allowed(
            "createCloud",
            farm.post(
                "/v1/pointclouds",
                "{\"prompt\":\"a pine tree\",\"output_format\":\"ply\",\"seed\":7,"
                    + "\"num_inference_steps\":4}"));
    assertThat(created.statusCode()).as(created.body()).isEqualTo(200);
    JsonNode cloud = RealFarm.json(created);
    assertThat(cloud.get("object").textValue()).isEqualTo("pointcloud");
    assertThat(cloud.get("points").intValue()).isEqualTo(1024);
    JobId job = JobId.parse(cloud.get("id").textValue());
    assertThat(farm.find(job).spec().sampling().seed()).isEqualTo(7);
    assertThat(farm.find(job).spec().sampling().steps()).isEqualTo(4);
    String path = "/v1/pointclouds/" + job;
    assertThat(allowed("cloudContent", farm.get(path + "/content")).statusCode()).isEqualTo(409);
    farm.finish(job);
    JsonNode done = RealFarm.json(allowed("retrieveCloud", farm.get(path)));
    assertThat(done.get("status").textValue()).isEqualTo("completed");
    HttpResponse<String> file = farm.get(path + "/content");
    assertThat(file.headers().firstValue("Content-Type")).contains("application/ply");
    String tag = file.headers().firstValue("ETag").orElseThrow();
    assertThat(
            farm.send(farm.request(path + "/content").header("If-None-Match", tag).build())
                .statusCode())
        .isEqualTo(304);
    HttpResponse<String> part =
        farm.send(farm.request(path + "/content").header("Range", "bytes=0-3").build());
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(file.body().substring(0, 4));

    JsonNode remix =
        RealFarm.json(
            allowed("remixCloud", farm.post(path + "/remix", "{\"prompt\":\"a red tree\"}")));
    assertThat(remix.get("remixed_from_pointcloud_id").textValue()).isEqualTo(job.toString());
    String second = remix.get("id").textValue();
    assertThat(
            RealFarm.json(
                    allowed("cancelCloud", farm.post("/v1/pointclouds/" + second + "/cancel", "")))
                .at("/error/code")
                .textValue())
        .isEqualTo("canceled");
    JsonNode list = RealFarm.json(allowed("listClouds", farm.get("/v1/pointclouds?limit=2")));
    assertThat(list.get("first_id").textValue()).isEqualTo(second);
    assertThat(list.get("last_id").textValue()).isEqualTo(job.toString());
    HttpResponse<String> deleted = farm.send(farm.request(path).DELETE().build());
    assertThat(allowed("deleteCloud", deleted).body()).contains("pointcloud.deleted");
    assertThat(allowed("retrieveCloud", farm.get(path)).statusCode()).isEqualTo(404);
  }

  @Test
  void a_video_is_no_cloud_and_what_is_wrong_is_said_by_the_name_it_has_here() {
    JobId video = farm.submit("{\"prompt\":\"a whale\"}");
    assertThat(farm.get("/v1/pointclouds/" + video).statusCode()).isEqualTo(404);
    for (String wrong :
        List.of(
            "{\"prompt\":\"a\",\"output_format\":\"mp4\"} | output_format",
            "{\"prompt\":\"a\",\"points\":0} | points",
            "{\"prompt\":\"a\",\"points\":7} | points",
            "{\"prompt\":\"a\",\"size\":\"16x16\"} | size",
            "{\"prompt\":\"a\",\"num_inference_steps\":0} | num_inference_steps",
            "{\"prompt\":\"\"} | prompt")) {
      String[] words = wrong.split(" \\| ", -1);
      HttpResponse<String> answer = allowed("createCloud", farm.post("/v1/pointclouds", words[0]));
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
      assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo(words[1]);
    }
    HttpResponse<String> form =
        farm.send(
            farm.request("/v1/pointclouds")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .POST(
                    BodyPublishers.ofString(
                        String.join(
                            "\r\n",
                            "--x",
                            "Content-Disposition: form-data; name=\"prompt\"",
                            "",
                            "a tree",
                            "--x--",
                            "")))
                .build());
    assertThat(form.statusCode()).as(form.body()).isEqualTo(200);
  }
}
