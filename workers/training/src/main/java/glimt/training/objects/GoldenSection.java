package glimt.training.objects;

import java.util.function.DoubleUnaryOperator;

/** Golden-section search (Kiefer, 1953) for the minimum of a function of one variable. */
final class GoldenSection {
  private static final double GOLDEN = (Math.sqrt(5) - 1) / 2;

  private GoldenSection() {}

  /**
   * The smallest value that was evaluated.
   *
   * @param at the argument
   * @param value the value of the function at {@code at}
   */
  record Least(double at, double value) {
    private Least or(Least other) {
      return other.value < value ? other : this;
    }
  }

  /**
   * Evaluates the function at {@code middle} and at {@code looks} + 2 points that converge to a
   * minimum within {@code reach} of it. If the function is not exactly unimodal, the result may be
   * an earlier point of the search.
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
