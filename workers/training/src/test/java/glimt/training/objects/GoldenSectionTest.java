package glimt.training.objects;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GoldenSectionTest {
  @Test
  void a_valley_is_found_to_within_the_golden_section_to_the_power_of_the_looks() {
    double golden = (Math.sqrt(5) - 1) / 2;
    for (int looks : List.of(0, 4, 20)) {
      var least = GoldenSection.near(1, 2, looks, x -> (x - 2.3) * (x - 2.3));
      double left = 4 * Math.pow(golden, looks + 1);
      assertThat(least.at()).isCloseTo(2.3, within(left));
      assertThat(least.value()).isLessThanOrEqualTo(left * left);
    }
  }

  @Test
  void the_least_of_all_that_was_looked_at_is_given_even_when_it_was_passed_by() {
    List<Double> seen = new ArrayList<>();
    var least =
        GoldenSection.near(
            0,
            1,
            8,
            x -> {
              double value = x * x + Math.sin(40 * x);
              seen.add(value);
              return value;
            });
    assertThat(seen).hasSize(11);
    assertThat(least.value()).isEqualTo(seen.stream().min(Double::compare).orElseThrow());
  }
}
