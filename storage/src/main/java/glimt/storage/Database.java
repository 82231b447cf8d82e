package glimt.storage;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL database that holds the ledger: a pool of connections, the migrations, and
 * transactions that are tried again when PostgreSQL asks for it.
 */
public final class Database implements AutoCloseable {
  /** What PostgreSQL answers to a transaction that it would like to see again. */
  private static final Set<String> AGAIN = Set.of("40001", "40P01");

  private static final int TRIES = 10;
  private static final int CONNECTIONS = 10;

  /**
   * A session that waits longer for a lock, or a client that is frozen within a transaction, is in
   * trouble; let it not take the others with it.
   */
  private static final String MANNERS =
      "SET lock_timeout = '10s'; SET idle_in_transaction_session_timeout = '30s'";

  @FunctionalInterface
  interface Body<T> {
    T run(Session session) throws SQLException;
  }

  private final HikariDataSource pool;

  private Database(HikariDataSource pool) {
    this.pool = pool;
  }

  /**
   * Connects and brings the ledger's tables up to date.
   *
   * @param url a JDBC URL of PostgreSQL
   * @param user null if the URL says who
   * @param password null if the URL says it, or none is needed
   * @throws StorageException if the database cannot be reached or migrated
   */
  public static Database open(String url, @Nullable String user, @Nullable String password) {
    HikariConfig config = new HikariConfig();
    config.setPoolName("ledger");
    config.setJdbcUrl(url);
    config.setUsername(user);
    config.setPassword(password);
    config.setMaximumPoolSize(CONNECTIONS);
    config.setMinimumIdle(1);
    config.setConnectionTimeout(10_000);
    config.setConnectionInitSql(MANNERS);
    config.addDataSourceProperty("ApplicationName", "glimt");
    config.addDataSourceProperty("socketTimeout", "60");
    HikariDataSource pool;
    try {
      pool = new HikariDataSource(config);
    } catch (HikariPool.PoolInitializationException e) {
      throw new StorageException("connect to the database", e);
    }
    try {
      Flyway.configure().dataSource(pool).loggers("slf4j").load().migrate();
      return new Database(pool);
    } catch (FlywayException e) {
      pool.close();
      throw new StorageException("migrate the database", e);
    }
  }

  /**
   * Runs {@code body} in one transaction, again from the start if PostgreSQL found a deadlock or a
   * serialization failure, so {@code body} must have no effect but its statements.
   */
  <T> T transact(String doing, Body<T> body) {
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = pool.getConnection()) {
        // Left uncommitted, by any exception, the pool rolls it back.
        connection.setAutoCommit(false);
        T result = body.run(new Session(connection));
        connection.commit();
        return result;
      } catch (SQLException e) {
        if (attempt == TRIES || e.getSQLState() == null || !AGAIN.contains(e.getSQLState())) {
          throw new StorageException(doing, e);
        }
      }
    }
  }

  /** Runs {@code body} on one snapshot that it cannot change. */
  <T> T read(String doing, Body<T> body) {
    return transact(
        doing,
        session -> {
          session.update("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
          return body.run(session);
        });
  }

  @Override
  public void close() {
    pool.close();
  }
}
