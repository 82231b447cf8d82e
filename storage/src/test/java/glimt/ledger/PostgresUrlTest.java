package glimt.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresUrlTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "jdbc:postgresql://db/glimt?user=me | jdbc:postgresql://db/glimt?user=me | |",
        "postgresql://db/glimt | jdbc:postgresql://db/glimt | |",
        "postgres://me:a%40b%2Fc+d@db:6543/glimt | jdbc:postgresql://db:6543/glimt | me | a@b/c+d",
        "postgresql:///glimt | jdbc:postgresql://localhost/glimt | |",
        "postgresql://me@[::1]:5432/glimt | jdbc:postgresql://[::1]:5432/glimt | me |",
        "postgresql://me@a,b:5433/x | jdbc:postgresql://a,b:5433/x | me |",
        "postgresql://me@db/x?sslmode=require&connect_timeout=10"
            + " | jdbc:postgresql://db/x?sslmode=require&connectTimeout=10 | me |",
        "jdbc:postgresql://me:secret@db/x | jdbc:postgresql://db/x | me | secret"
      })
  void a_database_is_named_as_JDBC_or_as_psql_takes_it(
      String url, String jdbc, String user, String password) {
    assertThat(PostgresUrl.parse(url)).isEqualTo(new PostgresUrl(jdbc, user, password));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "glimt", "mysql://db/x", "jdbc:mysql://db/x", "postgresql://db:port/x"})
  void what_names_no_database_is_told_the_forms(String url) {
    assertThatThrownBy(() -> PostgresUrl.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("postgresql://USER@HOST:PORT/NAME");
  }

  @ParameterizedTest
  @ValueSource(strings = {"target_session_attrs=any", "host=/run/postgresql"})
  void a_parameter_that_the_driver_cannot_be_told_is_named(String parameter) {
    assertThatThrownBy(() -> PostgresUrl.parse("postgresql://me:secret@db/x?" + parameter))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(parameter.substring(0, parameter.indexOf('=')))
        .hasMessageNotContaining("secret");
  }
}
