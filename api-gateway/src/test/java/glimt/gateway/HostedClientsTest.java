package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.outside.Outside;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The APIs of hosting platforms, by their own clients. */
@ExtendWith(RealFarm.Given.class)
@Timeout(120)
class HostedClientsTest {
  private final RealFarm farm;

  HostedClientsTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void replicates_client_makes_a_cloud_and_a_video_and_sees_its_progress(@TempDir Path folder)
      throws Exception {
    run(folder, "replicate@1.4.0", "replicate-client.mjs");
  }

  @Test
  void fals_client_makes_a_video_a_cloud_and_an_image_and_sees_its_progress(@TempDir Path folder)
      throws Exception {
    run(folder, "@fal-ai/client@1.10.1", "fal-client.mjs");
  }

  private void run(Path folder, String client, String script) throws Exception {
    Outside.npm(folder, client, script);
    try (SteadyWorker worker = new SteadyWorker(farm)) {
      Outside.script(
          folder,
          line -> {
            if (line.equals("seen")) {
              worker.goOn();
            }
          },
          script,
          farm.uri.toString());
    }
  }

  @Test
  void a_prediction_that_is_waited_for_in_vain_is_starting() {
    HttpResponse<String> made =
        farm.send(
            farm.request("/v1/predictions")
                .header("Content-Type", "application/json")
                .header("Prefer", "wait=1")
                .POST(
                    BodyPublishers.ofString(
                        "{\"version\":\"clips\",\"input\":{\"prompt\":\"a whale\",\"size\":16}}"))
                .build());
    farm.contract().allows("createPrediction", made);
    assertThat(made.statusCode()).isEqualTo(201);
    JsonNode prediction = RealFarm.json(made);
    assertThat(prediction.get("status").textValue()).isEqualTo("starting");
    JobId job = JobId.parse(prediction.get("id").textValue());
    farm.finish(job);
    HttpResponse<String> found = farm.get("/v1/predictions/" + job);
    farm.contract().allows("findPrediction", found);
    JsonNode done = RealFarm.json(found);
    assertThat(done.get("status").textValue()).isEqualTo("succeeded");
    assertThat(done.get("output").textValue())
        .isEqualTo(farm.uri + "/v1/jobs/" + job + "/artifacts/base");
    assertThat(done.get("logs").textValue())
        .isEqualTo("submitted\nstarted\nlevel base is finished\nsucceeded\n");
    farm.contract().allows("listPredictions", farm.get("/v1/predictions"));
  }

  @Test
  void what_is_wrong_with_an_input_is_said_by_the_name_that_it_was_given() {
    for (String wrong :
        List.of(
            "{} | version",
            "{\"version\":\"clips\"} | input",
            "{\"version\":\"none\",\"input\":{}} | version",
            "{\"model\":\"none\",\"input\":{}} | model",
            "{\"version\":\"clips\",\"input\":[]} | input",
            "{\"version\":\"clips\",\"input\":{\"prompt\":\"a\",\"frobs\":1}} | input.frobs",
            "{\"version\":\"clips\",\"input\":{\"prompt\":\"a\",\"kind\":\"video\"}} | input.kind",
            "{\"version\":\"clips\",\"input\":{\"prompt\":\"a\",\"num_frames\":5}}"
                + " | input.num_frames",
            "{\"version\":\"clips\",\"input\":{\"prompt\":\"a\"},\"webhook\":\"x\"} | webhook")) {
      String[] words = wrong.split(" \\| ", -1);
      HttpResponse<String> answer = farm.post("/v1/predictions", words[0]);
      farm.contract().allows("createPrediction", answer);
      assertThat(answer.statusCode()).as(wrong + answer.body()).isEqualTo(400);
      assertThat(RealFarm.json(answer).get("field").textValue()).as(wrong).isEqualTo(words[1]);
    }
    HttpResponse<String> queued = farm.post("/fal/glimt/clips", "{\"prompt\":7}");
    farm.contract().allows("enqueue", queued);
    assertThat(queued.statusCode()).isEqualTo(422);
    assertThat(farm.post("/fal/other/clips", "{\"prompt\":\"a\"}").statusCode()).isEqualTo(422);
    assertThat(farm.post("/fal/glimt/clips", "nothing").statusCode()).isEqualTo(400);
  }
}
