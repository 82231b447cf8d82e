package glimt.ledger;

import glimt.storage.StorageException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What the ledger takes for granted of a database and its sessions, asked once when it is opened.
 *
 * <p>A session is one server process from its first statement to its last: settings, prepared
 * statements and locks belong to it. A pooler that lends server processes by the transaction breaks
 * that, and is known by a process that two sessions are seen to share.
 */
public final class DatabaseCheck {
  /** A pooler may take turns among its server processes. */
  private static final int ROUNDS = 3;

  private DatabaseCheck() {}

  /**
   * @throws StorageException in a sentence that says what is wrong and the way out
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
      throw new StorageException("look at the database", e);
    }
  }

  private static void refusePooler(Connection session, Connection other) throws SQLException {
    String process = process(session);
    boolean shared = process.equals(process(other)) || !process.equals(process(session));
    other.rollback();
    if (shared) {
      throw new StorageException(
          "each of glimt's sessions needs a server process of its own, and a pooler in between lends them by the transaction; set pool_mode=session for this database in PgBouncer, or give the address of PostgreSQL itself");
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
          "the database keeps text as %s and glimt needs UTF8; make one with: createdb --encoding=UTF8 --template=template0 NAME"
              .formatted(encoding));
    }
    if (ask(session, "SELECT current_schema()") == null) {
      throw new StorageException(
          "the search path (%s) names no schema that is there for this user; create one of them, or name another in the URL with currentSchema="
              .formatted(ask(session, "SELECT current_setting('search_path')")));
    }
  }

  private static String process(Connection session) throws SQLException {
    return String.valueOf(ask(session, "SELECT pg_backend_pid()"));
  }

  /** By a plain statement: a prepared one has a name that another session could have taken. */
  private static @Nullable String ask(Connection session, String question) throws SQLException {
    try (Statement statement = session.createStatement();
        ResultSet answer = statement.executeQuery(question)) {
      return answer.next() ? answer.getString(1) : null;
    }
  }
}
