package glimt.artifact;

import glimt.job.ArtifactId;
import glimt.storage.StorageException;

/** An artifact is missing or its bytes do not match its name. Making it again repairs it. */
public final class DamagedArtifact extends StorageException {
  private final ArtifactId id;

  DamagedArtifact(ArtifactId id, String how) {
    super("artifact %s %s".formatted(id, how));
    this.id = id;
  }

  /** Returns the missing or damaged artifact. */
  public ArtifactId id() {
    return id;
  }
}
