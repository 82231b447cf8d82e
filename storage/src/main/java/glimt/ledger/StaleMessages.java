package glimt.ledger;

import java.sql.SQLException;
import java.util.Map;
import java.util.TreeMap;

/**
 * Words that came too late, or twice: they changed nothing, and are counted for whoever runs the
 * farm. Counted last in a transaction, so that who waits for the count holds up nobody else.
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
   * @param said what kind of word
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
