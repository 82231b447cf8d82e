package glimt.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class LatentColoursTest {
  @Test
  void a_linear_decoder_is_found_exactly() {
    Random random = new Random(3);
    int frames = 2;
    int height = 5;
    int width = 4;
    float[] latent = new float[frames * 3 * height * width];
    for (int i = 0; i < latent.length; i++) {
      latent[i] = (float) random.nextGaussian();
    }
    // Each position becomes 2 x 2 pixels of two frames, of the colours (a - 2 b + 0.5, c).
    float[] decoded = new float[4 * 2 * 10 * 8];
    for (int t = 0; t < 4; t++) {
      for (int y = 0; y < 10; y++) {
        for (int x = 0; x < 8; x++) {
          int plane = height * width;
          int at = t / 2 * 3 * plane + y / 2 * width + x / 2;
          float texture = (x + y) % 2 == 0 ? 0.1f : -0.1f; // which the mean does not have
          decoded[((t * 2) * 10 + y) * 8 + x] =
              latent[at] - 2 * latent[at + plane] + 0.5f + texture;
          decoded[((t * 2 + 1) * 10 + y) * 8 + x] = latent[at + 2 * plane] + texture;
        }
      }
    }
    long[] shape = {frames, 3, height, width};

    LatentColours colours = LatentColours.fitted(latent, shape, decoded, new long[] {4, 2, 10, 8});

    assertThat(colours.weights()[0]).containsExactly(new double[] {1, -2, 0, 0.5}, within(1e-4));
    assertThat(colours.weights()[1]).containsExactly(new double[] {0, 0, 1, 0}, within(1e-4));
    assertThat(colours.shape(shape)).containsExactly(frames, 2, height, width);
    float[] seen = colours.of(latent, shape);
    assertThat(seen).hasSize(frames * 2 * height * width);
    assertThat((double) seen[(2 + 1) * 20 + 7]).isCloseTo(latent[(3 + 2) * 20 + 7], within(1e-4));
  }

  @Test
  void a_latent_without_contrast_has_the_mean_colour() {
    float[] latent = new float[4 * 3 * 3];
    float[] decoded = new float[3 * 6 * 6];
    java.util.Arrays.fill(decoded, 0.25f);
    long[] shape = {4, 3, 3};

    float[] seen =
        LatentColours.fitted(latent, shape, decoded, new long[] {3, 6, 6}).of(latent, shape);

    assertThat(seen).hasSize(27);
    assertThat((double) seen[13]).isCloseTo(0.25, within(1e-4));
  }
}
