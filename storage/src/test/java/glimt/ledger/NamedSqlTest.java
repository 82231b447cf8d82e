package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Array;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class NamedSqlTest {
  private static final NamedSql END =
      NamedSql.of("UPDATE task SET state = :state WHERE id = :task AND :task > 0");

  @Test
  void each_occurrence_of_a_name_becomes_one_placeholder() {
    assertThat(END.text()).isEqualTo("UPDATE task SET state = ? WHERE id = ? AND ? > 0");
    assertThat(END.names()).containsExactly("state", "task", "task");
  }

  @Test
  void values_come_in_the_order_of_the_text_whatever_the_order_of_binding() {
    assertThat(END.bind("task", 7L).bind("state", "ready").arguments())
        .containsExactly("ready", 7L, 7L);
  }

  @Test
  void null_is_a_value() {
    assertThat(END.bind("state", null).bind("task", 7L).arguments()).containsExactly(null, 7L, 7L);
  }

  @Test
  void one_statement_serves_many_executions() {
    NamedSql.Bound first = END.bind("task", 1L).bind("state", "a");
    NamedSql.Bound second = END.bind("task", 2L).bind("state", "b");
    assertThat(first.arguments()).containsExactly("a", 1L, 1L);
    assertThat(second.arguments()).containsExactly("b", 2L, 2L);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "SELECT '10:30', ':name', 'it''s :name', '?'",
        "SELECT x::text[], y :: integer, z::timestamptz",
        "SELECT \"a:b\", \"c?\" FROM t",
        "SELECT 1 -- of :name, or ?\n FROM t",
        "SELECT 1 /* of :name,\n or ? */ FROM t",
        "SELECT $$ :name ? $$, $tag$ :name $$ ? $tag$",
        "SELECT a[1:2] FROM t"
      })
  void casts_quoted_text_and_comments_stay_as_they_are(String sql) {
    assertThat(NamedSql.of(sql).text()).isEqualTo(sql);
    assertThat(NamedSql.of(sql).names()).isEmpty();
  }

  @Test
  void a_name_may_stand_beside_a_cast_and_beside_quoted_text() {
    NamedSql sql = NamedSql.of("SELECT :ids::uuid[], ':no' || :suffix, ARRAY[:a,:b]");
    assertThat(sql.text()).isEqualTo("SELECT ?::uuid[], ':no' || ?, ARRAY[?,?]");
    assertThat(sql.names()).containsExactly("ids", "suffix", "a", "b");
  }

  @Test
  void a_missing_name_is_named() {
    NamedSql.Bound incomplete = END.bind("state", "ready");
    assertThatThrownBy(incomplete::arguments)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no value for :task");
  }

  @Test
  void a_superfluous_name_is_named() {
    assertThatThrownBy(() -> END.bind("tusk", 7L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no parameter :tusk");
  }

  @Test
  void a_name_has_one_value() {
    assertThatThrownBy(() -> END.bind("task", 7L).bind("task", 8L))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("two values for :task");
  }

  @Test
  void a_parameter_without_a_name_is_refused() {
    assertThatThrownBy(() -> NamedSql.of("SELECT :a, ?"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("without a name");
  }

  @Test
  void postgres_reads_arrays_nulls_and_text_that_looks_like_SQL() {
    NamedSql echo =
        NamedSql.of(
            """
            SELECT :text AS text, :none::text AS none, ':text' AS quoted,
                   (SELECT array_agg(a * b) FROM unnest(:a, :b::integer[]) AS pair (a, b)) AS products
            """);
    try (Ledger ledger = Ledger.fresh()) {
      String row =
          ledger
              .database
              .read(
                  "echo",
                  session ->
                      session.first(
                          echo.bind("text", "'; DROP TABLE task; -- :none ?")
                              .bind("none", null)
                              .bind("a", new long[] {2, 3})
                              .bind("b", new Integer[] {5, 7}),
                          found -> {
                            Array products = found.getArray("products");
                            return "%s|%s|%s|%s"
                                .formatted(
                                    found.getString("text"),
                                    found.getString("none"),
                                    found.getString("quoted"),
                                    products);
                          }))
              .orElseThrow();
      assertThat(row).isEqualTo("'; DROP TABLE task; -- :none ?|null|:text|{10,21}");
    }
  }
}
