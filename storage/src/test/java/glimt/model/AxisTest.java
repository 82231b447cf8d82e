package glimt.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AxisTest {
  @Test
  void windows_start_a_step_apart_and_the_last_ends_with_the_sample() {
    assertThat(new Axis("frames", 24, 9, 5, 1).windows())
        .containsExactly(new Span(0, 9), new Span(5, 14), new Span(10, 19), new Span(15, 24));
    assertThat(Axis.whole("points", 1024).windows()).containsExactly(new Span(0, 1024));
  }

  @ParameterizedTest
  @CsvSource({
    "24, 12, 6, 0",
    "24, 9, 5, 1",
    "64, 40, 24, 4",
    "4096, 1024, 1024, 0",
    "8, 8, 8, 0",
    "10, 4, 2, 1",
    "12, 6, 2, 0"
  })
  void windows_cover_every_position_and_their_weights_blend(
      int extent, int window, int step, int halo) {
    Axis axis = new Axis("x", extent, window, step, halo);
    List<Span> windows = axis.windows();
    for (int position = 0; position < extent; position++) {
      double sum = 0;
      int count = 0;
      for (Span span : windows) {
        if (span.start() <= position && position < span.end()) {
          double weight = axis.weight(span, position);
          assertThat(weight).isBetween(0.0, 1.0);
          sum += weight;
          count++;
        }
      }
      assertThat(sum).as("weights at %s", position).isPositive();
      if (count <= 2 && 2 * step >= window) {
        // Where at most two windows overlap, one ramp falls as the other rises.
        assertThat(sum).as("weights at %s", position).isCloseTo(1, Offset.offset(1e-12));
      }
    }
  }

  @Test
  void a_halo_is_thrown_away_at_inner_borders_only() {
    Axis axis = new Axis("width", 64, 40, 24, 4);
    Span first = new Span(0, 40);
    Span second = new Span(24, 64);
    assertThat(axis.weight(first, 0)).isEqualTo(1);
    assertThat(axis.weight(second, 63)).isEqualTo(1);
    for (int i = 0; i < 4; i++) {
      assertThat(axis.weight(first, 39 - i)).isZero();
      assertThat(axis.weight(second, 24 + i)).isZero();
    }
    assertThat(axis.weight(second, 28)).isBetween(0.05, 0.2);
    assertThat(axis.weight(first, 35)).isBetween(0.05, 0.2);
    assertThat(axis.weight(first, 23)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 1, 1, 0",
    "8, 0, 1, 0",
    "8, 9, 1, 0",
    "8, 8, 0, 0",
    "24, 9, 10, 0",
    "24, 9, 5, -1",
    "24, 9, 6, 1",
    "24, 9, 5, 3",
    "16, 8, 8, 1"
  })
  void a_cut_that_leaves_gaps_is_refused(int extent, int window, int step, int halo) {
    assertThatThrownBy(() -> new Axis("frames", extent, window, step, halo))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("axis frames");
  }
}
