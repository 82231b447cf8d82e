package glimt.safety.c2pa;

import org.jspecify.annotations.Nullable;

/**
 * What is known of the manifest in a file.
 *
 * @param reason one sentence for people
 * @param signer the subject of the certificate that it is signed with; null unless valid. Whether
 *     to trust that certificate is for the reader to decide
 * @param certificate the SHA-256 of that certificate in DER, in hex; null unless valid
 * @param provenance how glimt made it; null if it is not valid, or of another generator
 */
public record ManifestVerdict(
    State state,
    String reason,
    @Nullable String signer,
    @Nullable String certificate,
    @Nullable Provenance provenance) {
  /** The four answers. */
  public enum State {
    /** There is no manifest. */
    ABSENT,
    /** It is whole, its signature is right, and the file was not changed since. */
    VALID,
    /** The file or the manifest was changed. */
    INVALID,
    /** It is not well-formed, too large, or of a kind that this reader does not know. */
    UNREADABLE
  }
}
