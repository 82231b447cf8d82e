package glimt.job;

/** What a task made: an artifact and the part it plays. */
public record Product(Role role, Artifact artifact) {
  public enum Role {
    /** The tensor itself, as safetensors: what the tasks after this one read. */
    SAMPLE,
    /** The file a person opens. */
    MEDIA
  }
}
