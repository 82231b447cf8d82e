package glimt.ledger;

import glimt.storage.StorageException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a PostgreSQL database, with credentials.
 *
 * @param url a JDBC URL
 * @param user null if the URL contains the user
 * @param password null if the URL contains the password, or none is needed
 */
public record DatabaseAddress(String url, @Nullable String user, @Nullable String password) {
  private static final String URL = "GLIMT_JDBC_URL";
  private static final String USER = "GLIMT_JDBC_USER";
  private static final String PASSWORD = "PGPASSWORD";

  private static final Pattern HOST = Pattern.compile("jdbc:postgresql://([^/?]+).*");

  /**
   * Reads a URL in JDBC's form, {@code jdbc:postgresql://…}, or in that of psql. User and password
   * default to the environment variables {@code GLIMT_JDBC_USER} and {@code PGPASSWORD}.
   *
   * @throws IllegalArgumentException if the URL has neither form; the message shows both
   */
  public static DatabaseAddress of(String url) {
    PostgresUrl given = PostgresUrl.parse(url);
    return new DatabaseAddress(
        given.jdbc(),
        given.user() == null ? System.getenv(USER) : given.user(),
        given.password() == null ? System.getenv(PASSWORD) : given.password());
  }

  /** Returns the address in this process's environment, which a parent may have put there. */
  public static Optional<DatabaseAddress> ofEnvironment() {
    return Optional.ofNullable(System.getenv(URL)).map(DatabaseAddress::of);
  }

  /**
   * Returns the variables with which a child process finds the address by {@link #ofEnvironment}.
   */
  public Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put(URL, url);
    if (user != null) {
      environment.put(USER, user);
    }
    if (password != null) {
      environment.put(PASSWORD, password);
    }
    return environment;
  }

  /**
   * Connects, and migrates the tables of the ledger.
   *
   * @param patience how long to retry while no server accepts connections
   * @throws StorageException as {@link Database#open}
   */
  public Database open(Duration patience) {
    return Database.open(url, user, password, patience);
  }

  /** Connects to a ledger whose tables are already up to date. */
  public Database connect() {
    return Database.connect(url, user, password);
  }

  /** Returns host and port for messages; the rest of the URL may contain a password. */
  public String host() {
    Matcher matcher = HOST.matcher(url);
    return matcher.matches() ? matcher.group(1) : "localhost:5432";
  }

  /** Returns host and port only, to keep the password out of logs. */
  @Override
  public String toString() {
    return host();
  }
}
