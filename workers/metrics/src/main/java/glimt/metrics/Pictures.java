package glimt.metrics;

/** Measures the similarity of two pictures with values in [0, 1]. */
public final class Pictures {
  private Pictures() {}

  private static final int WINDOW = 11;
  private static final double[] WEIGHTS = weights();

  /**
   * The peak signal-to-noise ratio in dB, 10 log10(1 / mean square error), limited to 100 if the
   * root mean square error is below 1e-5.
   */
  public static double psnr(double[] a, double[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "the pictures must have the same size, not %s and %s values"
              .formatted(a.length, b.length));
    }
    double square = 0;
    for (int i = 0; i < a.length; i++) {
      square += (a[i] - b[i]) * (a[i] - b[i]) / a.length;
    }
    return square < 1e-10 ? 100 : -10 * Math.log10(square);
  }

  /**
   * The structural similarity (Wang et al. 2004) with an 11 x 11 Gaussian window of sigma 1.5,
   * biased variances, K1 = 0.01 and K2 = 0.03, averaged over all positions of the window.
   *
   * @param a one channel, row-major, [height, width]
   * @param b the same channel of the other picture
   */
  public static double ssim(double[] a, double[] b, int height, int width) {
    if (a.length != height * width || b.length != a.length) {
      throw new IllegalArgumentException(
          "got %s and %s values instead of %s x %s pixels each"
              .formatted(a.length, b.length, height, width));
    }
    if (height < WINDOW || width < WINDOW) {
      throw new IllegalArgumentException(
          "ssim needs at least 11 x 11 pixels, not %s x %s".formatted(height, width));
    }
    double sum = 0;
    int places = 0;
    for (int y = 0; y + WINDOW <= height; y++) {
      for (int x = 0; x + WINDOW <= width; x++) {
        sum += similarity(a, b, width, y * width + x);
        places++;
      }
    }
    return sum / places;
  }

  private static double similarity(double[] a, double[] b, int width, int corner) {
    double ma = 0;
    double mb = 0;
    double aa = 0;
    double bb = 0;
    double ab = 0;
    for (int y = 0; y < WINDOW; y++) {
      for (int x = 0; x < WINDOW; x++) {
        double w = WEIGHTS[y] * WEIGHTS[x];
        double va = a[corner + y * width + x];
        double vb = b[corner + y * width + x];
        ma += w * va;
        mb += w * vb;
        aa += w * va * va;
        bb += w * vb * vb;
        ab += w * va * vb;
      }
    }
    double c1 = 0.01 * 0.01;
    double c2 = 0.03 * 0.03;
    return (2 * ma * mb + c1)
        * (2 * (ab - ma * mb) + c2)
        / ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2));
  }

  private static double[] weights() {
    double[] w = new double[WINDOW];
    double sum = 0;
    for (int i = 0; i < WINDOW; i++) {
      double d = i - WINDOW / 2;
      w[i] = Math.exp(-d * d / (2 * 1.5 * 1.5));
      sum += w[i];
    }
    for (int i = 0; i < WINDOW; i++) {
      w[i] /= sum;
    }
    return w;
  }
}
