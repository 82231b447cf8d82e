package glimt.ledger;

import glimt.job.JobEvent;
import glimt.job.JobId;
import glimt.job.TenantId;
import glimt.job.Webhook;
import glimt.job.Webhook.WebhookForm;
import glimt.json.EnumWord;
import glimt.json.Json;
import glimt.ledger.Delivery.DeliveryEnd;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The webhooks of jobs, and the outbox of what is sent to them. The transaction that writes an
 * event also writes its row of the outbox (a trigger of {@code V36__webhooks.sql} does), so that
 * neither can be without the other. A claimed row is leased: no other gateway sends it meanwhile,
 * and one does later if the claimer dies.
 */
public final class Webhooks {
  private static final int FAILURE_LIMIT = 500;

  private static final String ADD =
      """
      INSERT INTO webhook (job, tenant, url, facts, form, address) VALUES (?, ?, ?, ?, ?, ?)
      """;

  private static final String FIND = "SELECT * FROM webhook WHERE tenant = ? AND job = ?";

  private static final String OF_JOB =
      """
      SELECT delivery.* FROM delivery JOIN webhook ON webhook.job = delivery.job
      WHERE tenant = ? AND delivery.job = ? ORDER BY seq
      """;

  private static final NamedSql CLAIM =
      NamedSql.of(
          """
          WITH ready AS MATERIALIZED (
            SELECT job, seq FROM delivery
            WHERE due <= clock_timestamp() AND (lease IS NULL OR lease < clock_timestamp())
            ORDER BY due LIMIT :most FOR UPDATE SKIP LOCKED)
          UPDATE delivery SET
            lease = clock_timestamp() + make_interval(secs => :lease),
            attempts = attempts + 1, tries = tries + 1, tried = clock_timestamp()
          FROM ready
          JOIN webhook ON webhook.job = ready.job
          JOIN event ON event.job = ready.job AND event.seq = ready.seq
          WHERE delivery.job = ready.job AND delivery.seq = ready.seq
          RETURNING webhook.*, event.seq, event.at, event.fact, attempts, tries
          """);

  /** The attempt is the claim's: a claimer whose lease was taken over changes nothing. */
  private static final NamedSql END =
      NamedSql.of(
          """
          UPDATE delivery SET
            due = clock_timestamp() + make_interval(secs => :delay::double precision),
            lease = NULL, status = :status::integer, failure = :failure::text,
            outcome = :outcome::text
          WHERE job = :job AND seq = :seq AND attempts = :attempt AND lease IS NOT NULL
          """);

  private static final String DISABLE =
      """
      UPDATE webhook SET disabled = clock_timestamp()
      WHERE tenant = ? AND url = ? AND disabled IS NULL
      """;

  private static final String DROP =
      """
      UPDATE delivery SET due = NULL, outcome = 'gone'
      FROM webhook
      WHERE webhook.job = delivery.job AND tenant = ? AND url = ? AND due IS NOT NULL
        AND (lease IS NULL OR lease < clock_timestamp())
      """;

  private static final String ENABLE =
      "UPDATE webhook SET disabled = NULL WHERE tenant = ? AND job = ?";

  /** One that is being sent at this moment is left alone. */
  private static final String REPLAY =
      """
      UPDATE delivery SET due = clock_timestamp(), lease = NULL, tries = 0, outcome = NULL
      FROM webhook
      WHERE webhook.job = delivery.job AND tenant = ? AND delivery.job = ? AND seq = ?
        AND (lease IS NULL OR lease < clock_timestamp())
      """;

  private final Database database;

  public Webhooks(Database database) {
    this.database = database;
  }

  /** Writes the webhook of a job that was written just now, and its tenant's secret if need be. */
  static void add(Session session, JobId job, TenantId tenant, Webhook webhook)
      throws SQLException {
    session.update(
        ADD,
        job.value(),
        tenant.value(),
        webhook.url(),
        webhook.facts().toArray(String[]::new),
        EnumWord.of(webhook.form()),
        webhook.address());
    WebhookSecrets.make(session, tenant);
  }

  /** Returns the webhook of a job, or empty if it has none. */
  public Optional<Webhook> of(TenantId tenant, JobId job) {
    return database.read(
        "find the webhook of job " + job,
        session -> session.first(FIND, Webhooks::webhook, tenant.value(), job.value()));
  }

