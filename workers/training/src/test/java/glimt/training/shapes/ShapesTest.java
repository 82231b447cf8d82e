package glimt.training.shapes;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.media.Picture;
import glimt.training.clips.ClipMaterial;
import glimt.training.learning.Dataset;
import glimt.training.learning.Dataset.Batch;
import glimt.training.recipe.Recipe;
import java.nio.file.Path;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ShapesTest {
  private static final Recipe TOY = Recipe.read(Path.of("../recipes/toy.json"));

  @Test
  void the_toy_has_scenes_of_moving_shapes_and_no_file_to_read() {
    ClipMaterial shapes = Shapes.material(TOY);
    Batch batch = dataset(shapes).batch(64, new SplittableRandom(1));
    assertThat(batch.x().dimensions()).containsExactly(64, 8, 3, 16, 16);
    float[] x = batch.x().floats();
    double sum = 0;
    double squares = 0;
    for (float value : x) {
      assertThat(value).isBetween(-1.001f, 1.001f);
      sum += value / x.length;
      squares += value * value / x.length;
    }
    assertThat(Math.sqrt(squares - sum * sum)).as("the recipe's sigmaData").isBetween(0.45, 0.75);
    assertThat(batch.words().longs()).contains(1, 2, 3, 4).doesNotContain(14);
  }

  @Test
  void its_scenes_are_drawn_as_a_sheet() {
    Dataset data = dataset(Shapes.material(TOY));
    Batch batch = data.batch(4, new SplittableRandom(2));
    Picture sheet = data.picture(batch, batch.x().floats()).orElseThrow();
    assertThat(sheet.width()).isGreaterThan(8 * 64);
    assertThat(sheet.height()).isBetween(4 * 64, 4 * 100);
  }

  private static Dataset dataset(ClipMaterial shapes) {
    return shapes.dataset(
        Objects.requireNonNull(TOY.networks().get("base")), Path.of("."), Path.of("."));
  }
}
