package glimt.safety.watermark;

import glimt.media.Frames;
import java.util.Random;

/** Clips that nobody marked: discs that move over a gradient or a grating, with some noise. */
final class Unmarked {
  private Unmarked() {}

  static Frames clip(long seed, int count, int side) {
    Random random = new Random(seed);
    double[] x = new double[4];
    double[] y = new double[4];
    double[] speed = new double[4];
    double[] radius = new double[4];
    int[] colour = new int[5];
    for (int i = 0; i < 4; i++) {
      x[i] = random.nextDouble() * side;
      y[i] = random.nextDouble() * side;
      speed[i] = random.nextGaussian() * side / 30;
      radius[i] = (0.08 + 0.2 * random.nextDouble()) * side;
    }
    for (int i = 0; i < 5; i++) {
      colour[i] = random.nextInt(1 << 24);
    }
    double noise = random.nextBoolean() ? 0 : 6 * random.nextDouble();
    // A grating may be one of the pattern's own waves.
    double waves = random.nextInt(3) == 0 ? 30 : 0;
    int u = random.nextInt(13);
    int v = random.nextInt(13);
    byte[] rgb = new byte[3 * count * side * side];
    int at = 0;
    for (int t = 0; t < count; t++) {
      for (int row = 0; row < side; row++) {
        for (int column = 0; column < side; column++) {
          int shown = colour[4];
          for (int i = 0; i < 4; i++) {
            if (Math.hypot(column - x[i] - speed[i] * t, row - y[i]) < radius[i]) {
              shown = colour[i];
            }
          }
          double shade =
              20.0 * row / side
                  + waves * Math.cos(2 * Math.PI * (u * column + v * row) / Spectrum.SIDE);
          for (int channel = 16; channel >= 0; channel -= 8) {
            double value = (shown >> channel & 0xFF) + shade;
            value += noise == 0 ? 0 : noise * random.nextGaussian();
            rgb[at++] = (byte) Math.clamp(Math.round(value), 0, 255);
          }
        }
      }
    }
    return new Frames(count, side, side, 12, rgb);
  }
}
