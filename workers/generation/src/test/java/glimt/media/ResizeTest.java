package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ResizeTest {
  @Test
  void a_ramp_stays_a_ramp_where_it_is_enlarged() {
    float[] ramp = new float[16];
    for (int i = 0; i < ramp.length; i++) {
      ramp[i] = i / 20f;
    }
    float[] large = Resize.of(ramp, 1, 16, 1, 24);
    for (int i = 3; i < 21; i++) {
      assertThat(large[i]).isCloseTo((float) (((i + 0.5) / 1.5 - 0.5) / 20), within(1e-6f));
    }
  }

  @Test
  void a_smaller_picture_is_made_of_all_pixels() {
    // Keys' cubic at 1/4, 3/4, 5/4 and 7/4, half of it.
    double[] shares = {0.43359375, 0.11328125, -0.03515625, -0.01171875};
    float[] line = {0.5f, 0.1f, -0.3f, 0.7f, 0.2f, -0.6f, 0.4f, 0.9f};
    double expected = 0;
    for (int i = 0; i < 4; i++) {
      expected += shares[i] * ((double) line[3 - i] + line[4 + i]);
    }
    float[] upright = Resize.of(line, 8, 1, 4, 1); // pixel 2 lies between 4 and 5
    double third = 0;
    for (int i = 0; i < 3; i++) {
      third += shares[i] * ((double) line[4 - i] + line[5 + i]);
    }
    third += shares[3] * line[1]; // the pixel on the other side is not there
    assertThat(upright[2]).isCloseTo((float) (third / (1 - shares[3])), within(1e-6f));
    float[] seven = {0, 0.5f, 0.1f, -0.3f, 0.7f, 0.2f, -0.6f, 0.4f, 0.9f, 0};
    assertThat(Resize.of(seven, 1, 10, 1, 5)[2]).isCloseTo((float) expected, within(1e-6f));
  }

  @Test
  void nothing_leaves_the_range_that_can_be_shown_and_planes_stay_apart() {
    float[] planes = {-1, 1, -1, 1, 3, 3, 3, 3};
    float[] large = Resize.of(planes, 2, 2, 4, 6);
    assertThat(large).hasSize(2 * 4 * 6);
    for (int i = 0; i < 24; i++) {
      assertThat(large[i]).isBetween(-1f, 1f);
      assertThat(large[24 + i]).isEqualTo(1);
    }
    assertThat(large[0]).isEqualTo(-1);
  }
}
