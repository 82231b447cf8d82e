package glimt.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class SurfaceTest {
  private static final double FUZZ = 0.01;

  /**
   * Points of a square of side 2, one half red and one half blue, with offsets from the plane of up
   * to {@code fuzz}.
   */
  private static float[] plate(double fuzz) {
    SplittableRandom random = new SplittableRandom(5);
    float[] cloud = new float[2048 * 6];
    for (int at = 0; at < cloud.length; at += 6) {
      cloud[at] = (float) random.nextDouble(-1, 1);
      cloud[at + 1] = (float) (fuzz * random.nextGaussian());
      cloud[at + 2] = (float) random.nextDouble(-1, 1);
      cloud[at + (cloud[at] < 0 ? 3 : 5)] = 1;
    }
    return cloud;
  }

  @Test
  void a_plate_is_smooth_and_its_halves_are_of_one_colour_each() {
    Surface surface = Surface.of(plate(0));
    assertThat(surface.roughness()).isCloseTo(0, Offset.offset(1e-6));
    assertThat(surface.speckle()).isBetween(0.0, 0.03); // only along the edge between the colours
  }

  @Test
  void roughness_is_how_far_points_lie_off_the_plate() {
    // the smallest principal deviation of 12 points is slightly below the fuzz they were drawn with
    assertThat(Surface.of(plate(FUZZ)).roughness()).isBetween(0.75 * FUZZ, FUZZ);
  }

  @Test
  void colours_strewn_at_random_are_speckle() {
    float[] cloud = plate(0);
    SplittableRandom random = new SplittableRandom(6);
    for (int at = 0; at < cloud.length; at += 6) {
      boolean red = random.nextBoolean();
      cloud[at + 3] = red ? 1 : 0;
      cloud[at + 5] = red ? 0 : 1;
    }
    // half of all neighbours have the other colour, which differs in two of three channels
    assertThat(Surface.of(cloud).speckle()).isCloseTo(1 / 3.0, Offset.offset(0.02));
  }

  @Test
  void the_least_eigenvalue_is_that_of_the_matrix() {
    double[][] diagonal = {{3, 0, 0}, {0, 1, 0}, {0, 0, 2}};
    assertThat(Surface.leastEigenvalue(diagonal)).isCloseTo(1, Offset.offset(1e-12));
    double[][] mixed = {{2, 1, 0}, {0, 2, 0}, {0, 0, 5}}; // 1, 3, 5
    assertThat(Surface.leastEigenvalue(mixed)).isCloseTo(1, Offset.offset(1e-12));
    double[][] round = {{4, 0, 0}, {0, 4, 0}, {0, 0, 4}};
    assertThat(Surface.leastEigenvalue(round)).isEqualTo(4);
  }
}
