package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.bundle.Bundle;
import glimt.bundle.Golden;
import glimt.bundle.Safetensors;
import glimt.metrics.Figure;
import glimt.training.Training;
import glimt.training.recipe.Recipe;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** The bundle that is shipped, as it lies in the repository. */
final class ObjectsBundleTest {
  private final Bundle bundle = Bundle.open(Path.of("../models/objects"));

  @Test
  void the_card_knows_the_words_that_the_networks_were_trained_on() {
    assertThat(bundle.card().vocabulary()).isEqualTo(SmallObjects.recipe().words().vocabulary());
    assertThat(bundle.card().vocabulary().read("a pine tree").warnings()).isEmpty();
  }

  @Test
  void the_card_gives_the_residual_the_units_it_was_trained_in() {
    Recipe recipe = Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE));
    recipe
        .networks()
        .forEach(
            (level, network) ->
                assertThat(bundle.card().level(level).residual())
                    .isEqualTo(Recipe.part(network.data(), ObjectRecipe.Level.class).residual()));
  }

  @Test
  void the_networks_answer_as_they_did_when_they_were_trained() {
    Safetensors answers = Golden.of(bundle);
    Safetensors then = bundle.tensors(Training.GOLDEN);
    assertThat(answers.tensors()).containsOnlyKeys(then.tensors().keySet());
    answers
        .tensors()
        .forEach(
            (level, answer) ->
                assertThat(answer.floats())
                    .usingComparatorWithPrecision(1e-3f)
                    .containsExactly(then.get(level).floats()));
  }

  @Test
  void a_prompt_decides_what_is_seen() throws InterruptedException {
    try (ObjectEvaluation evaluation = new ObjectEvaluation(bundle)) {
      List<Figure> figures = evaluation.named(1, _ -> {});
      assertThat(figures.getFirst().what()).startsWith("class top-1");
      assertThat(figures.getFirst().made()).isGreaterThanOrEqualTo(0.5);
      assertThat(figures.get(1).made()).isGreaterThanOrEqualTo(0.5);
    }
  }

  @Test
  void an_enlarged_cloud_stays_near_its_base() throws InterruptedException {
    try (CloudWalks walks = new CloudWalks(bundle)) {
      float[] base = walks.base("a rock", 1);
      float[] dense = walks.dense("a rock", base, 1);
      assertThat(dense).hasSize(4 * base.length);
      assertThat(glimt.metrics.Clouds.chamfer(dense, base)).isCloseTo(0, Offset.offset(0.05));
    }
  }
}
