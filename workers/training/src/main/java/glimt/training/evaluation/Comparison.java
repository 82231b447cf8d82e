package glimt.training.evaluation;

import glimt.metrics.Figure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * The assessment of generated samples and of baselines for the same kind of prompts. Each is a
 * column of a table.
 *
 * @param <A> the assessment of a list of samples
 */
public final class Comparison<A> {
  /** The column of real samples. */
  public static final String REAL = "real";

  /** The column of the same networks before training. */
  public static final String UNTRAINED = "untrained";

  /** The column of a baseline that only copies training data. */
  public static final String COPIED = "copied";

  /** The column of {@code quality: fast}, if a level has such a way. */
  public static final String FAST = "fast";

  private final A made;
  private final Map<String, A> others = new LinkedHashMap<>();

  Comparison(A made) {
    this.made = made;
  }

  void add(String name, A answer) {
    others.put(name, answer);
  }

  /** The assessment of the generated samples. */
  public A made() {
    return made;
  }

  /** The assessment of another column, or null. */
  public @Nullable A other(String name) {
    return others.get(name);
  }

  /** A figure with a value for each column. */
  public Figure line(String what, ToDoubleFunction<A> value) {
    Figure figure = Figure.of(what, value.applyAsDouble(made));
    for (Map.Entry<String, A> other : others.entrySet()) {
      figure = figure.beside(other.getKey(), value.applyAsDouble(other.getValue()));
    }
    return figure;
  }

  /**
   * The cost of generated samples, beside that of the fast ones.
   *
   * @param fast the samples at {@code quality: fast}, or null
   */
  public static <T> Figure cost(
      String what, Samples<T> made, @Nullable Samples<T> fast, ToDoubleFunction<Samples<T>> value) {
    Figure figure = Figure.of(what, value.applyAsDouble(made));
    return fast == null ? figure : figure.beside(FAST, value.applyAsDouble(fast));
  }
}
