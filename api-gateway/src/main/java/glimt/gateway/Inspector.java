package glimt.gateway;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Looks into a file that somebody sent, for marks that the farm may have hidden there. */
public interface Inspector {
  /**
   * What a file says of its origin.
   *
   * @param watermark the mark that it hides, eight hexadecimal digits; null if none was found
   * @param confidence of the mark, in standard deviations of what other files give; 0 without one
   * @param credentials its Content Credentials (C2PA)
   */
  record Inspected(@Nullable String watermark, double confidence, Credentials credentials) {}

  /**
   * The Content Credentials of a file.
   *
   * @param state absent, valid, invalid or unreadable
   * @param reason one sentence for people
   * @param signer who signed them; null unless valid. Nobody has checked whether to trust them
   * @param certificate the SHA-256 of the certificate, in hex; null unless valid
   */
  record Credentials(
      String state, String reason, @Nullable String signer, @Nullable String certificate) {}

  /**
   * Inspects a file of any content and size.
   *
   * @param credentials the manifest that lay beside it; null if there was none
   * @throws IOException if it cannot be read
   * @throws Unreadable if it is no video, image or point cloud that can be decoded
   */
  Inspected inspect(Path file, byte @Nullable [] credentials)
      throws IOException, InterruptedException;

  /**
   * Decodes the beginning of a file of any content and size.
   *
   * @throws IOException if it cannot be read
   * @throws Unreadable if it is no video or image that can be decoded
   */
  default void decode(Path file) throws IOException, InterruptedException {
    inspect(file, null);
  }

  /** The file cannot be inspected; the message says why. */
  final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1;

    public Unreadable(String why, Throwable cause) {
      super(why, cause);
    }

    /** Returns why, for the client. */
    String why() {
      return String.valueOf(getMessage());
    }
  }
}
