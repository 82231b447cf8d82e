package glimt.ledger;

import glimt.storage.StorageException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Checks once, when a database is opened, that it and its sessions are as the ledger needs them.
 *
 * <p>The ledger needs one server process per session, because settings, prepared statements and
 * locks belong to the process. A pooler that assigns server processes per transaction breaks this.
 * It is detected when two sessions share a process, or one session changes its process.
 */
public final class DatabaseCheck {
  /** The check is repeated, since a pooler may alternate between server processes. */
  private static final int ROUNDS = 3;

  private DatabaseCheck() {}

  /**
   * Checks a database by two of its sessions.
   *
   * @throws StorageException if the database is unfit; the message names the cause and the way out
   */
  static void check(DataSource sessions) {
    try (Connection session = sessions.getConnection();
        Connection other = sessions.getConnection()) {
      other.setAutoCommit(false);
      for (int round = 0; round < ROUNDS; round++) {
        refusePooler(session, other);
      }
      refuseUnfit(session);
    } catch (SQLException e) {
      throw new StorageException("check the database", e);
    }
  }

  private static void refusePooler(Connection session, Connection other) throws SQLException {
    String process = process(session);
    boolean shared = process.equals(process(other)) || !process.equals(process(session));
    other.rollback();
    if (shared) {
      throw new StorageException(
          "glimt needs one server process per database session, but a pooler in between assigns them per transaction; set pool_mode=session for this database in PgBouncer, or give the address of PostgreSQL itself");
    }
  }

  private static void refuseUnfit(Connection session) throws SQLException {
    if ("on".equals(ask(session, "SELECT current_setting('transaction_read_only')"))) {
      throw new StorageException(
          "the database is read-only; give the address of the primary server, not a standby's");
    }
    String encoding = ask(session, "SELECT current_setting('server_encoding')");
    if (!"UTF8".equals(encoding)) {
      throw new StorageException(
          "the database has the encoding %s, but glimt needs UTF8; create one with: createdb --encoding=UTF8 --template=template0 NAME"
              .formatted(encoding));
    }
    if (ask(session, "SELECT current_schema()") == null) {
      throw new StorageException(
          "no schema of the search path (%s) exists for this user; create one of them, or name another in the URL with currentSchema="
              .formatted(ask(session, "SELECT current_setting('search_path')")));
    }
  }

  private static String process(Connection session) throws SQLException {
    return String.valueOf(ask(session, "SELECT pg_backend_pid()"));
  }

  /** Uses a plain statement, because behind a pooler the names of prepared ones may collide. */
  private static @Nullable String ask(Connection session, String question) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet answer = statement.executeQuery(question)) {
      return answer.next() ? answer.getString(1) : null;
    }
  }
}
