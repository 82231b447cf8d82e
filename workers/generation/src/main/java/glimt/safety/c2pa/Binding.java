package glimt.safety.c2pa;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;

/**
 * The assertion that binds a manifest to the bytes of its file.
 *
 * @param label the name of the assertion
 * @param content its content
 */
record Binding(String label, Map<String, Object> content) {
  static final String ALGORITHM = "sha256";

  /** Returns a new digest by the name that C2PA gives its algorithm. */
  static MessageDigest digest(String name) {
    String known =
        switch (name) {
          case "sha256" -> "SHA-256";
          case "sha384" -> "SHA-384";
          case "sha512" -> "SHA-512";
          default -> throw new UnreadableManifest("the hash %s is not known".formatted(name));
        };
    try {
      return MessageDigest.getInstance(known);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has " + known, e);
    }
  }
}
