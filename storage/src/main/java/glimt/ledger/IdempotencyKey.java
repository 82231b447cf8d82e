package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;

/**
 * The key with which a client that got no answer may send its request again.
 *
 * @param value 1 to {@value #LIMIT} visible ASCII characters
 * @param asked the digest of the request
 */
public record IdempotencyKey(String value, ArtifactId asked) {
  public static final int LIMIT = 255;

  /**
   * @throws InvalidSpec if {@code value} is too long, or holds another character
   */
  public IdempotencyKey {
    if (value.isEmpty() || value.length() > LIMIT || !value.matches("[\\x21-\\x7e]+")) {
      throw new InvalidSpec(
          "Idempotency-Key", "must be 1 to %s visible ASCII characters".formatted(LIMIT));
    }
  }
}
