package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import glimt.diffusion.Noise;
import glimt.diffusion.Region;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DecoderNoiseTest {
  @Test
  void planes_follow_from_seed_and_place_and_differ_by_part() {
    DecoderNoise whole = of(7, new Region.FrameWindow(0, 3, 4, 0, 4, 0, 6));
    float[] planes = whole.planes(0, new Shape(2, 8, 12));
    assertThat(planes).isEqualTo(whole.planes(0, new Shape(2, 8, 12)));
    assertThat(planes).isNotEqualTo(whole.planes(1, new Shape(2, 8, 12)));
    assertThat(planes).isNotEqualTo(of(8, whole.region()).planes(0, new Shape(2, 8, 12)));
    float[] piece =
        of(7, new Region.FrameWindow(0, 3, 4, 2, 2, 0, 6)).planes(0, new Shape(2, 4, 12));
    assertThat(Arrays.copyOfRange(piece, 0, 48)).isEqualTo(Arrays.copyOfRange(planes, 48, 96));
  }

  private static DecoderNoise of(long seed, Region region) {
    return new DecoderNoise(new Noise(seed), 0, region);
  }
}
