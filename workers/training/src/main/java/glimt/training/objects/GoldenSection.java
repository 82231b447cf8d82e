package glimt.training.objects;

import java.util.function.DoubleUnaryOperator;

/** The golden-section search (Kiefer, 1953) for the least value of a function of one variable. */
final class GoldenSection {
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private GoldenSection() {}

  /**
   * The least of the values looked at.
   *
   * @param value of the function at {@code at}
   */
  record Least(double at, double value) {
    private Least or(Least other) {
      return other.value < value ? other : this;
    }
  }

  /**
   * Looks at the middle, and then at {@code looks} + 2 places that close in on a valley within
   * {@code reach} of it. Where the function only nearly has one valley, a place passed by may be
   * the least.
   */
  static Least near(double middle, double reach, int looks, DoubleUnaryOperator function) {
    double from = middle - reach;
    double to = middle + reach;
    Least left = at(to - GOLDEN * (to - from), function);
    Least right = at(from + GOLDEN * (to - from), function);
    Least least = at(middle, function).or(left).or(right);
    for (int look = 0; look < looks; look++) {
      if (left.value < right.value) {
        to = right.at;
        right = left;
        left = at(to - GOLDEN * (to - from), function);
        least = least.or(left);
      } else {
        from = left.at;
        left = right;
        right = at(from + GOLDEN * (to - from), function);
        least = least.or(right);
      }
    }
    return least;
  }

  private static Least at(double place, DoubleUnaryOperator function) {
    return new Least(place, function.applyAsDouble(place));
  }
}
