package glimt.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class FigureTest {

  @Test
  void a_table_tells_what_was_not_measured_and_what_missed_its_bar() {
    String table =
        Figure.table(
            List.of(
                Figure.of("high enough", 0.91).beside("real", 1).toReach(new Bar.AtLeast(0.9)),
                Figure.of("too high", 1.5).toReach(new Bar.AtMost(1.4)),
                Figure.of("of no matter", 12.3456).beside("copied", 2)));
    assertThat(table.lines())
        .containsExactly(
            "| | made | real | copied | to reach |",
            "|---|---|---|---|---|",
            "| high enough | 0.910 | 1.000 | | ≥ 0.90 |",
            "| too high | 1.500 | | | ≤ 1.40 (missed) |",
            "| of no matter | 12.346 | | 2.000 | |");
  }

  @Test
  void without_bars_there_is_no_column_for_them() {
    assertThat(Figure.table(List.of(Figure.of("one", 1))))
        .isEqualTo("| | made |\n|---|---|\n| one | 1.000 |\n");
  }

  @Test
  void what_could_not_be_measured_misses_every_bar() {
    assertThat(new Bar.AtLeast(0).met(Double.NaN)).isFalse();
    assertThat(new Bar.AtMost(1).met(Double.NaN)).isFalse();
    assertThat(new Bar.Between(0, 1).met(Double.NaN)).isFalse();
  }

  @Test
  void a_bar_on_both_sides_is_missed_on_either() {
    Bar bar = new Bar.Between(0.8, 1.2);
    assertThat(List.of(0.79, 0.8, 1.2, 1.21).stream().map(bar::met))
        .containsExactly(false, true, true, false);
    assertThat(bar).hasToString("0.80 to 1.20");
  }
}
