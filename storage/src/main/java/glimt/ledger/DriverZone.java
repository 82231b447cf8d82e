package glimt.ledger;

import java.util.TimeZone;

/**
 * Sets the time zone of database sessions to UTC.
 *
 * <p>The JDBC driver sets each session's zone to the Java name of the JVM's default zone, without
 * an option to choose another, and PostgreSQL refuses names that it does not know, such as IST.
 * Nothing in the ledger depends on a session's zone, and log files use UTC, so UTC becomes the
 * JVM's default.
 */
public final class DriverZone {
  private DriverZone() {}

  /** Makes UTC the JVM's default zone. Must be called before the first connection. */
  public static void beUtc() {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
  }
}
