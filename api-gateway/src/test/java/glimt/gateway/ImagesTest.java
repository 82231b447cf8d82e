package glimt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.JobId;
import glimt.outside.Outside;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(RealFarm.Given.class)
@Timeout(120)
class ImagesTest {
  private final RealFarm farm;

  ImagesTest(RealFarm farm) {
    this.farm = farm;
  }

  @Test
  void images_are_made_while_one_waits_each_with_a_seed_of_its_own() {
    try (SteadyWorker _ = new SteadyWorker(farm)) {
      HttpResponse<String> made =
          farm.post("/v1/images/generations", "{\"prompt\":\"a whale\",\"n\":3,\"seed\":9}");
      farm.contract().allows("generateImages", made);
      assertThat(made.statusCode()).as(made.body()).isEqualTo(200);
      JsonNode images = RealFarm.json(made);
      assertThat(images.get("size").textValue()).isEqualTo("32x32");
      assertThat(images.get("output_format").textValue()).isEqualTo("png");
      List<Long> seeds = new ArrayList<>();
      for (JsonNode image : images.get("data")) {
        String file =
            new String(
                Base64.getDecoder().decode(image.get("b64_json").textValue()),
                StandardCharsets.UTF_8);
        JobId job = JobId.parse(file.lines().findFirst().orElseThrow().split(" of ", -1)[1]);
        seeds.add(farm.find(job).spec().sampling().seed());
      }
      assertThat(seeds).containsExactly(9L, 10L, 11L);

      HttpResponse<String> linked =
          farm.post(
              "/v1/images/generations",
              "{\"prompt\":\"a"
                  + " whale\",\"n\":2,\"response_format\":\"url\",\"output_format\":\"webp\"}");
      farm.contract().allows("generateImages", linked);
      HashSet<String> files = new HashSet<>();
      for (JsonNode image : RealFarm.json(linked).get("data")) {
        URI url = URI.create(image.get("url").textValue());
        HttpResponse<String> file = farm.send(HttpRequest.newBuilder(url).build());
        assertThat(file.statusCode()).isEqualTo(200);
        assertThat(file.headers().firstValue("Content-Type")).contains("image/webp");
        files.add(file.body());
      }
      assertThat(files).hasSize(2);
    }
  }

  @Test
  void what_is_wrong_is_said_by_their_names() {
    for (String wrong :
        List.of(
            "{\"n\":2,\"stream\":true,\"prompt\":\"a\"} | n",
            "{\"n\":11,\"prompt\":\"a\"} | n",
            "{\"prompt\":\"a\",\"size\":\"1024x1024\"} | size",
            "{\"prompt\":\"a\",\"output_format\":\"gif\"} | output_format",
            "{\"prompt\":\"a\",\"background\":\"transparent\"} | background",
            "{\"prompt\":\"a\",\"model\":\"gpt-image-1\"} | model",
            "{\"prompt\":\"\"} | prompt",
            "{\"prompt\":\"a\",\"partial_images\":4} | partial_images")) {
      String[] words = wrong.split(" \\| ", -1);
      HttpResponse<String> answer = farm.post("/v1/images/generations", words[0]);
      farm.contract().allows("generateImages", answer);
      assertThat(answer.statusCode()).as(wrong).isEqualTo(400);
      assertThat(RealFarm.json(answer).at("/error/param").textValue()).isEqualTo(words[1]);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai@6.49.0", "openai@7.59.0"})
  void the_published_client_makes_images_and_watches_one(String client, @TempDir Path folder)
      throws Exception {
    Outside.npm(folder, client, "openai-images.mjs");
    try (SteadyWorker worker = new SteadyWorker(farm)) {
      Outside.script(
          folder,
          line -> {
            if (line.equals("seen")) {
              worker.goOn();
            }
          },
          "openai-images.mjs",
          farm.uri.toString());
    }
  }
}
