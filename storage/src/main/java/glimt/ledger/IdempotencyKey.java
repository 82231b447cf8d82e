package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.InvalidSpec;
import java.util.regex.Pattern;

/**
 * The key with which a client that got no answer may send its request again.
 *
 * @param value 1 to {@value #LIMIT} visible ASCII characters
 * @param asked the digest of the request
 */
public record IdempotencyKey(String value, ArtifactId asked) {
  public static final int LIMIT = 255;

  /** How long a key stands for its first request; later it is a new one. */
  public static final int HOURS = 24;

  /** What {@link #of} makes. */
  private static final Pattern OF_ROUTE = Pattern.compile("[A-Za-z]+ [0-9a-f]{64}(/\\d+)?");

  /**
   * @throws InvalidSpec if {@code value} is too long, or holds another character
   */
  public IdempotencyKey {
    if (!OF_ROUTE.matcher(value).matches()) {
      check(value);
    }
  }

  private static void check(String value) {
    if (value.isEmpty() || value.length() > LIMIT || !value.matches("[\\x21-\\x7e]+")) {
      throw new InvalidSpec(
          "Idempotency-Key", "must be 1 to %s visible ASCII characters".formatted(LIMIT));
    }
  }

  /**
   * Returns the value for a client's key on one route, so that a key is of that route only.
   *
   * @param route a word
   * @throws InvalidSpec if the key is too long, or holds another character
   */
  public static String of(String route, String key) {
    check(key);
    return route + " " + ApiKeys.sha256(key);
  }
}
