package glimt.ledger;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Counts the messages that came too late, or twice, and so changed nothing, for the operator of the
 * farm. The count is the last statement of a transaction, so that a wait for its row holds up
 * nothing else.
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
   * @param said the kind of message
   */
  static void count(Session session, String said, long times) throws SQLException {
    if (times > 0) {
      session.update(COUNT, said, times);
    }
  }

  static Map<String, Long> all(Session session) throws SQLException {
    Map<String, Long> all = new TreeMap<>();
    session.all(ALL, row -> all.put(row.getString("said"), row.getLong("times")));
    return all;
  }
}
