package glimt.points;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class PointLevelsTest {
  private final float[] dense = KdOrderTest.cloud(256);
  private final PointLevels levels = PointLevels.of(dense);

  @Test
  void every_parent_is_a_point_of_the_cloud() {
    assertThat(rows(dense)).containsAll(rows(levels.base()));
  }

  @Test
  void parents_and_residuals_make_the_cloud_again() {
    float[] parents = PointLevels.parents(levels.base(), 0, 256);
    float[] again = new float[dense.length];
    for (int i = 0; i < again.length; i++) {
      again[i] = parents[i] + levels.residual()[i];
    }
    float[] sorted = KdOrder.sorted(dense);
    float[] sortedAgain = KdOrder.sorted(again);
    for (int i = 0; i < sorted.length; i++) {
      assertThat(sortedAgain[i]).isCloseTo(sorted[i], Offset.offset(1e-5f));
    }
  }

  @Test
  void the_first_child_is_the_parent_itself() {
    for (int parent = 0; parent < 64; parent++) {
      int at = parent * 4 * 6;
      assertThat(Arrays.copyOfRange(levels.residual(), at, at + 6)).containsOnly(0);
    }
  }

  @Test
  void the_base_comes_in_the_order_that_sampling_gives_it() {
    assertThat(KdOrder.sorted(levels.base())).containsExactly(levels.base());
  }

  @Test
  void what_lies_below_a_window_begins_with_its_own_parents() {
    float[] below = PointLevels.below(levels.base(), 128);
    assertThat(Arrays.copyOf(below, 32 * 6))
        .containsExactly(Arrays.copyOfRange(levels.base(), 32 * 6, 64 * 6));
    assertThat(rows(below)).containsExactlyInAnyOrderElementsOf(rows(levels.base()));
    assertThat(Arrays.copyOf(PointLevels.parents(levels.base(), 128, 4), 6))
        .containsExactly(Arrays.copyOf(below, 6));
  }

  @Test
  void a_base_out_of_order_is_put_in_order_first() {
    float[] swapped = levels.base().clone();
    System.arraycopy(levels.base(), 0, swapped, 60, 6);
    System.arraycopy(levels.base(), 60, swapped, 0, 6);
    assertThat(PointLevels.below(swapped, 0)).containsExactly(levels.base());
    assertThat(PointLevels.parents(swapped, 40, 8))
        .containsExactly(PointLevels.parents(levels.base(), 40, 8));
  }

  private static List<List<Float>> rows(float[] cloud) {
    List<List<Float>> rows = new ArrayList<>();
    for (int at = 0; at < cloud.length; at += 6) {
      List<Float> row = new ArrayList<>();
      for (int i = at; i < at + 6; i++) {
        row.add(cloud[i]);
      }
      rows.add(row);
    }
    return rows;
  }
}
