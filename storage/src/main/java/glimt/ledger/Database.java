package glimt.ledger;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import glimt.storage.StorageException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.MigrationState;
import org.jspecify.annotations.Nullable;

/**
 * The PostgreSQL database of the ledger: a connection pool, schema migrations, and transactions
 * that are retried after deadlocks and serialization failures.
 */
public final class Database implements AutoCloseable {
  /** The SQL states of transactions that should be retried: serialization failure and deadlock. */
  private static final Set<String> AGAIN = Set.of("40001", "40P01");

  private static final int TRIES = 10;
  private static final int CONNECTIONS = 10;
  private static final Duration RETRY = Duration.ofMillis(500);

  /**
   * Settings of every session.
   *
   * <p>The timeouts keep a session that is stuck, or whose client is frozen in a transaction, from
   * blocking the others.
   *
   * <p>The planner settings force index scans and a single plan per statement. With outdated
   * statistics the planner may otherwise take a table for empty, and sort a hundred thousand tasks
   * to find the first. JIT compilation does not pay off for statements this small.
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

  /**
   * A database that was restored from a dump on another server has events of transactions that this
   * server has yet to count up to. They become events of this one.
   */
  private static final String ADOPT =
      """
      UPDATE event SET xact = pg_current_xact_id()
      WHERE xact >= pg_snapshot_xmax(pg_current_snapshot())
      """;

  /** The statements of a transaction. */
  @FunctionalInterface
  interface Transaction<T> {
    T run(Session session) throws SQLException;
  }

  /**
   * A statement is prepared when it first runs: planning a claim takes longer than the claim, so it
   * is not done five times first.
   */
  private static final int AT_ONCE = 1;

  private static final int NOT_PREPARED = 0;

  private final HikariDataSource pool;
  private final LongAdder statements = new LongAdder();

  private Database(HikariDataSource pool) {
    this.pool = pool;
  }

  /**
   * Connects, and migrates the tables of the ledger.
   *
   * @param url a JDBC URL of PostgreSQL
   * @param user null if the URL contains the user
   * @param password null if the URL contains the password, or none is needed
   * @throws StorageException if the database cannot be reached or migrated, belongs to a newer
   *     glimt, or fails {@link DatabaseCheck}
   */
  public static Database open(String url, @Nullable String user, @Nullable String password) {
    return open(url, user, password, Duration.ZERO);
  }

  /**
   * Connects as {@link #open(String, String, String)} does.
   *
   * @param patience how long to retry while no server accepts connections
   */
  public static Database open(
      String url, @Nullable String user, @Nullable String password, Duration patience) {
    // Not with the ledger's connections: behind a pooler the names of prepared statements collide.
    try (HikariDataSource plain = pool(url, user, password, patience, NOT_PREPARED)) {
      DatabaseCheck.check(plain);
    }
    Database database = new Database(pool(url, user, password, patience, AT_ONCE));
    try {
      Flyway ledger = Flyway.configure().dataSource(database.pool).loggers("slf4j").load();
      refuseNewer(ledger);
      ledger.migrate();
      database.transact("order the events", session -> session.update(ADOPT));
      return database;
    } catch (FlywayException e) {
      database.close();
      throw new StorageException("migrate the database", e);
    } catch (StorageException e) {
      database.close();
      throw e;
    }
  }

  /** Connects to a database whose tables are already up to date. */
  static Database connect(String url, @Nullable String user, @Nullable String password) {
    return new Database(pool(url, user, password, Duration.ZERO, AT_ONCE));
  }

  private static void refuseNewer(Flyway ledger) {
    for (MigrationInfo made : ledger.info().applied()) {
      if (made.getState() == MigrationState.FUTURE_SUCCESS) {
        throw new StorageException(
            "the database belongs to a newer glimt: its tables have version %s, which this one does not know; upgrade this node"
                .formatted(made.getVersion()));
      }
    }
  }

  private static HikariDataSource pool(
      String url,
      @Nullable String user,
      @Nullable String password,
      Duration patience,
      int prepareThreshold) {
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
    config.addDataSourceProperty("prepareThreshold", String.valueOf(prepareThreshold));
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

  /** Returns whether no server answers, or the server is starting or stopping. */
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
   * Runs {@code body} in one transaction. After a deadlock or a serialization failure it runs again
   * from the start, so {@code body} must have no side effects besides its statements.
   *
   * @param doing what the transaction does, for the message of an exception
   * @throws StorageException if a statement or the commit fails
   */
  <T> T transact(String doing, Transaction<T> body) {
    return run(
        doing,
        connection -> {
          // If body throws, the pool rolls the transaction back.
          connection.setAutoCommit(false);
          T result = body.run(new Session(connection, statements));
          connection.commit();
          return result;
        });
  }

  /** Runs {@code body} as {@link #transact} does, for {@link Acting#actor} in the audit log. */
  <T> T act(String doing, Transaction<T> body) {
    String actor = Acting.actor();
    return actor == null
        ? transact(doing, body)
        : transact(
            doing,
            session -> {
              session.first("SELECT set_config('glimt.actor', ?, true)", row -> true, actor);
              return body.run(session);
            });
  }

  /**
   * Runs {@code body}, which is one statement that is a transaction by itself; see {@link
   * #transact}. It needs one round trip, where a transaction needs two.
   */
  <T> T once(String doing, Transaction<T> body) {
    return run(doing, connection -> body.run(new Session(connection, statements)));
  }

  @FunctionalInterface
  private interface OnConnection<T> {
    T run(Connection connection) throws SQLException;
  }

  private <T> T run(String doing, OnConnection<T> body) {
    for (int attempt = 1; ; attempt++) {
      try (Connection connection = pool.getConnection()) {
        return body.run(connection);
      } catch (SQLException e) {
        if (attempt == TRIES || e.getSQLState() == null || !AGAIN.contains(e.getSQLState())) {
          throw new StorageException(doing, e);
        }
      }
    }
  }

  /** Runs {@code body} in a read-only transaction on one snapshot; see {@link #transact}. */
  <T> T read(String doing, Transaction<T> body) {
    return transact(
        doing,
        session -> {
          session.update("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
          return body.run(session);
        });
  }

  /**
   * Returns how many statements were sent through it so far, without those that end transactions.
   */
  public long statements() {
    return statements.sum();
  }

  @Override
  public void close() {
    pool.close();
  }

  /**
   * Returns whether PostgreSQL rejected the data to be written, in which case nothing was written:
   * SQL states of class 22 (data exception) and 23 (constraint violation).
   */
  static boolean isOfContent(StorageException broken) {
    return broken.getCause() instanceof SQLException refusal
        && refusal.getSQLState() != null
        && refusal.getSQLState().matches("2[23]...");
  }
}
