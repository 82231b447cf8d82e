package glimt.model;

/**
 * When a walk of a level may end early, as measured along the level's own sampling.
 *
 * @param tolerance how little two successive estimates of the clean sample differ then, as the root
 *     mean square of their difference over that of the estimate, above 0 and below 1
 * @param decibels the peak signal-to-noise ratio of what is made so against what the whole walk
 *     makes, as the median of the measured walks
 */
public record EarlyEnd(double tolerance, double decibels) {
  public EarlyEnd {
    if (!(tolerance > 0 && tolerance < 1) || !(decibels > 0)) {
      throw new IllegalArgumentException(
          "a walk ends early by a tolerance above 0 and below 1, and some decibels above 0");
    }
  }
}
