package glimt.training.motions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import glimt.bundle.Bundle;
import glimt.json.Json;
import glimt.metrics.Figure;
import glimt.model.Quality;
import glimt.training.Training;
import glimt.training.TrainingObserver;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Evaluator;
import glimt.training.evaluation.Extent;
import glimt.training.evaluation.Report;
import glimt.training.pictures.SmallPictures;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.Student;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MotionTrainingTest {
  private static final Path BUNDLE = Path.of("../models/clips");
  private static final TrainingObserver NOBODY =
      new TrainingObserver() {
        @Override
        public void now(String line) {}

        @Override
        public void done(String line) {}
      };

  @Test
  void a_bundle_of_moving_pictures_is_trained_from_an_archive_of_sprites_and_measured(
      @TempDir Path sources, @TempDir Path data, @TempDir Path out) throws Exception {
    Path recipeFile = small(sources);
    Recipe recipe = Recipe.read(recipeFile);
    SmallPictures.sprites(data.resolve("sprites.tgz"), List.of("1f433", "1f680", "1f384"));

    assertThat(new Training(recipeFile, data, out).train(null, false, NOBODY, () -> false))
        .isTrue();

    Bundle bundle = Bundle.open(out);
    assertThat(bundle.card().files()).containsKeys("motion.safetensors", "frames.py", "text.py");
    assertThat(bundle.card().levels())
        .as("each has a student, which is taught by sentences too")
        .extracting(level -> level.at(Quality.FAST).network())
        .containsExactly("picture-fast", "motion-fast");
    Candidate candidate = Candidate.of(bundle);
    try (Evaluator<?, ?> evaluator =
        Evaluator.of(candidate, MotionMaterial.of(recipe, data), _ -> {})) {
      Report report = evaluator.measure(new Extent(0, 0, 4), false);
      assertThat(report.figures()).extracting(Figure::what).contains("motion", "all three");
      assertThat(figure(report, "background").beside()).containsEntry("real", 1.0);
      assertThat(figure(report, "motion").beside()).containsEntry("real", 1.0);
    }
  }

  private static Figure figure(Report report, String what) {
    return report.figures().stream()
        .filter(one -> one.what().equals(what))
        .findFirst()
        .orElseThrow();
  }

  /** The recipe of the default bundle with three subjects, small networks and a few steps. */
  private static Path small(Path folder) throws IOException {
    for (String file :
        List.of(
            "autoencoder.py",
            "encoder.py",
            "decoder.py",
            "picture.py",
            "motion.py",
            "frames.py",
            "frames.safetensors",
            "classifier.py",
            "text.py",
            "text.safetensors",
            "tokenizer.json")) {
      Files.copy(BUNDLE.resolve(file), folder.resolve(file));
    }
    ObjectNode recipe = (ObjectNode) Json.mapper().readTree(BUNDLE.resolve("recipe.json").toFile());
    ObjectNode data = (ObjectNode) recipe.path("data");
    data.put("captions", 20);
    ((ObjectNode) data.path("classifier")).put("steps", 12).put("batch", 8);
    ObjectNode pictures = (ObjectNode) data.path("pictures");
    ArrayNode subjects = (ArrayNode) pictures.path("grammar").path("subjects");
    while (subjects.size() > 3) {
      subjects.remove(3);
    }
    pictures.putArray("others").add(SmallPictures.OTHER);
    pictures.put("captions", 2);
    JsonNode networks = recipe.path("networks");
    network(networks.path("autoencoder"), Map.of("w", 32, "w0", 32, "w1", 16, "w2", 16));
    network(networks.path("picture"), Map.of("w0", 32, "w1", 32, "w2", 32, "d", 32));
    network(networks.path("motion"), Map.of("w", 32, "d", 32));
    for (JsonNode level : recipe.path("card").path("levels")) {
      ((ObjectNode) level.path("sampling")).put("steps", 3);
    }
    recipe.set(
        "students",
        Json.mapper()
            .valueToTree(
                Map.of("picture-fast", student("picture"), "motion-fast", student("motion"))));
    Path file = folder.resolve("recipe.json");
    Files.writeString(file, recipe.toString());
    return file;
  }

  private static Student student(String teacher) {
    return new Student(teacher, 2, 4, null, null, 2L, null, 0.0006, 0.9, null, 5);
  }

  private static void network(JsonNode network, Map<String, Integer> sizes) {
    ObjectNode settings = (ObjectNode) network;
    settings.remove("seconds");
    settings.put("steps", 6).put("batch", 4);
    sizes.forEach(((ObjectNode) settings.path("sizes"))::put);
  }
}
