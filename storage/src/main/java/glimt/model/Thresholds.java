package glimt.model;

/** How guesses of the clean sample are kept in the range that the data has. */
public sealed interface Thresholds {
  /** They stay as they are. */
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
   * @param quantile in (0, 1]
   * @param most an upper bound of the quantile's value
   */
  record Dynamic(double quantile, double most) implements Thresholds {
    public Dynamic {
      if (!(quantile > 0 && quantile <= 1 && most >= 1)) {
        throw new IllegalArgumentException(
            "a quantile lies in (0, 1] and its bound is at least 1, not %s and %s"
                .formatted(quantile, most));
      }
    }
  }
}
