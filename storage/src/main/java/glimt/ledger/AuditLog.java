package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.FilterDecision;
import glimt.job.TenantId;
import glimt.json.Json;
import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The log of every submission, change, cancellation and deletion of a job, every decision of the
 * content filter, and every change of keys, tenants, secrets, signers and models. Triggers of the
 * database write it (V41, V44), each row in the transaction of its act and with who did it ({@link
 * Acting}); prompts are in it as HMACs unless it is told otherwise, see {@link #keepPrompts}.
 *
 * <p>{@link #link} joins new rows to a chain, in which each has a number and the SHA-256 of itself
 * and the hash before. {@link #verify} finds every linked row that was changed, moved, added or
 * removed since. Whoever may write to the database could make a whole new chain; against that, keep
 * the head that {@link #verify} returns somewhere else, and give it back later. A row that is not
 * linked yet, some seconds after its act, is protected by a trigger only.
 */
public final class AuditLog {
  /** Any number that no other lock of the ledger has. */
  private static final long LOCK = 0x676c696d74617564L;

  private static final int AT_ONCE = 1000;
  private static final int PAGE = 5000;

  private static final String COLUMNS =
      """
      SELECT id, (extract(epoch FROM at) * 1000000)::bigint AS micros, at, tenant, act, subject,
             detail::text AS detail, number, hash
      FROM audit_entry
      """;

  private static final String WAITING = COLUMNS + "WHERE number IS NULL ORDER BY id LIMIT ?";

  private static final String LINKED = COLUMNS + "WHERE number > ? ORDER BY number LIMIT ?";

  private static final NamedSql NEWEST =
      NamedSql.of(
          COLUMNS
              + """
              WHERE id < :before AND (:subject::text IS NULL OR subject = :subject)
                AND (:by::text IS NULL OR detail ->> 'by' = :by)
              ORDER BY id DESC LIMIT :most
              """);

  private static final String LINK =
      """
      UPDATE audit_entry SET number = linked.number, hash = linked.hash
      FROM unnest(?::bigint[], ?::bigint[], ?::text[]) AS linked (id, number, hash)
      WHERE audit_entry.id = linked.id
      """;

  private static final String STOPPED =
      """
      INSERT INTO audit_entry (at, tenant, act, subject, detail)
      VALUES (clock_timestamp(), ?, 'prompt.blocked', audit_prompt(?),
              ?::jsonb || jsonb_build_object('by', audit_actor()))
      """;

  /**
   * A row of the log.
   *
   * @param tenant of whom it is; null for an act of the farm itself
   * @param act what was done, such as {@code job.submitted}
   * @param subject the id of what it was done to
   * @param detail as JSON; its {@code by} is who did it, which rows from before V44 do not say
   * @param number its place in the chain; null until it is linked
   * @param hash null until it is linked
   */
  public record AuditEntry(
      long id,
      Instant at,
      @Nullable String tenant,
      String act,
      String subject,
      String detail,
      @Nullable Long number,
      @Nullable String hash) {}

  /**
   * The end of the chain at some time.
   *
   * @param hash of the row with this number
   */
  public record ChainHead(long number, String hash) {}

  /**
   * What became of the log.
   *
   * @param waiting rows that are not linked yet
   * @param head the end of the chain
   * @param faults what is wrong with it, the first few
   */
  public record ChainVerdict(long waiting, ChainHead head, List<String> faults) {
    public ChainVerdict {
      faults = List.copyOf(faults);
    }
  }

  private record WrittenEntry(AuditEntry entry, long micros) {
    static WrittenEntry read(ResultSet row) throws SQLException {
      return new WrittenEntry(
          new AuditEntry(
              row.getLong("id"),
              row.getObject("at", OffsetDateTime.class).toInstant(),
              row.getString("tenant"),
              row.getString("act"),
              row.getString("subject"),
              row.getString("detail"),
              row.getObject("number", Long.class),
              row.getString("hash")),
          row.getLong("micros"));
    }

    String hash(long number, String before) {
      String text =
          Json.write(
              Arrays.asList(
                  before,
                  number,
                  entry.id(),
                  micros,
                  entry.tenant(),
                  entry.act(),
                  entry.subject(),
                  entry.detail()));
      return ArtifactId.of(text.getBytes(StandardCharsets.UTF_8)).sha256();
    }
  }

  private static final int FEW = 10;

  private final Database database;

  public AuditLog(Database database) {
    this.database = database;
  }

  /** Writes that a prompt was stopped before it became a job. */
  public void stopped(TenantId tenant, String prompt, FilterDecision decision) {
    database.act(
        "audit a stopped prompt",
        session -> session.update(STOPPED, tenant.value(), prompt, Json.write(decision)));
  }

  /** Chooses whether prompts are in rows from now on as they are, or as HMACs. */
  public void keepPrompts(boolean plain) {
    database.act(
        "choose how prompts are logged",
        session -> session.update("UPDATE audit_salt SET plain = ?", plain));
  }

  /** Links the rows that wait, unless another process is doing it. */
  public void link() {
    int linked;
    do {
      linked = database.transact("link the audit log", AuditLog::linkSome);
    } while (linked == AT_ONCE);
  }

  private static int linkSome(Session session) throws SQLException {
    boolean mine =
        session
            .first("SELECT pg_try_advisory_xact_lock(?)", row -> row.getBoolean(1), LOCK)
            .orElseThrow();
    List<WrittenEntry> waiting =
        mine ? session.all(WAITING, WrittenEntry::read, AT_ONCE) : List.of();
    if (waiting.isEmpty()) {
      return 0;
    }
    ChainHead head = head(session);
    long[] ids = new long[waiting.size()];
    long[] numbers = new long[waiting.size()];
    String[] hashes = new String[waiting.size()];
    for (int i = 0; i < waiting.size(); i++) {
      head = next(head, waiting.get(i));
      ids[i] = waiting.get(i).entry().id();
      numbers[i] = head.number();
      hashes[i] = head.hash();
    }
    session.update(LINK, ids, numbers, hashes);
    session.update("UPDATE audit_head SET number = ?, hash = ?", head.number(), head.hash());
    return waiting.size();
  }

  private static ChainHead next(ChainHead head, WrittenEntry row) {
    return new ChainHead(head.number() + 1, row.hash(head.number() + 1, head.hash()));
  }

  private static ChainHead head(Session session) throws SQLException {
    return session
        .first(
            "SELECT number, hash FROM audit_head",
            row -> new ChainHead(row.getLong("number"), row.getString("hash")))
        .orElse(new ChainHead(-1, ""));
  }

  /**
   * Computes the whole chain anew, from one snapshot.
   *
   * @param kept a head that was returned earlier, which must be in the chain; null for none
   */
  public ChainVerdict verify(@Nullable ChainHead kept) {
    return database.read("verify the audit log", session -> verify(session, kept));
  }

  private static ChainVerdict verify(Session session, @Nullable ChainHead kept)
      throws SQLException {
    List<String> faults = new ArrayList<>();
    ChainHead at = new ChainHead(0, "0".repeat(64));
    boolean found = kept == null || kept.equals(at);
    for (List<WrittenEntry> page = page(session, 0);
        !page.isEmpty();
        page = page(session, at.number())) {
      for (WrittenEntry row : page) {
        long number = Optional.ofNullable(row.entry().number()).orElseThrow();
        String written = Optional.ofNullable(row.entry().hash()).orElseThrow();
        if (number != at.number() + 1) {
          faults.add(
              "%s rows are missing after %s".formatted(number - at.number() - 1, at.number()));
        } else if (!row.hash(number, at.hash()).equals(written)) {
          faults.add("row %s is not what was written".formatted(number));
        }
        at = new ChainHead(number, written);
        found = found || at.equals(kept);
      }
    }
    ChainHead head = head(session);
    if (!head.equals(at)) {
      faults.add(
          "the chain ends with %s, but its head is %s".formatted(at.number(), head.number()));
    }
    if (kept != null && !found) {
      faults.add("the head that was kept, %s, is not in the chain".formatted(kept.number()));
    }
    long waiting =
        session
            .first("SELECT count(*) FROM audit_entry WHERE number IS NULL", row -> row.getLong(1))
            .orElseThrow();
    return new ChainVerdict(waiting, at, faults.subList(0, Math.min(FEW, faults.size())));
  }

  private static List<WrittenEntry> page(Session session, long after) throws SQLException {
    return session.all(LINKED, WrittenEntry::read, after, PAGE);
  }

  /**
   * Returns rows, the newest first.
   *
   * @param before only rows that are older than the one with this id
   * @param subject only rows about this job, key, tenant or model; null for all
   * @param by only rows of what this one did; null for all
   */
  public List<AuditEntry> entries(
      long before, @Nullable String subject, @Nullable String by, int most) {
    return database.read(
        "list the audit log",
        session ->
            session
                .all(
                    NEWEST
                        .bind("before", before)
                        .bind("subject", subject)
                        .bind("by", by)
                        .bind("most", most),
                    WrittenEntry::read)
                .stream()
                .map(WrittenEntry::entry)
                .toList());
  }
}
