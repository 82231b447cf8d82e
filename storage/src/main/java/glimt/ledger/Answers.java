package glimt.ledger;

import glimt.job.TenantId;
import glimt.storage.StorageException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What was answered to requests with an idempotency key. A repetition is given the same answer for
 * {@link IdempotencyKey#HOURS} hours, whatever has become of the job since.
 */
public final class Answers {
  private static final String FORGET =
      "DELETE FROM answer WHERE made < clock_timestamp() - make_interval(hours => ?)";

  /**
   * Waits for a twin that is being written, and then leaves its row alone; one that should have
   * been forgotten is replaced.
   */
  private static final String ADD =
      """
      INSERT INTO answer (tenant, key, status, body, made)
      SELECT *, clock_timestamp() FROM unnest(?::text[], ?::text[], ?::integer[], ?::text[])
      ON CONFLICT (tenant, key) DO UPDATE SET
        status = excluded.status, body = excluded.body, made = excluded.made
      WHERE answer.made < clock_timestamp() - make_interval(hours => ?)
      RETURNING tenant, key, status, body
      """;

  private static final String FIND =
      """
      SELECT tenant, key, status, body
      FROM answer JOIN unnest(?::text[], ?::text[]) AS sent (tenant, key) USING (tenant, key)
      """;

  /** The largest number of answers that one statement writes. */
  private static final int AT_ONCE = 64;

  /** How often old answers are looked for. */
  private static final long FORGET_EVERY = TimeUnit.MINUTES.toNanos(1);

  private final Database database;
  private final GroupCommit<SentAnswer, Answer> adding;
  private final AtomicLong forgotten = new AtomicLong(System.nanoTime() - FORGET_EVERY);

  public Answers(Database database) {
    this.database = database;
    this.adding = new GroupCommit<>(AT_ONCE, this::add, Answers::isOfOne);
  }

  /**
   * An answer.
   *
   * @param status of HTTP
   */
  public record Answer(int status, String body) {}

  private record AnsweredKey(String tenant, String key) implements Comparable<AnsweredKey> {
    @Override
    public int compareTo(AnsweredKey other) {
      int byTenant = tenant.compareTo(other.tenant);
      return byTenant == 0 ? key.compareTo(other.key) : byTenant;
    }
  }

  private record SentAnswer(AnsweredKey key, Answer answer) {
    static SentAnswer read(ResultSet row) throws SQLException {
      return new SentAnswer(
          new AnsweredKey(row.getString("tenant"), row.getString("key")),
          new Answer(row.getInt("status"), row.getString("body")));
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
    forget();
    return adding.ask(new SentAnswer(new AnsweredKey(tenant.value(), key), answer));
  }

  private static boolean isOfOne(RuntimeException e) {
    return e instanceof StorageException refusal && Database.isOfContent(refusal);
  }

  private void forget() {
    long last = forgotten.get();
    long now = System.nanoTime();
    if (now - last >= FORGET_EVERY && forgotten.compareAndSet(last, now)) {
      database.once("forget old answers", session -> session.update(FORGET, IdempotencyKey.HOURS));
    }
  }

  private List<Answer> add(List<SentAnswer> sent) {
    // Twins may be in one batch, and two batches must not wait for each other's keys.
    Map<AnsweredKey, Answer> first = new TreeMap<>();
    sent.forEach(one -> first.putIfAbsent(one.key(), one.answer()));
    String[] tenants = first.keySet().stream().map(AnsweredKey::tenant).toArray(String[]::new);
    String[] keys = first.keySet().stream().map(AnsweredKey::key).toArray(String[]::new);
    Map<AnsweredKey, Answer> stored = new HashMap<>();
    database
        .once(
            "store answers to keys",
            session ->
                session.all(
                    ADD,
                    SentAnswer::read,
                    tenants,
                    keys,
                    first.values().stream().mapToInt(Answer::status).toArray(),
                    first.values().stream().map(Answer::body).toArray(String[]::new),
                    IdempotencyKey.HOURS))
        .forEach(one -> stored.put(one.key(), one.answer()));
    if (stored.size() < first.size()) {
      database
          .once(
              "find answers to keys", session -> session.all(FIND, SentAnswer::read, tenants, keys))
          .forEach(one -> stored.put(one.key(), one.answer()));
    }
    return sent.stream().map(one -> stored.getOrDefault(one.key(), one.answer())).toList();
  }
}
