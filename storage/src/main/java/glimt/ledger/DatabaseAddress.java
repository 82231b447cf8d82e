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
 * The address of a PostgreSQL database.
 *
 * @param url a JDBC URL
 * @param user null if the URL has it
 * @param password null if the URL has it, or none is needed
 */
public record DatabaseAddress(String url, @Nullable String user, @Nullable String password) {
  private static final String URL = "GLIMT_JDBC_URL";
  private static final String USER = "GLIMT_JDBC_USER";
  private static final String PASSWORD = "PGPASSWORD";

  private static final Pattern HOST = Pattern.compile("jdbc:postgresql://([^/?]+).*");

  /**
   * Reads an address from a URL, {@code jdbc:postgresql://…} or as psql takes it; user and password
   * may be in the environment.
   *
   * @throws IllegalArgumentException if it is no such URL
   */
  public static DatabaseAddress of(String url) {
    PostgresUrl given = PostgresUrl.parse(url);
    return new DatabaseAddress(
        given.jdbc(),
        given.user() == null ? System.getenv(USER) : given.user(),
        given.password() == null ? System.getenv(PASSWORD) : given.password());
  }

  /** Returns the address that the parent process left in the environment. */
  public static Optional<DatabaseAddress> ofEnvironment() {
    return Optional.ofNullable(System.getenv(URL)).map(DatabaseAddress::of);
  }

  /** Returns the environment variables of a child process, for {@link #ofEnvironment}. */
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
   * @param patience how long to try while no server answers
   * @throws StorageException as {@link Database#open}
   */
  public Database open(Duration patience) {
    return Database.open(url, user, password, patience);
  }

  /** Connects to a ledger whose tables are up to date already. */
  public Database connect() {
    return Database.connect(url, user, password);
  }

  /** Host and port, for people: the rest of the URL may hold a password. */
  public String host() {
    Matcher matcher = HOST.matcher(url);
    return matcher.matches() ? matcher.group(1) : "localhost:5432";
  }

  /** Keeps the password out of logs. */
  @Override
  public String toString() {
    return host();
  }
}
