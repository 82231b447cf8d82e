package glimt.ledger;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts workers' messages that came too late or twice, and so changed nothing, for the farm's
 * operator. The count must be the last statement of a transaction, so that a transaction that waits
 * for its row lock holds that lock for as short as possible.
 */
final class StaleMessages {
  private static final String COUNT =
      """
      INSERT INTO late_word (said, times) VALUES (?, ?)
      ON CONFLICT (said) DO UPDATE SET times = late_word.times + excluded.times
      """;

  private static final String ALL = "SELECT said, times FROM late_word";

  private StaleMessages() {}

  /**
   * Adds to the count of one kind of message.
   *
   * @param said the kind of message: {@code beat}, {@code checkpoint} or {@code end}
   */
  static void count(Session session, String said, long times) throws SQLException {
    if (times > 0) {
      session.update(COUNT, said, times);
    }
  }

  /** Returns the counts by kind of message. */
  static Map<String, Long> all(Session session) throws SQLException {
    Map<String, Long> all = new TreeMap<>();
    session.all(ALL, row -> all.put(row.getString("said"), row.getLong("times")));
    return all;
  }
}
