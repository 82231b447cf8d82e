package glimt.training.learning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ExpressionTest {
  @Test
  void products_bind_tighter_than_sums_and_names_are_known_sizes() {
    assertThat(value("1 + 2*3")).isEqualTo(7);
    assertThat(value("(1 + 2)*d")).isEqualTo(12);
    assertThat(value("8/d/2")).isEqualTo(1);
    assertThat(value("0.5/sqrt(d)")).isEqualTo(0.25);
  }

  @Test
  void what_cannot_be_worked_out_is_shown_with_what_is_known() {
    assertThatThrownBy(() -> value("2*e"))
        .hasMessageContaining("'2*e'")
        .hasMessageContaining("[d]");
    assertThatThrownBy(() -> value("(1")).hasMessageContaining("position 2");
    assertThatThrownBy(() -> value("1 2 +")).hasMessageContaining("cannot evaluate");
  }

  private static double value(String text) {
    return Expression.value(text, Map.of("d", 4.0));
  }
}
