package glimt.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class CloudsTest {
  private static final float[] ONE = {0, 0, 0, 9, 9, 9};
  private static final float[] TWO = {3, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};

  @Test
  void a_cloud_is_no_distance_from_itself() {
    assertThat(Clouds.chamfer(TWO, TWO)).isZero();
  }

  @Test
  void chamfer_adds_the_mean_squares_of_both_ways() {
    assertThat(Clouds.chamfer(ONE, TWO)).isCloseTo(1 + (25 + 1) / 2.0, Offset.offset(1e-6));
    assertThat(Clouds.chamfer(TWO, ONE)).isEqualTo(Clouds.chamfer(ONE, TWO));
  }
}
