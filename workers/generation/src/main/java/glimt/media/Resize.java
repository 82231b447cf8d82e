package glimt.media;

/**
 * Resizes planes of pixels as Pillow's {@code resize} does by default, which the field's pipelines
 * use between two models: cubic convolution with a = -1/2 (Keys 1981), over more pixels where the
 * picture becomes smaller, and values that overshoot are cut to what can be shown.
 */
public final class Resize {
  /** How far the cubic reaches, in pixels. */
  private static final double REACH = 2;

  private Resize() {}

  /**
   * Resizes planes.
   *
   * @param planes [n, height, width], in [-1, 1]; others are cut
   * @return [n, toHeight, toWidth]
   */
  public static float[] of(float[] planes, int height, int width, int toHeight, int toWidth) {
    float[] shown = new float[planes.length];
    for (int i = 0; i < planes.length; i++) {
      shown[i] = Math.clamp(planes[i], -1f, 1f);
    }
    int count = planes.length / (height * width);
    float[] across = width == toWidth ? shown : rows(shown, width, toWidth);
    return height == toHeight ? across : columns(across, count, height, toWidth, toHeight);
  }

  private static float[] rows(float[] from, int width, int to) {
    int rows = from.length / width;
    float[] out = new float[rows * to];
    for (int x = 0; x < to; x++) {
      Shares weights = Shares.of(x, width, to);
      for (int row = 0; row < rows; row++) {
        out[row * to + x] = weights.sum(from, row * width, 1);
      }
    }
    return out;
  }

  private static float[] columns(float[] from, int count, int height, int width, int to) {
    float[] out = new float[count * to * width];
    for (int y = 0; y < to; y++) {
      Shares weights = Shares.of(y, height, to);
      for (int plane = 0; plane < count; plane++) {
        for (int x = 0; x < width; x++) {
          out[(plane * to + y) * width + x] = weights.sum(from, plane * height * width + x, width);
        }
      }
    }
    return out;
  }

  /** Of which pixels, from the first on, a pixel is made. */
  private record Shares(int first, double[] shares) {
    static Shares of(int pixel, int extent, int to) {
      double scale = (double) extent / to;
      double stretch = Math.max(scale, 1);
      double centre = (pixel + 0.5) * scale;
      int first = Math.max(0, (int) (centre - REACH * stretch + 0.5));
      int end = Math.min(extent, (int) (centre + REACH * stretch + 0.5));
      double[] shares = new double[end - first];
      double sum = 0;
      for (int i = 0; i < shares.length; i++) {
        shares[i] = cubic((first + i - centre + 0.5) / stretch);
        sum += shares[i];
      }
      for (int i = 0; i < shares.length; i++) {
        shares[i] /= sum;
      }
      return new Shares(first, shares);
    }

    float sum(float[] from, int start, int step) {
      double sum = 0;
      for (int i = 0; i < shares.length; i++) {
        sum += shares[i] * from[start + (first + i) * step];
      }
      return (float) Math.clamp(sum, -1, 1);
    }

    private static double cubic(double distance) {
      double x = Math.abs(distance);
      if (x < 1) {
        return (1.5 * x - 2.5) * x * x + 1;
      }
      return x < REACH ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    }
  }
}
