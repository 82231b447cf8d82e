package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.points.KdOrder;
import glimt.training.learning.Dataset.Batch;
import glimt.training.objects.ObjectClouds.Item;
import glimt.training.recipe.TrainingException;
import glimt.training.words.CaptionEncoder;
import glimt.training.words.CaptionGrammar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ObjectCloudsTest {
  private static final Path BUNDLE = Path.of("../models/objects");
  private static final ObjectRecipe RECIPE = SmallObjects.recipe();
  private static final CaptionGrammar GRAMMAR = RECIPE.words().grammar();
  private static final ObjectRecipe.LevelClouds BASE =
      new ObjectRecipe.LevelClouds("base", 2, List.of(), List.of());
  private static final ObjectRecipe.LevelClouds DENSE =
      new ObjectRecipe.LevelClouds(
          "dense", 1, List.of(.1, .1, .1, .3, .3, .3), List.of(.1, .1, .1, .1, .1, .1));

  @TempDir static Path folder;
  private static ObjectClouds objects;
  private static ObjectCaptions captions;

  @BeforeAll
  static void read() {
    objects = new ObjectClouds(SmallObjects.write(folder), RECIPE.words());
    try (CaptionEncoder text = CaptionEncoder.of(BUNDLE, BUNDLE)) {
      captions = ObjectCaptions.of(objects, text);
    }
  }

  private static ObjectBatches batches(ObjectRecipe.LevelClouds level) {
    return new ObjectBatches(objects, RECIPE, level, () -> captions);
  }

  @Test
  void some_objects_are_held_out() {
    assertThat(objects.heldOut()).isNotEmpty().doesNotContainAnyElementsOf(objects.trained());
    assertThat(objects.heldOut().size() + objects.trained().size()).isEqualTo(24);
  }

  @Test
  void states_and_near_twins_of_an_object_are_on_its_side_of_the_split() {
    for (List<Item> side : List.of(objects.heldOut(), objects.trained())) {
      List<String> names = side.stream().map(Item::name).toList();
      assertThat(names.contains("nature|Rock_1")).isEqualTo(names.contains("nature|Rock_2"));
      for (int i = 1; i <= 8; i++) {
        assertThat(names.contains("nature|PineTree_" + i))
            .isEqualTo(names.contains("nature|PineTree_Snow_" + i));
      }
    }
  }

  @Test
  void the_split_is_the_same_every_time() {
    assertThat(new ObjectClouds(folder, RECIPE.words()).heldOut()).isEqualTo(objects.heldOut());
  }

  @Test
  void a_varied_object_fills_its_box_and_is_called_by_its_class() {
    ObjectVariations variations = new ObjectVariations(objects);
    var random = ObjectClouds.random(4);
    for (int i = 0; i < 20; i++) {
      CaptionedCloud varied = variations.draw(random);
      assertThat(GRAMMAR.subjects().get(varied.subject()).word())
          .endsWith(RECIPE.words().classes().get(varied.ofClass()).name());
      float most = 0;
      for (int at = 0; at < varied.cloud().length; at++) {
        most = at % 6 < 3 ? Math.max(most, Math.abs(varied.cloud()[at])) : most;
      }
      assertThat(most).isBetween(0.999f, 1.001f);
    }
  }

  @Test
  void a_batch_is_a_function_of_the_generator() {
    ObjectBatches batches = batches(BASE);
    Batch one = batches.batch(4, ObjectClouds.random(9));
    Batch same = batches.batch(4, ObjectClouds.random(9));
    assertThat(one.x().floats()).containsExactly(same.x().floats());
    assertThat(one.words().floats()).containsExactly(same.words().floats());
    assertThat(one.words().shape()).containsExactly(4L, 24L, 384L);
    assertThat(one.x().shape()).containsExactly(4L, 1024L, 6L);
  }

  @Test
  void samples_that_share_an_object_are_the_same_and_in_order() {
    float[] x = batches(BASE).batch(2, ObjectClouds.random(9)).x().floats();
    float[] first = Arrays.copyOf(x, x.length / 2);
    assertThat(first).containsExactly(Arrays.copyOfRange(x, x.length / 2, x.length));
    assertThat(KdOrder.sorted(first)).containsExactly(first);
  }

  @Test
  void the_dense_level_sees_the_base_in_order_with_its_own_parents_first() {
    Batch batch = batches(DENSE).batch(3, ObjectClouds.random(9));
    assertThat(batch.x().shape()).containsExactly(3L, 1024L, 6L);
    float[] below = java.util.Objects.requireNonNull(batch.below()).floats();
    float[] one = Arrays.copyOf(below, 1024 * 6);
    boolean turned = false;
    for (int parents = 0; parents < 1024; parents += 256) {
      float[] back = new float[one.length];
      System.arraycopy(one, parents * 6, back, 0, one.length - parents * 6);
      System.arraycopy(one, 0, back, one.length - parents * 6, parents * 6);
      turned |= Arrays.equals(KdOrder.sorted(back), back);
    }
    assertThat(turned).isTrue();
  }

  @Test
  void files_that_do_not_fit_together_are_refused(@TempDir Path other) throws IOException {
    SmallObjects.write(other);
    Files.writeString(other.resolve("objects.json"), "[]");
    assertThatThrownBy(() -> new ObjectClouds(other, RECIPE.words()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("objects.json has 0 rows");
    Files.writeString(other.resolve("objects.json"), "[{");
    assertThatThrownBy(() -> new ObjectClouds(other, RECIPE.words()))
        .isInstanceOf(TrainingException.class)
        .hasMessageContaining("cannot read");
  }
}
