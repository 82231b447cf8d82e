package glimt.job;

/** One file that a task made, and its role. */
public record Product(Role role, Artifact artifact) {
  /** The media type of {@link Role#CREDENTIALS}. */
  public static final String CREDENTIALS_TYPE = "application/c2pa";

  /** What the name of a file of credentials has after that of the media file. */
  public static final String CREDENTIALS_ENDING = "c2pa";

  /** What a product is for. */
  public enum Role {
    /** The tensor as safetensors, which later tasks read. */
    SAMPLE,
    /** The media file for people. */
    MEDIA,
    /** The signed manifest of a media file whose format has no place for one. */
    CREDENTIALS
  }
}
