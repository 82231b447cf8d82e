package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.bundle.Bundle;
import glimt.bundle.Golden;
import glimt.bundle.Safetensors;
import glimt.metrics.Clouds;
import glimt.metrics.Figure;
import glimt.model.Encoder;
import glimt.model.Level;
import glimt.training.Training;
import glimt.training.evaluation.Candidate;
import glimt.training.evaluation.CascadeSampler;
import glimt.training.evaluation.Evaluator;
import glimt.training.evaluation.Extent;
import glimt.training.evaluation.Prompt;
import glimt.training.recipe.Recipe;
import glimt.training.recipe.TrainingException;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests the shipped bundle in the repository. */
final class ObjectsBundleTest {
  private final Bundle bundle = Bundle.open(Path.of("../models/objects"));
  private final Candidate candidate = Candidate.of(bundle);

  @Test
  void the_prompt_is_read_by_the_encoder_of_pictures() {
    Bundle pictures = Bundle.open(Path.of("../models/pictures"));
    for (String file : List.of("text.py", "text.safetensors", "tokenizer.json")) {
      assertThat(bundle.card().files().get(file)).isEqualTo(pictures.card().files().get(file));
    }
    Encoder own = bundle.card().encoder("text");
    Encoder other = pictures.card().encoder("text");
    assertThat(own.reader()).isEqualTo(other.reader());
    assertThat(own.outputs()).isEqualTo(other.outputs());
  }

  @Test
  void the_card_gives_the_residual_the_units_it_was_trained_in() {
    Recipe recipe = Recipe.parse(Recipe.FILE, bundle.text(Recipe.FILE));
    recipe
        .networks()
        .forEach(
            (level, network) ->
                assertThat(bundle.card().level(level).residual())
                    .isEqualTo(
                        Recipe.part(network.data(), ObjectRecipe.LevelClouds.class).residual()));
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
    int classes = SmallObjects.recipe().words().classes().size();
    try (Evaluator<?, ?> evaluator = new Evaluator<>(candidate, assessor(), _ -> {})) {
      List<Figure> figures = evaluator.measure(new Extent(0, 0, classes), false).figures();
      assertThat(figures.getFirst().what()).startsWith("class top-1");
      assertThat(figures.getFirst().made()).isGreaterThanOrEqualTo(0.5);
      assertThat(figures.get(1).made()).isGreaterThanOrEqualTo(0.5);
    }
  }

  @Test
  void an_enlarged_cloud_stays_near_its_base() throws InterruptedException {
    Level base = bundle.card().levels().getFirst();
    Level dense = bundle.card().levels().getLast();
    Prompt<Integer> prompt = new Prompt<>("a rock", 1, 0);
    try (CascadeSampler sampler = new CascadeSampler(candidate)) {
      float[] few = sampler.whole(base, prompt, null);
      float[] many = sampler.whole(dense, prompt, few);
      assertThat(many).hasSize(4 * few.length);
      assertThat(Clouds.chamfer(many, few)).isCloseTo(0, Offset.offset(0.05));
    }
  }

  @Test
  void the_first_level_by_itself_is_refused_with_a_way_out() {
    try (Evaluator<?, ?> evaluator = new Evaluator<>(candidate, assessor(), _ -> {})) {
      assertThatThrownBy(() -> evaluator.measure("base", 1))
          .isInstanceOf(TrainingException.class)
          .hasMessageContaining("'objects'")
          .hasMessageContaining("leave out --only");
    }
  }

  @Test
  void data_whose_held_out_objects_are_copies_is_refused(@TempDir Path folder) {
    ObjectClouds twins =
        new ObjectClouds(SmallObjects.write(folder, 0.5), SmallObjects.recipe().words());
    assertThatThrownBy(() -> new ObjectAssessor(candidate, SmallObjects.recipe(), twins, _ -> {}))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("near copy")
        .hasMessageContaining("more objects");
  }

  private ObjectAssessor assessor() {
    return new ObjectAssessor(candidate, SmallObjects.recipe(), null, _ -> {});
  }
}
