package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.TenantId;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Files that clients send later, each to an address of its own. The secret in the address stands
 * for the client's key, since what sends the file may not have one; the ledger knows only its
 * SHA-256.
 */
public final class Uploads {
  /** How long a file may take to come, and then to be named by a job. */
  public static final Duration LIFE = Duration.ofMinutes(10);

  private static final String PROMISE =
      """
      WITH expired AS (DELETE FROM upload WHERE expires < clock_timestamp())
      INSERT INTO upload (hash, api_key, tenant, expires)
      VALUES (?, ?, ?, clock_timestamp() + make_interval(secs => ?))
      """;

  private static final String OPEN =
      """
      FROM upload WHERE hash = ? AND artifact IS NULL AND expires > clock_timestamp()
        AND (upload.api_key IS NULL
             OR EXISTS (SELECT FROM api_key AS its WHERE its.id = upload.api_key AND its.revoked IS NULL))
      """;

  private static final String AWAITED = "SELECT " + OPEN;

  private static final String FULFIL =
      """
      UPDATE upload SET artifact = ?, expires = clock_timestamp() + make_interval(secs => ?)
      WHERE hash IN (SELECT hash %s FOR UPDATE) RETURNING hash
      """
          .formatted(OPEN);

  private static final String FIND =
      "SELECT artifact FROM upload WHERE hash = ? AND tenant = ? AND artifact IS NOT NULL";

  private final Database database;

  public Uploads(Database database) {
    this.database = database;
  }

  /**
   * Expects a file of a tenant.
   *
   * @param key the public part of the key that asked for it, with which it is revoked; or null
   * @return the secret of its address, which nobody can read again
   */
  public String promise(TenantId tenant, @Nullable String key) {
    String secret = ApiKeys.secret();
    database.transact(
        "expect an upload",
        session ->
            session.update(
                PROMISE, ApiKeys.sha256(secret), key, tenant.value(), (double) LIFE.toSeconds()));
    return secret;
  }

  /** Whether a file may still be sent to the address with a secret. */
  public boolean isAwaited(String secret) {
    return database.transact(
        "look for an upload",
        session -> session.first(AWAITED, _ -> true, ApiKeys.sha256(secret)).isPresent());
  }

  /**
   * Keeps what file came to the address with a secret. Returns false if none is awaited there,
   * because one has come before, it took too long, or the key was revoked.
   */
  public boolean fulfil(String secret, ArtifactId file) {
    return database.transact(
        "keep an upload",
        session ->
            session
                .first(
                    FULFIL,
                    _ -> true,
                    file.sha256(),
                    (double) LIFE.toSeconds(),
                    ApiKeys.sha256(secret))
                .isPresent());
  }

  /** Returns the file that came to a tenant's address with a secret. */
  public Optional<ArtifactId> find(TenantId tenant, String secret) {
    return database.transact(
        "find an upload",
        session ->
            session.first(
                FIND,
                row -> new ArtifactId(row.getString("artifact")),
                ApiKeys.sha256(secret),
                tenant.value()));
  }
}
