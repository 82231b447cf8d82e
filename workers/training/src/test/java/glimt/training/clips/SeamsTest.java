package glimt.training.clips;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Segment;
import glimt.pipeline.Mosaic;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SeamsTest {
  private final Level below = GivenScenes.level("temporal");
  private final Level level = GivenScenes.level("spatial");
  private final Ladder ladder = new Ladder(GivenScenes.squares(GivenScenes.grammar()));
  private final Scene scene = GivenScenes.grammar().scene(0, 1, 2, new SplittableRandom(4));

  @Test
  void borders_lie_where_windows_are_blended_or_one_takes_over_from_another() {
    // Without a halo, the windows 0..5 and 4..9 overlap in 4 and 5.
    assertThat(Seams.borders(new Axis("width", 10, 6, 4, 0)))
        .containsExactly(false, false, false, false, true, true, true, false, false, false);
    // With a halo of 1 there is no overlap, and the second window starts at 5.
    assertThat(Seams.borders(new Axis("width", 10, 6, 4, 1)))
        .containsExactly(false, false, false, false, false, true, false, false, false, false);
    assertThat(Seams.borders(Axis.whole("width", 3))).containsExactly(false, false, false);
  }

  @Test
  void an_enlargement_has_no_seams_and_a_line_along_a_border_is_one() {
    float[] under = Ladder.shrunk(ladder.truth(scene, level), level, below);
    float[] plain = Ladder.enlarged(under, below, level);
    Seams none = new Seams(below, level);
    none.add(plain, under);
    assertThat(none.acrossTiles()).isCloseTo(1, within(1e-9));
    assertThat(none.acrossWindows()).isCloseTo(1, within(1e-9));

    int size = Ladder.size(level);
    int border = level.axis("width").step() + level.axis("width").halo() + 2;
    float[] lined = plain.clone();
    for (int i = 0; i < lined.length; i++) {
      lined[i] += i % size >= border ? 0.2f : 0;
    }
    Seams line = new Seams(below, level);
    line.add(lined, under);
    assertThat(line.acrossTiles()).isGreaterThan(1.1);
    assertThat(line.acrossWindows()).isCloseTo(1, within(1e-3));
  }

  @Test
  void a_segment_is_drawn_as_it_is_cut_from_the_whole() {
    float[] whole = ladder.truth(scene, level);
    for (Segment segment : level.segments()) {
      assertThat(ladder.truth(scene, level, segment))
          .isEqualTo(Mosaic.of(level).cut(segment, whole));
    }
  }

  @Test
  void the_judge_sees_the_key_frames_of_any_level_at_its_own_size() {
    float[] whole = ladder.truth(scene, level);
    float[] keys = ClipJudge.keys(whole, level.axis("frames").extent(), Ladder.size(level));
    assertThat(keys).isEqualTo(ladder.keys(scene, level));
    float[] small = ladder.keys(scene, GivenScenes.level("base"));
    assertThat(keys).hasSameSizeAs(small);
    for (int i = 0; i < keys.length; i++) {
      assertThat(keys[i]).isCloseTo(small[i], within(0.7f));
    }
  }
}
