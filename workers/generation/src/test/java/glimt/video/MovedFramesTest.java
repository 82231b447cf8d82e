package glimt.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import glimt.bundle.Network;
import glimt.bundle.NetworkSource;
import glimt.bundle.Precision;
import glimt.bundle.Safetensors;
import glimt.model.Axis;
import glimt.model.Codec;
import glimt.pipeline.LatentDecoder;
import glimt.pipeline.LatentDecoder.SeenBelow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Checks the decoder of {@code clips}, which moves a picture along a motion. */
class MovedFramesTest {
  private static final int SIDE = 32;
  private static final float GROUND = -0.5f;

  @Test
  void a_subject_at_rest_is_the_picture_and_the_ground_is_one_colour() throws IOException {
    float[] frame = moved(0, 0, 1, 0);
    assertThat(frame[at(0, 12, 10)]).isEqualTo(1, within(1e-4f));
    assertThat(frame[at(2, 0, 0)]).isEqualTo(GROUND, within(1e-6f));
  }

  @Test
  void a_subject_moves_right_and_down_by_halves_of_the_side() throws IOException {
    float[] frame = moved(0.25, 0.125, 1, 0); // 4 and 2 of 32 pixels
    assertThat(frame[at(0, 12 + 2, 10 + 4)]).isEqualTo(1, within(1e-4f));
    assertThat(frame[at(0, 12, 10)]).isEqualTo(GROUND, within(1e-4f));
  }

  @Test
  void a_quarter_turn_is_clockwise_and_keeps_the_shape() throws IOException {
    float[] still = moved(0, 0, 1, 0);
    float[] turned = moved(0, 0, 0, 1);
    for (int y = 5; y < SIDE - 5; y++) {
      for (int x = 5; x < SIDE - 5; x++) {
        assertThat(turned[at(1, x, SIDE - 1 - y)]).isEqualTo(still[at(1, y, x)], within(1e-3f));
      }
    }
  }

  @Test
  void half_the_size_has_a_quarter_of_the_subject() throws IOException {
    assertThat(subject(moved(0, 0, 0.5, 0)) / subject(moved(0, 0, 1, 0)))
        .isEqualTo(0.25, within(0.02));
  }

  @Test
  void what_leaves_the_frame_comes_back_nowhere() throws IOException {
    assertThat(subject(moved(3, 0, 1, 0))).isEqualTo(0, within(1e-3));
  }

  private static double subject(float[] frame) {
    double sum = 0;
    for (float value : frame) {
      sum += value - GROUND;
    }
    return sum;
  }

  private static int at(int channel, int y, int x) {
    return (channel * SIDE + y) * SIDE + x;
  }

  /** A white bar of 8 x 4 pixels, its upper left corner at (11, 9), moved. */
  private static float[] moved(double x, double y, double c, double s) throws IOException {
    float[] picture = new float[3 * SIDE * SIDE];
    Arrays.fill(picture, GROUND);
    for (int channel = 0; channel < 3; channel++) {
      for (int row = 9; row < 17; row++) {
        for (int column = 9; column < 13; column++) {
          picture[at(channel, row, column)] = 1;
        }
      }
    }
    String source = Files.readString(Path.of("../models/clips/frames.py"));
    Axis one = Axis.whole("width", 1);
    Codec codec =
        new Codec(
            "frames",
            List.of(one, one, one),
            List.of(1, SIDE, SIDE),
            List.of(false, false, false),
            3,
            List.of(1.0),
            List.of(0.0),
            null,
            null,
            true);
    try (NDManager manager = NDManager.newBaseManager();
        Network network =
            Network.load(
                "frames",
                NetworkSource.parse("frames.py", source),
                new Safetensors(Map.of()),
                Precision.FLOAT32,
                Device.cpu())) {
      SeenBelow below = new SeenBelow(picture, new long[] {1, 3, SIDE, SIDE});
      float[] motion = {(float) x, (float) y, (float) c, (float) s};
      return new LatentDecoder(codec, network, below)
          .decoded(manager, motion, new long[] {1, 4, 1, 1}, 1);
    }
  }
}
