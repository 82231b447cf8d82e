package glimt.job;

/** One file that a task made, and its role. */
public record Product(Role role, Artifact artifact) {
  /** What a product is for. */
  public enum Role {
    /** The tensor as safetensors, which later tasks read. */
    SAMPLE,
    /** The media file for people. */
    MEDIA
  }
}
