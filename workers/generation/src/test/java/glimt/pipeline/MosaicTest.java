package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Sampling;
import glimt.model.Segment;
import glimt.model.Span;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MosaicTest {
  private static final Level SPATIAL =
      Level.edm(
          "spatial",
          List.of(
              new Axis("frames", 24, 9, 5, 1),
              new Axis("height", 64, 40, 24, 4),
              new Axis("width", 64, 40, 24, 4)),
          3,
          "spatial",
          1,
          List.of(),
          List.of(1.0, 1.0, 1.0),
          0,
          Sampling.karras("euler", 4, 1, 0.01, 3, 7));

  private static final Mosaic MOSAIC = Mosaic.of(SPATIAL);

  @Test
  void segments_cut_from_a_sample_blend_back_to_it() {
    float[] whole = new float[24 * 3 * 64 * 64];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = i % 1013;
    }
    List<float[]> pieces =
        SPATIAL.segments().stream().map(segment -> MOSAIC.cut(segment, whole)).toList();

    float[] joined = MOSAIC.joined(SPATIAL.segments(), pieces);
    float furthest = 0;
    for (int i = 0; i < whole.length; i++) {
      furthest = Math.max(furthest, Math.abs(joined[i] - whole[i]));
    }

    assertThat(pieces).hasSize(16);
    assertThat(furthest).isLessThan(1e-3f);
  }

  @Test
  void a_segment_has_its_windows_and_all_channels() {
    assertThat(MOSAIC.shape(SPATIAL.segments().getFirst())).containsExactly(9, 3, 40, 40);
    assertThat(MOSAIC.shape(MOSAIC.whole())).containsExactly(24, 3, 64, 64);
  }

  @Test
  void what_a_halo_says_does_not_count() {
    Level line =
        Level.edm(
            "line",
            List.of(new Axis("frames", 6, 4, 2, 1)),
            1,
            "line",
            1,
            List.of(),
            List.of(),
            0,
            SPATIAL.sampling());
    float[] first = {1, 1, 1, 99};
    float[] second = {99, 1, 1, 1};

    assertThat(Mosaic.of(line).joined(line.segments(), List.of(first, second))).containsOnly(1);
  }

  @Test
  void a_missing_segment_is_an_error_that_counts_them() {
    assertThatThrownBy(() -> MOSAIC.joined(SPATIAL.segments(), List.of()))
        .hasMessageContaining("16 segments, but values for 0");
  }

  @Test
  void a_part_is_blended_as_it_is_in_the_whole() {
    float[] whole = new float[24 * 3 * 64 * 64];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = (float) Math.sin(i * 0.37);
    }
    List<Mosaic.Fragment> pieces = new ArrayList<>();
    List<float[]> values = new ArrayList<>();
    for (Segment segment : SPATIAL.segments()) {
      float[] piece = MOSAIC.cut(segment, whole);
      for (int i = 0; i < piece.length; i++) {
        piece[i] += segment.spans().getFirst().start() * 0.01f; // overlapping pieces differ
      }
      values.add(piece);
      pieces.add(new Mosaic.Fragment(segment, FloatBuffer.wrap(piece)));
    }
    float[] joined = MOSAIC.joined(SPATIAL.segments(), values);
    Segment part = new Segment(List.of(new Span(3, 17), new Span(20, 50), new Span(1, 64)));
    assertThat(MOSAIC.blend(part, pieces)).containsExactly(MOSAIC.cut(part, joined));
    assertThat(MOSAIC.slabs(5 * 3 * 64 * 64)).hasSize(5);
  }

  @Test
  void a_picture_has_its_channels_first() {
    Level picture =
        Level.edm(
            "base",
            List.of(Axis.whole("height", 4), Axis.whole("width", 6)),
            3,
            "base",
            1,
            List.of(),
            List.of(),
            0,
            SPATIAL.sampling());
    Mosaic mosaic = Mosaic.of(picture);
    assertThat(mosaic.shape(mosaic.whole())).containsExactly(3, 4, 6);
    float[] whole = new float[3 * 4 * 6];
    for (int i = 0; i < whole.length; i++) {
      whole[i] = i;
    }
    Segment corner = new Segment(List.of(new Span(1, 2), new Span(4, 6)));
    assertThat(mosaic.cut(corner, whole)).containsExactly(10, 11, 34, 35, 58, 59);
  }
}
