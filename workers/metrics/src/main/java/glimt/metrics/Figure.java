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
 * A figure of an evaluation, which is a line of a table.
 *
 * @param what the measured quantity with its unit
 * @param made the value for the bundle's samples
 * @param beside the values of the baselines by name, such as held-out data or a simpler method
 * @param bar the requirement for {@code made}, or null
 */
public record Figure(String what, double made, Map<String, Double> beside, @Nullable Bar bar) {
  private static final String COMPARED = "compared with";

  public Figure {
    // Keeps the order of insertion, which is the order of the table's columns.
    beside = new LinkedHashMap<>(beside);
  }

  /** A figure without baselines and requirement. */
  public static Figure of(String what, double made) {
    return new Figure(what, made, Map.of(), null);
  }

  /** A figure with a single baseline, which its description names. */
  public static Figure of(String what, double made, double compared) {
    return of(what, made).beside(COMPARED, compared);
  }

  /** This figure with one more baseline. */
  public Figure beside(String name, double value) {
    Map<String, Double> more = new LinkedHashMap<>(beside);
    more.put(name, value);
    return new Figure(what, made, more, bar);
  }

  /** This figure with a requirement. */
  public Figure toReach(Bar wanted) {
    return new Figure(what, made, beside, wanted);
  }

  /**
   * Formats figures as a Markdown table with a column for each baseline and, if there are
   * requirements, a column that shows which are missed.
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
