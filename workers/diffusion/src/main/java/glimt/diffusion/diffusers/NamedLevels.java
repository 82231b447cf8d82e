package glimt.diffusion.diffusers;

import glimt.diffusion.NoiseSchedule;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Levels by the names a network knows them by.
 *
 * @param levels of a walk
 * @param times the names of each but the last
 * @param naming the same as a function of a level
 */
record NamedLevels(NoiseSchedule levels, List<Double> times, DoubleUnaryOperator naming) {

  /** Levels with their names, and the names of other levels. */
  static NamedLevels of(NoiseSchedule levels, double[] times, DoubleUnaryOperator between) {
    return new NamedLevels(levels, SharedSettings.list(times), levels.naming(times, between));
  }
}
