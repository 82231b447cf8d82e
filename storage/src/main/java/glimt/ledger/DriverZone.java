package glimt.ledger;

import java.util.TimeZone;

/**
 * The time zone of a session, which is UTC.
 *
 * <p>The JDBC driver asks the server for the JVM's default zone by its Java name and cannot be told
 * another; a server refuses a name that it does not know, such as IST. Nothing in the ledger
 * depends on a session's zone, and the log says its times in UTC, so the JVM's default becomes UTC.
 */
public final class DriverZone {
  private DriverZone() {}

  /** To be called before anything connects. */
  public static void beUtc() {
    TimeZone.setDefault(TimeZone.getTimeZone("UTC"));
  }
}
