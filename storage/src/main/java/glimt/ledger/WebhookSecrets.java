package glimt.ledger;

import glimt.job.InvalidSpec;
import glimt.job.TenantId;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/**
 * What the deliveries of each tenant are signed with, in the form of Standard Webhooks. Unlike keys
 * of the API, they are kept as they are: whoever signs must know them.
 */
public final class WebhookSecrets {
  /** How long a secret that was replaced still signs. */
  public static final Duration OVERLAP = Duration.ofHours(24);

  /** The beginning of every secret; the Base64 of its bytes follows. */
  public static final String PREFIX = "whsec_";

  private static final int BYTES = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private static final String MAKE =
      """
      INSERT INTO webhook_secret (tenant, secret, made) VALUES (?, ?, clock_timestamp())
      ON CONFLICT (tenant) WHERE ends IS NULL DO NOTHING
      """;

  private static final String VALID =
      """
      SELECT secret FROM webhook_secret
      WHERE tenant = ? AND (ends IS NULL OR ends > clock_timestamp())
      ORDER BY ends DESC NULLS FIRST
      """;

  private static final String REPLACE =
      """
      UPDATE webhook_secret SET ends = clock_timestamp() + make_interval(secs => ?)
      WHERE tenant = ? AND ends IS NULL
      """;

  private static final String FORGET =
      "DELETE FROM webhook_secret WHERE tenant = ? AND ends < clock_timestamp()";

  private final Database database;

  public WebhookSecrets(Database database) {
    this.database = database;
  }

  /** The secrets that sign now, the newest first; at least one if a job ever had a webhook. */
  public List<String> valid(TenantId tenant) {
    return database.read(
        "read webhook secrets",
        session -> session.all(VALID, row -> row.getString("secret"), tenant.value()));
  }

  /**
   * Returns the newest secret of a tenant, which is made if there is none.
   *
   * @throws InvalidSpec if there is no such tenant
   */
  public String current(TenantId tenant) {
    return database.act("find a webhook secret", session -> current(session, tenant));
  }

  /**
   * Makes a new secret. The one before signs too for {@link #OVERLAP}.
   *
   * @throws InvalidSpec if there is no such tenant
   */
  public String rotate(TenantId tenant) {
    return database.act(
        "replace a webhook secret",
        session -> {
          session.update(FORGET, tenant.value());
          session.update(REPLACE, (double) OVERLAP.toSeconds(), tenant.value());
          return current(session, tenant);
        });
  }

  private static String current(Session session, TenantId tenant) throws SQLException {
    if (session.first("SELECT id FROM tenant WHERE id = ?", row -> row, tenant.value()).isEmpty()) {
      throw new InvalidSpec(
          "tenant", "must be a tenant of this farm; `glimt tenants` lists and adds them");
    }
    make(session, tenant);
    return session.first(VALID, row -> row.getString("secret"), tenant.value()).orElseThrow();
  }

  /** Makes the secret of a tenant that has none. */
  static void make(Session session, TenantId tenant) throws SQLException {
    byte[] bits = new byte[BYTES];
    RANDOM.nextBytes(bits);
    session.update(MAKE, tenant.value(), PREFIX + Base64.getEncoder().encodeToString(bits));
  }
}
