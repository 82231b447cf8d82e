package glimt.model;

/** How a denoiser's estimates of the clean sample are kept in the range of the data. */
public sealed interface Thresholds {
  /** Estimates stay as they are. */
  record Open() implements Thresholds {}

  /** Every value is clamped to [-range, range]. */
  record Clamp(double range) implements Thresholds {
    public Clamp {
      if (!(range > 0)) {
        throw new IllegalArgumentException("a range must be positive, not " + range);
      }
    }
  }

  /**
   * Dynamic thresholding (Saharia et al. 2022, section 2.3): each sample is clamped to its own
   * quantile of absolute values, where that exceeds 1, and divided by it.
   *
   * @param quantile which quantile, in (0, 1]
   * @param most the upper bound of the quantile's value, 1 or more
   */
  record Dynamic(double quantile, double most) implements Thresholds {
    public Dynamic {
      if (!(quantile > 0 && quantile <= 1 && most >= 1)) {
        throw new IllegalArgumentException(
            "dynamic thresholds need a quantile in (0, 1] and a bound of 1 or more, not %s and %s"
                .formatted(quantile, most));
      }
    }
  }
}
