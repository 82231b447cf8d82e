package glimt.metrics;

import java.util.Locale;

/** A value that a figure has to reach. */
public sealed interface Bar {

  boolean met(double made);

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
