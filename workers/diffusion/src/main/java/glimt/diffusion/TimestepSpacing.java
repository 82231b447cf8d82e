package glimt.diffusion;

import java.util.Arrays;

/** Which of a chain's times a walk of n steps visits, by their names in the field. */
public enum TimestepSpacing {
  /** {@link Spacing#leading}. */
  LEADING,
  /** {@link Spacing#trailing}. */
  TRAILING,
  /** {@link Spacing#linspace}. */
  LINSPACE;

  /** Fractional times where the spacing has them, falling. */
  public double[] times(int length, int steps, int offset) {
    return switch (this) {
      case LEADING -> wide(Spacing.leading(length, steps, offset));
      case TRAILING -> wide(Spacing.trailing(length, steps));
      case LINSPACE -> Spacing.linspace(length, steps);
    };
  }

  /** Whole times, falling. */
  public int[] wholeTimes(int length, int steps, int offset) {
    return Spacing.rounded(times(length, steps, offset));
  }

  /**
   * Whole times short of the first, falling: the n + 1 of a longer walk without its last, but n
   * trailing ones (DPM-Solver in diffusers).
   *
   * @param length how many of the chain's levels are used
   * @param whole how many it has: trailing steps are as long as if all were used
   */
  public int[] openTimes(int length, int whole, int steps, int offset) {
    if (this == TRAILING) {
      double stride = (double) whole / steps;
      int[] times = new int[steps];
      Arrays.setAll(times, i -> (int) Math.rint(length - i * stride) - 1);
      return times;
    }
    return Arrays.copyOf(wholeTimes(length, steps + 1, offset), steps);
  }

  private static double[] wide(int[] times) {
    return Arrays.stream(times).asDoubleStream().toArray();
  }
}
