package glimt.training.evaluation;

import glimt.metrics.Figure;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What was made for prompts, beside other answers to the same kind of prompts. Each is a column of
 * a table.
 *
 * @param <A> what is found when a list of answers is judged
 */
public final class Comparison<A> {
  /** The column of real samples. */
  public static final String REAL = "real";

  /** That of the same networks before they have learned anything. */
  public static final String UNTRAINED = "untrained";

  /** That of a machine that only copies what it was trained on. */
  public static final String COPIED = "copied";

  /** That of few steps, where a level has a network for them. */
  public static final String FAST = "fast";

  private final A made;
  private final Map<String, A> others = new LinkedHashMap<>();

  Comparison(A made) {
    this.made = made;
  }

  void add(String name, A answer) {
    others.put(name, answer);
  }

  /** What is measured. */
  public A made() {
    return made;
  }

  /** Another column, if it is there. */
  public @Nullable A other(String name) {
    return others.get(name);
  }

  /** One figure of all columns. */
  public Figure line(String what, ToDoubleFunction<A> value) {
    Figure figure = Figure.of(what, value.applyAsDouble(made));
    for (Map.Entry<String, A> other : others.entrySet()) {
      figure = figure.beside(other.getKey(), value.applyAsDouble(other.getValue()));
    }
    return figure;
  }
}
