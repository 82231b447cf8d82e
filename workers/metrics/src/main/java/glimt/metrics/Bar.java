package glimt.metrics;

import java.util.Locale;

/** A value that a figure has to reach. */
public sealed interface Bar {

  /** Whether a value reaches it. */
  boolean met(double made);

  /** As much as this or more. */
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

  /** As much as this or less. */
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

  /** From one value to another, both included. */
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
