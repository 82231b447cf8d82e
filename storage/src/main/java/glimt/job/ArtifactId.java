package glimt.job;

import java.util.regex.Pattern;

/**
 * The SHA-256 of an artifact's bytes in lower-case hexadecimal, by which it is named and checked.
 */
public record ArtifactId(String sha256) {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]{64}");

  public ArtifactId {
    if (!HEX.matcher(sha256).matches()) {
      throw new IllegalArgumentException("not a SHA-256 in lower-case hexadecimal: " + sha256);
    }
  }

  @Override
  public String toString() {
    return sha256;
  }
}
