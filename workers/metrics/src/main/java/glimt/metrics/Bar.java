package glimt.metrics;

import java.util.Locale;

/** A requirement for the value of a figure. */
public sealed interface Bar {

  /** Whether a value meets the requirement. */
  boolean met(double made);

  /** Requires at least this value. */
  record AtLeast(double value) implements Bar {
    @Override
    public boolean met(double made) {
      return made >= value;
    }

    @Override
    public String toString() {
      return "≥ " + shown(value);
    }
  }

  /** Requires at most this value. */
  record AtMost(double value) implements Bar {
    @Override
    public boolean met(double made) {
      return made <= value;
    }

    @Override
    public String toString() {
      return "≤ " + shown(value);
    }
  }

  /** Requires a value in a closed interval. */
  record Between(double low, double high) implements Bar {
    @Override
    public boolean met(double made) {
      return made >= low && made <= high;
    }

    @Override
    public String toString() {
      return shown(low) + " to " + shown(high);
    }
  }

  private static String shown(double value) {
    return String.format(Locale.ROOT, "%.2f", value);
  }
}
