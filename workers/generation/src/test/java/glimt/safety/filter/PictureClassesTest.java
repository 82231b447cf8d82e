package glimt.safety.filter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import glimt.job.ArtifactId;
import glimt.json.Json;
import glimt.media.Picture;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The classifier of pictures against nsfwjs itself (npm nsfwjs 4.3.0, tfjs 4.22.0, in Node). */
class PictureClassesTest {
  private static final Offset<Float> CLOSE = within(0.02f);

  @Test
  void it_says_what_nsfwjs_says() throws IOException {
    JsonNode golden = Json.mapper().readTree(resource("nsfwjs.json"));
    List<Picture> pictures = new ArrayList<>();
    List<JsonNode> wanted = new ArrayList<>();
    for (var one : golden.properties()) {
      pictures.add(Picture.read(resource(one.getKey())));
      wanted.add(one.getValue());
    }
    assertThat(pictures).hasSizeGreaterThanOrEqualTo(6);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        PictureClasses classes = PictureClasses.on(manager)) {
      classes.of(pictures.subList(0, 1)); // the first call is slower
      long began = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      List<SeenClass> seen = classes.of(pictures);
      long took = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - began;
      System.out.printf(
          Locale.ROOT, "%.1f ms of a processor a picture%n", took / 1e6 / pictures.size());
      float worst = 0;
      for (int i = 0; i < seen.size(); i++) {
        SeenClass it = seen.get(i);
        JsonNode want = wanted.get(i);
        worst = Math.max(worst, Math.abs(it.neutral() - want.path("neutral").floatValue()));
        assertThat(it.drawing()).isCloseTo(want.path("drawing").floatValue(), CLOSE);
        assertThat(it.hentai()).isCloseTo(want.path("hentai").floatValue(), CLOSE);
        assertThat(it.neutral()).isCloseTo(want.path("neutral").floatValue(), CLOSE);
        assertThat(it.porn()).isCloseTo(want.path("porn").floatValue(), CLOSE);
        assertThat(it.sexy()).isCloseTo(want.path("sexy").floatValue(), CLOSE);
      }
      System.out.printf(Locale.ROOT, "furthest from nsfwjs: %.4f%n", worst);
      assertThat(classes.of(pictures.subList(0, 1)).getFirst())
          .as("a picture by itself")
          .satisfies(
              one -> assertThat(one.porn()).isCloseTo(seen.getFirst().porn(), within(1e-4f)));
    }
  }

  @Test
  void its_files_are_those_of_its_card() throws IOException {
    JsonNode card = Json.mapper().readTree(resource("pictures.json"));
    for (var file : card.path("files").properties()) {
      assertThat(ArtifactId.of(resource(file.getKey())).sha256())
          .as(file.getKey())
          .isEqualTo(file.getValue().asText());
    }
    assertThat(card.path("files")).hasSize(3);
    assertThat(card.path("licence").asText()).startsWith("MIT");
  }

  private static byte[] resource(String name) throws IOException {
    try (InputStream in = PictureClassesTest.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }
}
