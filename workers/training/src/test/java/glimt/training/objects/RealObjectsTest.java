package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.training.objects.ObjectClouds.Item;
import glimt.training.objects.RealObjects.Nearest;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RealObjectsTest {
  @TempDir static Path folder;
  private static ObjectClouds objects;
  private static RealObjects real;

  @BeforeAll
  static void read() {
    objects = new ObjectClouds(SmallObjects.write(folder, 0.5), SmallObjects.recipe().words());
    real = new RealObjects(objects);
  }

  @ParameterizedTest(name = "turned by {0} of 360 degrees")
  @ValueSource(doubles = {0, 30, 37, 45, 105, 248.2})
  void a_copy_is_found_however_it_was_turned(double degrees) {
    for (Item item : objects.trained()) {
      Nearest found = real.nearest(real.specimen(item, Math.toRadians(degrees), false));
      assertThat(found.copy().ofClass()).isEqualTo(item.ofClass());
      assertThat(found.distance()).as(item.name()).isLessThan(RealObjects.TWIN);
    }
  }

  @Test
  void what_was_held_out_is_farther_from_what_was_trained_on_than_a_copy() {
    List<Item> trained = objects.trained();
    double copies = mean(real.specimens(trained, 3));
    assertThat(mean(real.specimens(objects.heldOut(), 3))).isGreaterThan(1.3 * copies);
  }

  private static double mean(List<Specimen> specimens) {
    return specimens.stream().mapToDouble(one -> real.nearest(one).distance()).average().orElse(0);
  }

  @Test
  void those_that_stand_in_are_of_the_same_classes_and_all_different() {
    List<Item> items = objects.heldOut();
    List<Specimen> chosen = real.standIns(items, 1);
    assertThat(chosen.stream().map(Specimen::ofClass))
        .containsExactlyElementsOf(items.stream().map(Item::ofClass).toList());
    double[][] apart = RealObjects.distances(chosen);
    for (int i = 0; i < apart.length; i++) {
      for (int j = 0; j < i; j++) {
        assertThat(apart[i][j]).isEqualTo(apart[j][i]).isPositive();
      }
    }
  }
}
