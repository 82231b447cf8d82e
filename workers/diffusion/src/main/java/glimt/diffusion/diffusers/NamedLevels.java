package glimt.diffusion.diffusers;

import glimt.diffusion.NoiseSchedule;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * The levels of a walk with the network's time inputs.
 *
 * @param levels the levels
 * @param times the time input at each level but the last
 * @param naming maps any level to its time input
 */
record NamedLevels(NoiseSchedule levels, List<Double> times, DoubleUnaryOperator naming) {

  /**
   * Combines levels with their times.
   *
   * @param times the time input at each level but the last
   * @param between maps all other levels to their time input
   */
  static NamedLevels of(NoiseSchedule levels, double[] times, DoubleUnaryOperator between) {
    return new NamedLevels(levels, SharedSettings.list(times), levels.naming(times, between));
  }

  /** These levels and times to 32 bits. */
  NamedLevels inSinglePrecision() {
    return of(
        levels.inSinglePrecision(),
        narrow(times.stream().mapToDouble(t -> t).toArray()),
        naming.andThen(t -> (float) t));
  }

  static double[] narrow(double[] values) {
    return Arrays.stream(values).map(value -> (float) value).toArray();
  }
}
