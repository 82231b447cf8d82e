package glimt.metrics;

import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One line of an evaluation.
 *
 * @param what was measured, with its unit
 * @param made by the bundle
 * @param real the same of held-out data or, where the line says so, of a simpler method
 */
public record Figure(String what, double made, OptionalDouble real) {

  public static Figure of(String what, double made, double real) {
    return new Figure(what, made, OptionalDouble.of(real));
  }

  public static Figure of(String what, double made) {
    return new Figure(what, made, OptionalDouble.empty());
  }

  /** A Markdown table. */
  public static String table(List<Figure> figures) {
    StringBuilder table = new StringBuilder("| | made | compared with |\n|---|---|---|\n");
    for (Figure figure : figures) {
      String real =
          figure.real.isPresent()
              ? String.format(Locale.ROOT, "%.3f", figure.real.getAsDouble())
              : "";
      table.append(
          String.format(Locale.ROOT, "| %s | %.3f | %s |\n", figure.what, figure.made, real));
    }
    return table.toString();
  }
}
