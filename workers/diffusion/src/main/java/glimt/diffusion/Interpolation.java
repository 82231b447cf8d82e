package glimt.diffusion;

/** Linear interpolation in tables with the indices 0, 1, 2, ... */
final class Interpolation {
  private Interpolation() {}

  /** The value at a fractional index, clamped to the table. */
  static double linear(double place, double[] values) {
    if (place <= 0) {
      return values[0];
    }
    int below = (int) place;
    if (below >= values.length - 1) {
      return values[values.length - 1];
    }
    double w = place - below;
    return w == 0 ? values[below] : (1 - w) * values[below] + w * values[below + 1];
  }

  /** The fractional index of a value in a rising table, clamped to the table. */
  static double inverse(double value, double[] rising) {
    int low = 0;
    int high = rising.length - 1;
    if (value <= rising[low]) {
      return low;
    }
    if (value >= rising[high]) {
      return high;
    }
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (rising[middle] <= value) {
        low = middle;
      } else {
        high = middle;
      }
    }
    return low + (value - rising[low]) / (rising[high] - rising[low]);
  }
}
