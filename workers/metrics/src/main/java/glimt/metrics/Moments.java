package glimt.metrics;

/** The mean and covariance of a set of feature vectors. */
public final class Moments {
  private final double[] mean;
  private final double[][] covariance;

  /**
   * Creates moments.
   *
   * @param mean [d]
   * @param covariance [d, d], symmetric
   */
  public Moments(double[] mean, double[][] covariance) {
    if (covariance.length != mean.length || covariance[0].length != mean.length) {
      throw new IllegalArgumentException(
          "a mean of %s needs a square covariance, not %s x %s"
              .formatted(mean.length, covariance.length, covariance[0].length));
    }
    this.mean = mean.clone();
    this.covariance = Matrix.copy(covariance);
  }

  /**
   * Moments of rows of features, with the unbiased covariance (divided by n - 1).
   *
   * @param features [n, d], n at least 2
   */
  public static Moments of(double[][] features) {
    int n = features.length;
    if (n < 2) {
      throw new IllegalArgumentException(
          "a covariance needs at least 2 rows of features, not " + n);
    }
    int d = features[0].length;
    double[] mean = new double[d];
    for (double[] row : features) {
      for (int i = 0; i < d; i++) {
        mean[i] += row[i] / n;
      }
    }
    double[][] covariance = new double[d][d];
    for (double[] row : features) {
      for (int i = 0; i < d; i++) {
        for (int j = 0; j < d; j++) {
          covariance[i][j] += (row[i] - mean[i]) * (row[j] - mean[j]) / (n - 1);
        }
      }
    }
    return new Moments(mean, covariance);
  }

  /**
   * The Fr&eacute;chet distance of two normal distributions (Dowson and Landau 1982; FID, Heusel et
   * al. 2017; FVD, Unterthiner et al. 2018), squared, as it is commonly reported:
   *
   * <pre>  |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))</pre>
   */
  public double frechet(Moments other) {
    if (other.mean.length != mean.length) {
      throw new IllegalArgumentException(
          "the features must have the same dimension, not %s and %s"
              .formatted(mean.length, other.mean.length));
    }
    double sum = 0;
    for (int i = 0; i < mean.length; i++) {
      double d = mean[i] - other.mean[i];
      sum += d * d + covariance[i][i] + other.covariance[i][i];
    }
    // With C1 = G'G, C1 C2 has the eigenvalues of G C2 G', which is symmetric, and additional
    // zeros.
    double[][] inner = Matrix.congruent(Matrix.factor(covariance), other.covariance);
    for (double lambda : Matrix.eigenvalues(inner)) {
      sum -= 2 * Math.sqrt(Math.max(0, lambda));
    }
    return sum;
  }
}
