package glimt.safety.c2pa;

/** A file, or the manifest in it, is not what its format demands, or goes beyond our bounds. */
final class UnreadableManifest extends RuntimeException {
  private static final long serialVersionUID = 1;

  UnreadableManifest(String message) {
    super(message);
  }

  UnreadableManifest(String message, Throwable cause) {
    super(message, cause);
  }
}
