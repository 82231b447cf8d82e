package glimt.diffusion;

import java.util.Arrays;

/** The selection of a chain's times for a walk of n steps, named as in diffusers. */
public enum TimestepSpacing {
  /** {@link Spacing#leading}. */
  LEADING,
  /** {@link Spacing#trailing}. */
  TRAILING,
  /** {@link Spacing#linspace}. */
  LINSPACE;

  /** The times in falling order, fractional for {@link #LINSPACE}. */
  public double[] times(int length, int steps, int offset) {
    return switch (this) {
      case LEADING -> wide(Spacing.leading(length, steps, offset));
      case TRAILING -> wide(Spacing.trailing(length, steps));
      case LINSPACE -> Spacing.linspace(length, steps);
    };
  }

  /** The times in falling order, rounded to integers. */
  public int[] wholeTimes(int length, int steps, int offset) {
    return Spacing.rounded(times(length, steps, offset));
  }

  /**
   * Integer times in falling order that do not include 0: the times of a walk of n + 1 steps
   * without the last, or n trailing times (DPM-Solver in diffusers).
   *
   * @param length the number of the chain's levels that are used
   * @param whole the number of levels of the chain, which determines the stride of trailing times
   */
  public int[] openTimes(int length, int whole, int steps, int offset) {
    if (this == TRAILING) {
      return Spacing.trailing(length, whole, steps);
    }
    return Arrays.copyOf(wholeTimes(length, steps + 1, offset), steps);
  }

  private static double[] wide(int[] times) {
    return Arrays.stream(times).asDoubleStream().toArray();
  }
}
