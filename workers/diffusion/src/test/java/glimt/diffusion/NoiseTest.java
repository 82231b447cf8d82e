package glimt.diffusion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import glimt.diffusion.Noise.Purpose;
import org.junit.jupiter.api.Test;

class NoiseTest {

  /** The known-answer test vectors of Random123 (kat_vectors). */
  @Test
  void philox_gives_the_published_answers() {
    assertThat(philox(0, 0, 0, 0, 0, 0))
        .containsExactly(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
    assertThat(philox(-1, -1, -1, -1, -1, -1))
        .containsExactly(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
    assertThat(philox(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0))
        .containsExactly(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1);
  }

  @Test
  void quantiles_are_those_of_the_normal_law() {
    assertThat(Noise.quantile(0.5)).isZero();
    assertThat(Noise.quantile(0.975)).isCloseTo(1.959963984540054, within(1e-15));
    assertThat(Noise.quantile(0.25)).isCloseTo(-0.6744897501960817, within(1e-15));
    assertThat(Noise.quantile(1e-9)).isCloseTo(-5.9978070150076865, within(1e-14));
  }

  @Test
  void the_layout_is_frozen() {
    Region.FrameWindow region = new Region.FrameWindow(2, 1, 3, 4, 1, 5, 2);
    int[] block = philox(4 << 16 | 5, 2, 7 << 8 | 1, 3 << 24 | 1 << 16, 0x89abcdef, 0x01234567);
    float[] normals = new Noise(0x0123456789abcdefL).normals(3, Purpose.STEP, 7, 1, region);
    for (int channel = 0; channel < 3; channel++) {
      double p = ((block[channel] & 0xFFFFFFFFL) + 0.5) / 4294967296.0;
      assertThat(normals[2 * channel]).isEqualTo((float) Noise.quantile(p));
    }
    assertThat(normals[0]).isEqualTo(-0.458277f);
  }

  @Test
  void overlapping_tiles_see_the_same_noise() {
    Noise noise = new Noise(42);
    float[] whole = noise.normals(1, Purpose.START, 0, 0, Region.FrameWindow.whole(4, 6, 8, 9));
    float[] tile =
        noise.normals(1, Purpose.START, 0, 0, new Region.FrameWindow(1, 2, 6, 3, 4, 2, 5));
    for (int f = 0; f < 2; f++) {
      for (int c = 0; c < 6; c++) {
        for (int y = 0; y < 4; y++) {
          for (int x = 0; x < 5; x++) {
            assertThat(tile[((f * 6 + c) * 4 + y) * 5 + x])
                .isEqualTo(whole[(((f + 1) * 6 + c) * 8 + y + 3) * 9 + x + 2]);
          }
        }
      }
    }
  }

  @Test
  void a_chunk_of_points_sees_the_noise_of_the_whole_cloud() {
    Noise noise = new Noise(-7);
    float[] whole = noise.normals(0, Purpose.STEP, 3, 0, new Region.PointRange(0, 100, 6));
    float[] chunk = noise.normals(0, Purpose.STEP, 3, 0, new Region.PointRange(40, 20, 6));
    assertThat(chunk).containsExactly(java.util.Arrays.copyOfRange(whole, 240, 360));
  }

  @Test
  void every_part_of_the_key_changes_the_noise() {
    Region region = Region.FrameWindow.whole(1, 1, 2, 2);
    float[] one = new Noise(1).normals(0, Purpose.STEP, 0, 0, region);
    assertThat(one)
        .isNotEqualTo(new Noise(1L << 40 | 1).normals(0, Purpose.STEP, 0, 0, region))
        .isNotEqualTo(new Noise(1).normals(1, Purpose.STEP, 0, 0, region))
        .isNotEqualTo(new Noise(1).normals(0, Purpose.START, 0, 0, region))
        .isNotEqualTo(new Noise(1).normals(0, Purpose.STEP, 1, 0, region))
        .isNotEqualTo(new Noise(1).normals(0, Purpose.STEP, 0, 1, region));
  }

  @Test
  void normals_have_the_moments_of_the_normal_law() {
    float[] z =
        new Noise(3).normals(0, Purpose.START, 0, 0, Region.FrameWindow.whole(10, 4, 100, 100));
    double mean = 0;
    double square = 0;
    double fourth = 0;
    for (float v : z) {
      mean += v / (double) z.length;
      square += (double) v * v / z.length;
      fourth += (double) v * v * v * v / z.length;
    }
    assertThat(mean).isCloseTo(0, within(4 / Math.sqrt(z.length)));
    assertThat(square).isCloseTo(1, within(4 * Math.sqrt(2.0 / z.length)));
    assertThat(fourth).isCloseTo(3, within(4 * Math.sqrt(96.0 / z.length)));
  }

  @Test
  void a_region_of_another_size_is_refused() {
    try (NDManager manager = NDManager.newBaseManager()) {
      Draw draw = new Noise(1).draws(0, new Region.PointRange(0, 4, 6));
      assertThatThrownBy(
              () -> draw.normal(manager.ones(new ai.djl.ndarray.types.Shape(1, 5, 6)), 0, 0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("(4, 6)")
          .hasMessageContaining("(1, 5, 6)");
      assertThat(new Noise(1).start(manager, 0, new Region.PointRange(0, 4, 6), DataType.FLOAT64))
          .satisfies(x -> assertThat(x.getShape().getShape()).containsExactly(1, 4, 6))
          .satisfies(x -> assertThat(x.getDataType()).isEqualTo(DataType.FLOAT64));
    }
  }

  private static int[] philox(int c0, int c1, int c2, int c3, int k0, int k1) {
    int[] out = new int[4];
    Noise.philox(c0, c1, c2, c3, k0, k1, out);
    return out;
  }
}
