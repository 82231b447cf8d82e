package glimt.metrics;

/** Scores of sets of features (kernel distance) and of classifications (Inception Score). */
public final class Scores {
  private Scores() {}

  /**
   * The kernel distance (KID, Bi&#324;kowski et al. 2018): the unbiased squared maximum mean
   * discrepancy with the kernel (x.y / d + 1)^3. It may be negative.
   *
   * @param a [n, d], n at least 2
   * @param b [m, d], m at least 2
   */
  public static double kernelDistance(double[][] a, double[][] b) {
    if (a.length < 2 || b.length < 2) {
      throw new IllegalArgumentException(
          "a kernel distance needs at least 2 rows of features on each side, not %s and %s"
              .formatted(a.length, b.length));
    }
    double cross = 0;
    for (double[] x : a) {
      for (double[] y : b) {
        cross += kernel(x, y);
      }
    }
    return within(a) + within(b) - 2 * cross / a.length / b.length;
  }

  private static double within(double[][] a) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        sum += i == j ? 0 : kernel(a[i], a[j]);
      }
    }
    return sum / a.length / (a.length - 1);
  }

  private static double kernel(double[] x, double[] y) {
    double dot = 0;
    for (int i = 0; i < x.length; i++) {
      dot += x[i] * y[i];
    }
    double k = dot / x.length + 1;
    return k * k * k;
  }

  /**
   * The Inception Score (Salimans et al. 2016): exp of the mean Kullback-Leibler divergence of p(y
   * | x) from p(y), computed for each split and averaged over splits.
   *
   * @param probabilities p(y | x), [n, classes], rows of non-negative numbers with sum 1
   * @param split the number of rows of a split; the last split may be shorter
   */
  public static double inceptionScore(double[][] probabilities, int split) {
    double sum = 0;
    int splits = 0;
    for (int from = 0; from < probabilities.length; from += split) {
      int to = Math.min(from + split, probabilities.length);
      double[] mean = new double[probabilities[0].length];
      for (int i = from; i < to; i++) {
        for (int y = 0; y < mean.length; y++) {
          mean[y] += probabilities[i][y] / (to - from);
        }
      }
      double divergence = 0;
      for (int i = from; i < to; i++) {
        for (int y = 0; y < mean.length; y++) {
          double p = probabilities[i][y];
          divergence += p == 0 ? 0 : p * Math.log(p / mean[y]) / (to - from);
        }
      }
      sum += Math.exp(divergence);
      splits++;
    }
    return sum / splits;
  }
}
