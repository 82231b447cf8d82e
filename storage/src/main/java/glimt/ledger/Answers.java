package glimt.ledger;

import glimt.job.TenantId;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * What was answered to requests with an idempotency key. A repetition is given the same answer for
 * {@link IdempotencyKey#HOURS} hours, whatever has become of the job since.
 */
public final class Answers {
  private static final String FORGET =
      "DELETE FROM answer WHERE made < clock_timestamp() - make_interval(hours => ?)";

  /** Waits for a twin that is being written, and then leaves its row alone. */
  private static final String ADD =
      """
      INSERT INTO answer (tenant, key, status, body, made) VALUES (?, ?, ?, ?, clock_timestamp())
      ON CONFLICT (tenant, key) DO NOTHING
      """;

  private static final String FIND = "SELECT * FROM answer WHERE tenant = ? AND key = ?";

  private final Database database;

  public Answers(Database database) {
    this.database = database;
  }

  /**
   * An answer.
   *
   * @param status of HTTP
   */
  public record Answer(int status, String body) {
    private static Answer read(ResultSet row) throws SQLException {
      return new Answer(row.getInt("status"), row.getString("body"));
    }
  }

  /**
   * Stores an answer unless there is one for the key already. Of twins at one moment, one is
   * stored.
   *
   * @param key of the tenant, as the job that was made with it has it
   * @return the answer that is stored now
   */
  public Answer once(TenantId tenant, String key, Answer answer) {
    return database.transact(
        "store the answer to a key",
        session -> {
          session.update(FORGET, IdempotencyKey.HOURS);
          session.update(ADD, tenant.value(), key, answer.status(), answer.body());
          return session.first(FIND, Answer::read, tenant.value(), key).orElse(answer);
        });
  }
}
