package glimt.ledger;

import java.util.List;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Columns of a batch as SQL arrays, for {@code unnest}: null where there is nothing to read from.
 */
final class Columns {
  private Columns() {}

  static <T> @Nullable String[] texts(
      List<? extends @Nullable T> rows, Function<T, @Nullable String> value) {
    return column(rows, value, String[]::new);
  }

  static <T> @Nullable Integer[] integers(
      List<? extends @Nullable T> rows, Function<T, @Nullable Integer> value) {
    return column(rows, value, Integer[]::new);
  }

  static <T> @Nullable Double[] doubles(
      List<? extends @Nullable T> rows, Function<T, @Nullable Double> value) {
    return column(rows, value, Double[]::new);
  }

  private static <T, V> @Nullable V[] column(
      List<? extends @Nullable T> rows,
      Function<T, @Nullable V> value,
      IntFunction<@Nullable V[]> array) {
    return rows.stream().map(row -> row == null ? null : value.apply(row)).toArray(array);
  }
}
