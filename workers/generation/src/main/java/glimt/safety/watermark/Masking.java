package glimt.safety.watermark;

import glimt.media.Frames;
import java.util.Arrays;

/**
 * How strong the pattern may be at each pixel: people see it on flat areas, and hardly where a
 * picture is textured (visual masking; Watson 1993, "DCT quantization matrices visually optimized
 * for individual images").
 */
final class Masking {
  /** The strength where nothing hides the pattern. */
  private static final float FLAT = 0.85f;

  /** The strength is this much more for each level of 255 by which the surroundings vary. */
  private static final float SLOPE = 0.15f;

  private static final float MOST = 2;

  /** How far the surroundings of a pixel reach. */
  private static final int REACH = 4;

  private Masking() {}

  /** Returns full strength at each pixel. */
  static float[] none(Frames frames) {
    float[] strength = new float[frames.width() * frames.height()];
    Arrays.fill(strength, 1);
    return strength;
  }

  /**
   * Returns the strength at each pixel of a frame, row by row. The mean of its squares is 1 at
   * most.
   */
  static float[] of(Frames frames, int frame) {
    int width = frames.width();
    int height = frames.height();
    float[] luma = Tiles.luma(frames, frame);
    double[] sums = new double[(width + 1) * (height + 1)];
    double[] squares = new double[sums.length];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double value = 127.5 * luma[y * width + x];
        int at = (y + 1) * (width + 1) + x + 1;
        int above = at - width - 1;
        sums[at] = value + sums[at - 1] + sums[above] - sums[above - 1];
        squares[at] = value * value + squares[at - 1] + squares[above] - squares[above - 1];
      }
    }
    float[] strength = new float[width * height];
    double power = 0;
    for (int y = 0; y < height; y++) {
      int top = Math.max(0, y - REACH);
      int bottom = Math.min(height, y + REACH + 1);
      for (int x = 0; x < width; x++) {
        int left = Math.max(0, x - REACH);
        int right = Math.min(width, x + REACH + 1);
        int count = (bottom - top) * (right - left);
        double mean = within(sums, width, top, bottom, left, right) / count;
        double square = within(squares, width, top, bottom, left, right) / count;
        double deviation = Math.sqrt(Math.max(0, square - mean * mean));
        float here = (float) Math.min(MOST, FLAT + SLOPE * deviation);
        strength[y * width + x] = here;
        power += here * here;
      }
    }
    limit(strength, power / strength.length);
    return strength;
  }

  private static void limit(float[] strength, double power) {
    if (power > 1) {
      float scale = (float) (1 / Math.sqrt(power));
      for (int i = 0; i < strength.length; i++) {
        strength[i] *= scale;
      }
    }
  }

  private static double within(double[] sums, int width, int top, int bottom, int left, int right) {
    int row = width + 1;
    return sums[bottom * row + right]
        - sums[top * row + right]
        - sums[bottom * row + left]
        + sums[top * row + left];
  }
}
