package glimt.diffusion;

/**
 * Quantiles of the distribution Beta(0.6, 0.6), whose density x^-0.4 (1 - x)^-0.4 is symmetric and
 * concentrated at both ends.
 */
final class BetaLaw {
  private BetaLaw() {}

  private static final double SHAPE = 0.6;

  /** Half of the unnormalised mass. */
  private static final double HALF = mass(0.5);

  /** The quantile for a cumulative probability between 0 and 1. */
  static double quantile(double share) {
    if (share > 0.5) {
      return 1 - lower(1 - share);
    }
    return lower(share);
  }

  /**
   * The quantile for a probability up to 1/2, by bisection in x^0.6, in which the distribution
   * function is nearly linear.
   */
  private static double lower(double share) {
    double low = 0;
    double high = Math.pow(0.5, SHAPE);
    for (int i = 0; i < 200 && low < high; i++) {
      double middle = (low + high) / 2;
      if (middle == low || middle == high) {
        break;
      }
      if (mass(Math.pow(middle, 1 / SHAPE)) < 2 * share * HALF) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return share == 0 ? 0 : Math.pow((low + high) / 2, 1 / SHAPE);
  }

  /**
   * The integral of the unnormalised density from 0 to x, for x up to 1/2: x^a sum_k ((1 - a)_k /
   * k!) x^k / (a + k). Each term of the series adds at least one bit of accuracy.
   */
  private static double mass(double x) {
    double term = 1;
    double sum = 0;
    for (int k = 0; k < 70; k++) {
      sum += term / (SHAPE + k);
      term *= (1 - SHAPE + k) / (k + 1) * x;
    }
    return Math.pow(x, SHAPE) * sum;
  }
}
