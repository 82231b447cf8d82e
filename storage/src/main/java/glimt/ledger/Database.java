package glimt.ledger;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import glimt.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL database that holds the ledger: a pool of connections, the migrations, and
 * transactions that are tried again when PostgreSQL asks for it.
 */
public final class Database implements AutoCloseable {
  /** The SQL states of a transaction that PostgreSQL asks to be run again. */
  private static final Set<String> AGAIN = Set.of("40001", "40P01");

  private static final int TRIES = 10;
  private static final int CONNECTIONS = 10;
  private static final Duration RETRY = Duration.ofMillis(500);

  /**
   * A session that waits longer for a lock, or a client that freezes within a transaction, is in
   * trouble, and must not take the others with it.
   *
   * <p>Every statement of the ledger finds its rows by an index, and is planned once. Without these
   * settings the planner believes that a table is still empty if it was when last analysed, and
   * sorts a hundred thousand tasks to find the first. No statement here is worth compiling.
   */
  private static final String MANNERS =
      """
      SET lock_timeout = '10s';
      SET idle_in_transaction_session_timeout = '30s';
      SET plan_cache_mode = force_generic_plan;
      SET enable_seqscan = off;
      SET enable_bitmapscan = off;
      SET jit = off
      """;

  @FunctionalInterface
  interface Transaction<T> {
    T run(Session session) throws SQLException;
  }

  private final HikariDataSource pool;

  private Database(HikariDataSource pool) {
    this.pool = pool;
  }

  /**
   * Connects, and migrates the tables of the ledger.
   *
   * @param url a JDBC URL of PostgreSQL
   * @param user null if the URL has it
   * @param password null if the URL has it, or none is needed
   * @throws StorageException if the database cannot be reached or migrated, or is of a newer glimt
   */
  public static Database open(String url, @Nullable String user, @Nullable String password) {
    return open(url, user, password, Duration.ZERO);
  }

  /**
   * @param patience how long to try while no server answers
   * @throws StorageException also if the database or its sessions are not as the ledger needs them
   */
  public static Database open(
      String url, @Nullable String user, @Nullable String password, Duration patience) {
    Database database = new Database(pool(url, user, password, patience));
    try {
      DatabaseCheck.check(database.pool);
      Flyway ledger = Flyway.configure().dataSource(database.pool).loggers("slf4j").load();
      refuseNewer(ledger);
      ledger.migrate();
      return database;
    } catch (FlywayException e) {
      database.close();
      throw new StorageException("migrate the database", e);
    } catch (StorageException e) {
      database.close();
      throw e;
    }
  }

  static Database connect(String url, @Nullable String user, @Nullable String password) {
    return new Database(pool(url, user, password, Duration.ZERO));
  }

  private static void refuseNewer(Flyway ledger) {
    for (MigrationInfo made : ledger.info().applied()) {
      if (made.getState() == MigrationState.FUTURE_SUCCESS) {
        throw new StorageException(
            "the database is of a newer glimt, with tables of version %s that this one does not know"
                .formatted(made.getVersion()));
      }
    }
  }

  private static HikariDataSource pool(
      String url, @Nullable String user, @Nullable String password, Duration patience) {
    DriverZone.beUtc();
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
    for (long end = System.nanoTime() + patience.toNanos(); ; ) {
      try {
        return new HikariDataSource(config);
      } catch (HikariPool.PoolInitializationException e) {
        if (!isAway(e) || System.nanoTime() - end > 0) {
          throw new StorageException("connect to the database", e);
        }
        LockSupport.parkNanos(RETRY.toNanos());
      }
    }
  }

  /** Whether no server answers, or the server is starting or stopping. */
  private static boolean isAway(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      String state = cause instanceof SQLException refusal ? refusal.getSQLState() : null;
      if (state != null && (state.startsWith("08") || state.startsWith("57P"))) {
        return true;
      }
    }
    return false;
  }

  /**
   * Runs {@code body} in one transaction, again from the start if PostgreSQL found a deadlock or a
   * serialization failure, so {@code body} must have no effect but its statements.
   */
  <T> T transact(String doing, Transaction<T> body) {
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = pool.getConnection()) {
        // After an exception the transaction is uncommitted, and the pool rolls it back.
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

  /** Runs {@code body} on one read-only snapshot. */
  <T> T read(String doing, Transaction<T> body) {
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

  /**
   * Whether PostgreSQL refused a statement because of its data, so that nothing was written: SQL
   * states of class 22, data exceptions, and 23, violated constraints.
   */
  static boolean isOfContent(StorageException broken) {
    return broken.getCause() instanceof SQLException refusal
        && refusal.getSQLState() != null
        && refusal.getSQLState().matches("2[23]...");
  }
}
