package glimt.job;

/** An immutable file, named by what is in it. {@code length} is in bytes. */
public record Artifact(ArtifactId id, String mediaType, long length) {}
