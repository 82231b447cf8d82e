package glimt.metrics;

import java.util.ArrayList;
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
 * @param made the value for what the bundle made
 * @param beside the values of what it is compared with, by name: held-out data, a simpler method …
 * @param bar what the first value has to reach, or null
 */
public record Figure(String what, double made, Map<String, Double> beside, @Nullable Bar bar) {
  private static final String COMPARED = "compared with";

  public Figure {
    // In the order they were named, which is the order of the table's columns.
    beside = new LinkedHashMap<>(beside);
  }

  /** A figure that is compared with nothing yet. */
  public static Figure of(String what, double made) {
    return new Figure(what, made, Map.of(), null);
  }

  /** A figure whose line says what it is compared with. */
  public static Figure of(String what, double made, double compared) {
    return of(what, made).beside(COMPARED, compared);
  }

  /** This figure, compared with one thing more. */
  public Figure beside(String name, double value) {
    Map<String, Double> more = new LinkedHashMap<>(beside);
    more.put(name, value);
    return new Figure(what, made, more, bar);
  }

  /** This figure with a bar. */
  public Figure toReach(Bar wanted) {
    return new Figure(what, made, beside, wanted);
  }

  /**
   * A Markdown table with a column for everything that a figure is compared with, and, if there are
   * bars, one that says which were missed.
   */
  public static String table(List<Figure> figures) {
    Set<String> names = new LinkedHashSet<>();
    figures.forEach(figure -> names.addAll(figure.beside.keySet()));
    boolean bars = figures.stream().anyMatch(figure -> figure.bar != null);
    List<String> heads = new ArrayList<>(List.of("", "made"));
    heads.addAll(names);
    if (bars) {
      heads.add("to reach");
    }
    StringBuilder table = new StringBuilder(line(heads));
    table.append("|").append("---|".repeat(heads.size())).append("\n");
    for (Figure figure : figures) {
      List<String> cells = new ArrayList<>(List.of(figure.what, number(figure.made)));
      names.forEach(name -> cells.add(number(figure.beside.get(name))));
      if (bars) {
        cells.add(figure.judged());
      }
      table.append(line(cells));
    }
    return table.toString();
  }

  private static String line(List<String> cells) {
    return cells.stream()
        .map(cell -> cell.isEmpty() ? " " : " " + cell + " ")
        .collect(Collectors.joining("|", "|", "|\n"));
  }

  private String judged() {
    return bar == null ? "" : bar + (bar.met(made) ? "" : " (missed)");
  }

  private static String number(@Nullable Double value) {
    return value == null || value.isNaN() ? "" : String.format(Locale.ROOT, "%.3f", value);
  }
}
