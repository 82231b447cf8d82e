package glimt.training.pictures;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import glimt.bundle.Bundle;
import glimt.bundle.Network;
import glimt.bundle.Precision;
import glimt.metrics.Figure;
import glimt.training.Training;
import glimt.training.TrainingObserver;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.Evaluator;
import glimt.training.evaluation.Extent;
import glimt.training.evaluation.Report;
import glimt.training.recipe.Recipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureTrainingTest {
  private static final TrainingObserver NOBODY =
      new TrainingObserver() {
        @Override
        public void now(String line) {}

        @Override
        public void done(String line) {}
      };

  @Test
  void a_bundle_is_trained_from_an_archive_of_sprites_and_measured(
      @TempDir Path sources, @TempDir Path data, @TempDir Path out) throws Exception {
    Path recipeFile = SmallPictures.recipe(sources);
    Recipe recipe = Recipe.read(recipeFile);
    List<String> names = List.of("1f433", "1f680", "1f384");
    SmallPictures.sprites(data.resolve("sprites.tgz"), names);

    boolean complete = new Training(recipeFile, data, out).train(null, false, NOBODY, () -> false);

    assertThat(complete).isTrue();
    assertThat(Files.exists(out.resolve("decoder.safetensors"))).isTrue();
    Bundle bundle = Bundle.open(out);
    assertThat(bundle.card().files())
        .containsKeys("text.safetensors", "tokenizer.json", "decoder.py", "blocks/picture_codec.py")
        .doesNotContainKey("autoencoder.safetensors");
    Candidate candidate = Candidate.of(bundle);
    try (Evaluator<?, ?> evaluator =
        Evaluator.of(candidate, PictureMaterial.of(recipe, data), _ -> {})) {
      Report report = evaluator.measure(new Extent(0, 0, 12), true);

      assertThat(report.figures()).extracting(Figure::what).contains("both", "sharpness / real");
      assertThat(figure(report, "background").beside()).containsEntry("real", 1.0);
      assertThat(report.sheet()).isNotNull();
    }
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      assertThat(answer(bundle, precision)).doesNotContain(Float.NaN);
    }
  }

  private static float[] answer(Bundle bundle, Precision precision) {
    try (Network network = bundle.network("picture", precision);
        NDManager scope = NDManager.newBaseManager("PyTorch")) {
      return network
          .call(
              Map.of(
                  "x", scope.ones(new Shape(2, 13, 16, 16)),
                  "noise", scope.zeros(new Shape(2)),
                  "text", scope.ones(new Shape(2, 24, 384))))
          .singletonOrThrow()
          .toFloatArray();
    }
  }

  private static Figure figure(Report report, String what) {
    return report.figures().stream()
        .filter(one -> one.what().equals(what))
        .findFirst()
        .orElseThrow();
  }
}
