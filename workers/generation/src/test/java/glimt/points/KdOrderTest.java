package glimt.points;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class KdOrderTest {
  private static final int POINTS = 1024;

  private final float[] cloud = cloud(POINTS);

  @Test
  void the_order_is_a_permutation() {
    int[] sorted = KdOrder.of(cloud);
    Arrays.sort(sorted);
    assertThat(sorted).containsExactly(java.util.stream.IntStream.range(0, POINTS).toArray());
  }

  @Test
  void the_order_is_of_the_set_and_not_of_how_it_came() {
    float[] backwards = new float[cloud.length];
    for (int i = 0; i < POINTS; i++) {
      System.arraycopy(cloud, i * 6, backwards, (POINTS - 1 - i) * 6, 6);
    }
    assertThat(KdOrder.sorted(backwards)).containsExactly(KdOrder.sorted(cloud));
  }

  @Test
  void an_ordered_cloud_keeps_its_order() {
    float[] once = KdOrder.sorted(cloud);
    assertThat(KdOrder.sorted(once)).containsExactly(once);
  }

  @Test
  void the_first_half_is_the_lower_one() {
    float[] sorted = KdOrder.sorted(cloud);
    float highest = Float.NEGATIVE_INFINITY;
    float lowest = Float.POSITIVE_INFINITY;
    for (int i = 0; i < POINTS; i++) {
      float height = sorted[i * 6 + 1] + 0.04f * sorted[i * 6] + 0.03f * sorted[i * 6 + 2];
      if (i < POINTS / 2) {
        highest = Math.max(highest, height);
      } else {
        lowest = Math.min(lowest, height);
      }
    }
    assertThat(highest).isLessThanOrEqualTo(lowest);
  }

  @Test
  void sixteen_neighbours_are_close_together() {
    float[] sorted = KdOrder.sorted(cloud);
    double within = 0;
    double across = 0;
    for (int i = 0; i < POINTS; i++) {
      int token = i / 16 * 16;
      within += distance(sorted, i, token + (i + 7) % 16);
      across += distance(sorted, i, (i + POINTS / 2) % POINTS);
    }
    assertThat(within).isLessThan(across / 2);
  }

  @Test
  void points_at_one_place_keep_the_order_they_came_in() {
    float[] same = new float[16 * 6];
    assertThat(KdOrder.of(same))
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  }

  static float[] cloud(int points) {
    SplittableRandom random = new SplittableRandom(5);
    float[] cloud = new float[points * 6];
    for (int i = 0; i < cloud.length; i++) {
      cloud[i] = (float) random.nextDouble(-1, 1);
    }
    return cloud;
  }

  private static double distance(float[] cloud, int i, int j) {
    double sum = 0;
    for (int axis = 0; axis < 3; axis++) {
      double off = cloud[i * 6 + axis] - cloud[j * 6 + axis];
      sum += off * off;
    }
    return Math.sqrt(sum);
  }
}
