package glimt.artifact;

import glimt.job.ArtifactId;
import glimt.storage.StorageException;

/** An artifact is missing, or its bytes are not those of its name. Made again, it is whole. */
public final class DamagedArtifact extends StorageException {
  private final ArtifactId id;

  DamagedArtifact(ArtifactId id, String how) {
    super("artifact %s %s".formatted(id, how));
    this.id = id;
  }

  public ArtifactId id() {
    return id;
  }
}
