package glimt.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Tests properties in the case of fewer samples than features, in addition to the golden cases. */
class MomentsTest {
  private final SplittableRandom random = new SplittableRandom(11);

  @Test
  void a_law_is_no_distance_from_itself() {
    Moments few = Moments.of(features(20, 60, 0));
    assertThat(few.frechet(few)).isCloseTo(0, within(1e-4));
  }

  @Test
  void a_law_that_is_moved_is_as_far_as_it_was_moved() {
    double[][] here = features(20, 60, 0);
    double[][] there = new double[20][];
    for (int i = 0; i < 20; i++) {
      there[i] = Arrays.stream(here[i]).map(value -> value + 0.5).toArray();
    }
    assertThat(Moments.of(here).frechet(Moments.of(there))).isCloseTo(60 * 0.25, within(1e-4));
  }

  @Test
  void the_distance_is_the_same_both_ways_and_grows_with_what_is_apart() {
    Moments a = Moments.of(features(200, 30, 0));
    Moments b = Moments.of(features(200, 30, 0));
    Moments far = Moments.of(features(200, 30, 0.3));
    assertThat(a.frechet(b)).isCloseTo(b.frechet(a), within(1e-9));
    assertThat(a.frechet(far)).isGreaterThan(a.frechet(b));
  }

  @Test
  void independent_features_are_apart_by_their_standard_deviations() {
    double[] mean = new double[3];
    double[][] one = {{1, 0, 0}, {0, 4, 0}, {0, 0, 0}};
    double[][] other = {{9, 0, 0}, {0, 4, 0}, {0, 0, 25}};
    // sum of (s1 - s2)^2 = (1 - 3)^2 + 0 + 5^2
    assertThat(new Moments(mean, one).frechet(new Moments(mean, other)))
        .isCloseTo(29, within(1e-9));
  }

  private double[][] features(int rows, int dimensions, double mean) {
    double[][] features = new double[rows][dimensions];
    for (double[] row : features) {
      Arrays.setAll(row, _ -> random.nextGaussian(mean, 1));
    }
    return features;
  }
}
