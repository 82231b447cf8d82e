package glimt.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import glimt.metrics.Clips.Displacement;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ClipsTest {
  @Test
  void the_background_is_the_colour_of_most_of_the_border() {
    float[] clip = square(0, 0);
    assertThat(Clips.border(clip, 16)).containsExactly(-0.5f, -0.5f, -0.5f);
  }

  @Test
  void a_square_that_moves_has_a_way_and_a_direction() {
    assertThat(Clips.way(square(1, 0), 16).direction()).isEqualTo(new Displacement(1, 0));
    assertThat(Clips.way(square(-1, 0), 16).direction()).isEqualTo(new Displacement(-1, 0));
    assertThat(Clips.way(square(0, 1), 16).direction()).isEqualTo(new Displacement(0, 1));
    assertThat(Clips.way(square(0, -1), 16).direction()).isEqualTo(new Displacement(0, -1));
    assertThat(Clips.way(square(1, 0), 16).x()).isCloseTo(6 / 8.0, within(1e-6));
  }

  @Test
  void a_square_that_rests_or_goes_askew_has_no_direction() {
    assertThat(Clips.way(square(0, 0), 16).direction()).isEqualTo(new Displacement(0, 0));
    assertThat(Clips.way(square(1, 1), 16).direction()).isEqualTo(new Displacement(0, 0));
  }

  @Test
  void one_wrong_value_in_four_costs_six_decibels_of_full_scale() {
    assertThat(Clips.psnr(new float[] {1, 0, 0, 0}, new float[] {0, 0, 0, 0}))
        .isCloseTo(10 * Math.log10(16), within(1e-9));
  }

  @Test
  void sharpness_is_the_mean_step_between_neighbours() {
    assertThat(Clips.sharpness(new float[] {0, 1, 0, 1}, 2)).isEqualTo(0.5);
    assertThat(Clips.restlessness(new float[] {0, 0, 1, 3}, 2)).isEqualTo(2);
  }

  @Test
  void steps_across_borders_are_told_from_those_elsewhere() {
    float[] two = {0, 0, 3, 0, 0, 3, 0, 0, 3};
    // Horizontally, the step from 0 to 0 is not at a border and that from 0 to 3 is; vertically,
    // nothing changes.
    Clips.BorderSteps steps = Clips.acrossPixels(two, 3, new boolean[] {false, false, true});
    assertThat(steps.border()).isEqualTo(1.5);
    assertThat(steps.elsewhere()).isZero();
    assertThat(Clips.acrossPixels(two, 3, new boolean[] {false, true, false}).border()).isZero();

    float[] clip = {0, 1, 3, 4};
    Clips.BorderSteps frames =
        Clips.acrossFrames(clip, 4, new boolean[] {false, false, true, false});
    assertThat(frames.ratio()).isEqualTo(2);
    assertThat(frames.plus(frames).ratio()).isEqualTo(2);
  }

  /**
   * 8 frames of a bright square of 4 pixels that starts near the middle and moves by this distance
   * per frame.
   */
  private static float[] square(int dx, int dy) {
    float[] clip = new float[8 * 3 * 256];
    Arrays.fill(clip, -0.5f);
    for (int frame = 0; frame < 8; frame++) {
      int left = 6 + dx * (frame - 3);
      int top = 6 + dy * (frame - 3);
      for (int y = top; y < top + 4; y++) {
        for (int x = left; x < left + 4; x++) {
          for (int c = 0; c < 3; c++) {
            clip[(frame * 3 + c) * 256 + y * 16 + x] = 1;
          }
        }
      }
    }
    return clip;
  }
}
