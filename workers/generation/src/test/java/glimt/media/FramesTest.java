package glimt.media;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class FramesTest {

  @Test
  void a_sample_of_planes_becomes_pixels() {
    float[] sample = {-1, 1, 0, -2, 0.5f, 7, /* second frame */ 1, 1, 1, 1, 1, -1};
    Frames frames = Frames.ofSample(sample, 2, 1, 2, 8);
    assertThat(frames.rgb())
        .containsExactly(0, 128, 191, 255, 0, 255, /* second frame */ 255, 255, 255, 255, 255, 0);
    assertThat(frames.picture(1)).isEqualTo(new Picture(2, 1, new byte[] {-1, -1, -1, -1, -1, 0}));
  }

  @Test
  void every_byte_survives_the_way_to_a_sample_and_back() {
    float[] sample = new float[3 * 256];
    byte[] expected = new byte[3 * 256];
    for (int i = 0; i < 256; i++) {
      for (int k = 0; k < 3; k++) {
        sample[256 * k + i] = i / 127.5f - 1;
        expected[3 * i + k] = (byte) i;
      }
    }
    assertThat(Frames.ofSample(sample, 1, 16, 16, 8).rgb()).isEqualTo(expected);
  }

  @Test
  void enlarging_repeats_pixels() {
    var frames = new Frames(1, 1, 2, 8, new byte[] {1, 2, 3, 4, 5, 6});
    assertThat(frames.enlarged(2).rgb())
        .containsExactly(1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6);
    assertThat(frames.enlarged(1)).isEqualTo(frames);
  }

  @Test
  void frames_that_cannot_be_are_refused_in_words() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Frames(0, 4, 4, 8, new byte[0]))
        .withMessage("a video needs at least one frame of 1x1 pixels, not 0 frames of 4x4");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Frames(2, 4, 4, 8, new byte[95]))
        .withMessage("got 95 bytes for 2 frames of 4x4 pixels, which need 96");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Frames(1, 1, 1, Double.NaN, new byte[3]))
        .withMessageContaining("per second, not NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Frames.ofSample(new float[] {0, Float.NaN, 0}, 1, 1, 1, 8))
        .withMessage("value 1 of the sample is NaN");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Frames.ofSample(new float[4], 1, 1, 1, 8))
        .withMessage("got 4 values for 1 frames of 1x1 pixels, which need 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Frames(1, 1, 1, 8, new byte[3]).enlarged(100_000))
        .withMessageContaining("the 2 GB limit of one array");
  }
}
