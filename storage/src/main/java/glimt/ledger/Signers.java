package glimt.ledger;

import glimt.job.ArtifactId;
import java.util.Optional;

/** The certificates that the farm has signed files with. */
public final class Signers {
  private static final String USE =
      """
      INSERT INTO signer (certificate, subject, used) VALUES (?, ?, clock_timestamp())
      ON CONFLICT (certificate) DO UPDATE SET used = excluded.used
      """;

  private static final String STANDING =
      """
      SELECT used = (SELECT max(used) FROM signer) AS newest FROM signer WHERE certificate = ?
      """;

  private final Database database;

  /** What a certificate is to the farm. */
  public enum SignerStanding {
    /** It signs with it. */
    CURRENT,
    /** It signed with it before it was given another one. */
    EARLIER
  }

  public Signers(Database database) {
    this.database = database;
  }

  /**
   * Records that a node signs with a certificate from now on.
   *
   * @param certificate the SHA-256 of its DER form
   */
  public void use(ArtifactId certificate, String subject) {
    database.transact(
        "record a signer", session -> session.update(USE, certificate.sha256(), subject));
  }

  /** Returns what a certificate is to the farm; empty if the farm never signed with it. */
  public Optional<SignerStanding> standing(ArtifactId certificate) {
    return database.read(
        "find a signer",
        session ->
            session.first(
                STANDING,
                row -> row.getBoolean("newest") ? SignerStanding.CURRENT : SignerStanding.EARLIER,
                certificate.sha256()));
  }
}
