package glimt.ledger;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One transaction on one connection, with short methods for plain JDBC. Arguments may have any type
 * that {@code setObject} accepts; {@code long[]}, {@code int[]} and {@code String[]} become SQL
 * arrays.
 *
 * @param sent counts its statements
 */
record Session(Connection connection, LongAdder sent) {
  /** Reads one value from the current row of a result. */
  @FunctionalInterface
  interface RowMapper<T> {
    T map(ResultSet row) throws SQLException;
  }

  int update(NamedSql.Bound statement) throws SQLException {
    return update(statement.text(), statement.arguments());
  }

  /** Runs a statement and returns the number of changed rows. */
  int update(String sql, @Nullable Object... arguments) throws SQLException {
    try (PreparedStatement statement = prepared(sql, arguments)) {
      return statement.executeUpdate();
    }
  }

  /** Runs a query and returns all its rows. */
  <T> List<T> all(NamedSql.Bound query, RowMapper<T> row) throws SQLException {
    return all(query.text(), row, query.arguments());
  }

  <T> List<T> all(String sql, RowMapper<T> row, @Nullable Object... arguments) throws SQLException {
    try (PreparedStatement statement = prepared(sql, arguments);
        ResultSet rows = statement.executeQuery()) {
      List<T> all = new ArrayList<>();
      while (rows.next()) {
        all.add(row.map(rows));
      }
      return all;
    }
  }

  /** Runs a query and returns its first row, or empty if it has none. */
  <T> Optional<T> first(NamedSql.Bound query, RowMapper<T> row) throws SQLException {
    return all(query, row).stream().findFirst();
  }

  <T> Optional<T> first(String sql, RowMapper<T> row, @Nullable Object... arguments)
      throws SQLException {
    return all(sql, row, arguments).stream().findFirst();
  }

  private PreparedStatement prepared(String sql, @Nullable Object... arguments)
      throws SQLException {
    sent.increment();
    PreparedStatement statement = connection.prepareStatement(sql);
    for (int i = 0; i < arguments.length; i++) {
      statement.setObject(i + 1, arguments[i]);
    }
    return statement;
  }
}
