package glimt.metrics;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One line of an evaluation.
 *
 * @param what was measured, with its unit
 * @param made by the bundle
 * @param beside the same of what it is held against, by name: held-out data, a simpler method …
 */
public record Figure(String what, double made, Map<String, Double> beside) {
  private static final String COMPARED = "compared with";

  public Figure {
    // In the order they were named, which is the order of the table's columns.
    beside = new LinkedHashMap<>(beside);
  }

  public static Figure of(String what, double made) {
    return new Figure(what, made, Map.of());
  }

  /** A figure whose line says what it is compared with. */
  public static Figure of(String what, double made, double compared) {
    return of(what, made).beside(COMPARED, compared);
  }

  /** This figure held against one thing more. */
  public Figure beside(String name, double value) {
    Map<String, Double> more = new LinkedHashMap<>(beside);
    more.put(name, value);
    return new Figure(what, made, more);
  }

  /** A Markdown table with a column for everything that a figure is held against. */
  public static String table(List<Figure> figures) {
    Set<String> names = new LinkedHashSet<>();
    figures.forEach(figure -> names.addAll(figure.beside.keySet()));
    StringBuilder table = new StringBuilder("| | made |");
    names.forEach(name -> table.append(" ").append(name).append(" |"));
    table.append("\n|---|---|").append("---|".repeat(names.size())).append("\n");
    for (Figure figure : figures) {
      table
          .append("| %s | %s | ".formatted(figure.what, number(figure.made)))
          .append(
              names.stream()
                  .map(name -> number(figure.beside.get(name)))
                  .collect(Collectors.joining(" | ")))
          .append(names.isEmpty() ? "\n" : " |\n");
    }
    return table.toString();
  }

  private static String number(@Nullable Double value) {
    return value == null ? "" : String.format(Locale.ROOT, "%.3f", value);
  }
}