  /** Returns the deliveries of a job, in the order of its events. */
  public List<Delivery> deliveries(TenantId tenant, JobId job) {
    return database.read(
        "list the deliveries of job " + job,
        session -> session.all(OF_JOB, Webhooks::delivery, tenant.value(), job.value()));
  }

  /**
   * Makes a delivery due now, with all its attempts, whatever became of it before; its webhook is
   * no longer disabled.
   *
   * @return the delivery; empty if there is none
   */
  public Optional<Delivery> replay(TenantId tenant, JobId job, long seq) {
    return database.transact(
        "replay event %s of job %s".formatted(seq, job),
        session -> {
          session.update(ENABLE, tenant.value(), job.value());
          session.update(REPLAY, tenant.value(), job.value(), seq);
          return session.all(OF_JOB, Webhooks::delivery, tenant.value(), job.value()).stream()
              .filter(delivery -> delivery.seq() == seq)
              .findFirst();
        });
  }

  /**
   * Claims deliveries that are due, the longest due first.
   *
   * @param lease how long no other gateway sends them
   */
  public List<DueDelivery> claim(int most, Duration lease) {
    return database.transact(
        "claim deliveries",
        session ->
            session.all(
                CLAIM.bind("most", most).bind("lease", lease.toMillis() / 1000.0),
                row ->
                    new DueDelivery(
                        new JobEvent(
                            new JobId(row.getObject("job", UUID.class)),
                            row.getLong("seq"),
                            row.getObject("at", OffsetDateTime.class).toInstant(),
                            Json.read(row.getString("fact"), JobEvent.Fact.class)),
                        new TenantId(row.getString("tenant")),
                        webhook(row),
                        row.getInt("attempts"),
                        row.getInt("tries"))));
  }

  /** Records that the receiver accepted a delivery. */
  public void delivered(DueDelivery sent, int status) {
    end(sent, null, status, null, DeliveryEnd.DELIVERED);
  }

  /**
   * Records a failed attempt.
   *
   * @param status the answer's; null if there was none
   * @param again after how long to try again; null to give up
   */
  public void failed(
      DueDelivery sent, @Nullable Integer status, String why, @Nullable Duration again) {
    end(sent, again, status, why, again == null ? DeliveryEnd.GIVEN_UP : null);
  }

  /**
   * Records that the receiver does not want to be asked again: nothing is sent to its URL any more
   * for jobs that the tenant has submitted so far.
   */
  public void gone(DueDelivery sent, int status) {
    end(sent, null, status, "the receiver is gone", DeliveryEnd.GONE);
    database.transact(
        "disable a webhook",
        session -> {
          session.update(DISABLE, sent.tenant().value(), sent.webhook().url());
          return session.update(DROP, sent.tenant().value(), sent.webhook().url());
        });
  }

  private void end(
      DueDelivery sent,
      @Nullable Duration again,
      @Nullable Integer status,
      @Nullable String why,
      @Nullable DeliveryEnd outcome) {
    String failure = why == null ? null : why.substring(0, Math.min(FAILURE_LIMIT, why.length()));
    database.transact(
        "record a delivery",
        session ->
            session.update(
                END.bind("delay", again == null ? null : again.toMillis() / 1000.0)
                    .bind("status", status)
                    .bind("failure", failure)
                    .bind("outcome", outcome == null ? null : EnumWord.of(outcome))
                    .bind("job", sent.event().job().value())
                    .bind("seq", sent.event().seq())
                    .bind("attempt", sent.attempt())));
  }

  private static Webhook webhook(ResultSet row) throws SQLException {
    return new Webhook(
        row.getString("url"),
        Set.of((String[]) row.getArray("facts").getArray()),
        EnumWord.read(WebhookForm.class, row.getString("form")),
        row.getString("address"));
  }

  private static Delivery delivery(ResultSet row) throws SQLException {
    String outcome = row.getString("outcome");
    return new Delivery(
        row.getLong("seq"),
        row.getInt("attempts"),
        time(row, "tried"),
        time(row, "due"),
        row.getObject("status", Integer.class),
        row.getString("failure"),
        outcome == null ? null : EnumWord.read(DeliveryEnd.class, outcome));
  }

  private static @Nullable Instant time(ResultSet row, String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}
