package glimt.job;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
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

  /** Returns the id of these bytes. */
  public static ArtifactId of(byte[] bytes) {
    try {
      return new ArtifactId(
          HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this JVM lacks SHA-256", e);
    }
  }

  @Override
  public String toString() {
    return sha256;
  }
}
