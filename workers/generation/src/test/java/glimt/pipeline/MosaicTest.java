package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Sampling;
import java.util.List;
import org.junit.jupiter.api.Test;

class MosaicTest {
  private static final Level SPATIAL =
      new Level(
          "spatial",
          List.of(
              new Axis("frames", 24, 9, 5, 1),
              new Axis("height", 64, 40, 24, 4),
              new Axis("width", 64, 40, 24, 4)),
          3,
          "spatial",
          1,
          List.of(1.0, 1.0, 1.0),
          0,
          new Sampling("euler", 4, 1, 0.01, 3, 7));

  @Test
  void segments_cut_from_a_sample_blend_back_to_it() {
    float[] whole = new float[24 * 3 * 64 * 64];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = i % 1013;
    }
    List<float[]> pieces =
        SPATIAL.segments().stream().map(segment -> Mosaic.cut(SPATIAL, segment, whole)).toList();

    float[] joined = Mosaic.joined(SPATIAL, pieces);
    float furthest = 0;
    for (int i = 0; i < whole.length; i++) {
      furthest = Math.max(furthest, Math.abs(joined[i] - whole[i]));
    }

    assertThat(pieces).hasSize(16);
    assertThat(furthest).isLessThan(1e-3f);
  }

  @Test
  void a_segment_has_its_windows_and_all_channels() {
    assertThat(Mosaic.shape(SPATIAL, SPATIAL.segments().getFirst())).containsExactly(9, 3, 40, 40);
    assertThat(Mosaic.shape(SPATIAL)).containsExactly(24, 3, 64, 64);
  }

  @Test
  void what_a_halo_says_does_not_count() {
    Level line =
        new Level(
            "line",
            List.of(new Axis("frames", 6, 4, 2, 1)),
            1,
            "line",
            1,
            List.of(),
            0,
            SPATIAL.sampling());
    float[] first = {1, 1, 1, 99};
    float[] second = {99, 1, 1, 1};

    assertThat(Mosaic.joined(line, List.of(first, second))).containsOnly(1);
  }

  @Test
  void a_missing_segment_is_an_error_that_counts_them() {
    assertThatThrownBy(() -> Mosaic.joined(SPATIAL, List.of()))
        .hasMessageContaining("16 segments, not 0");
  }
}
