package glimt.job;

/**
 * An immutable file in the artifact store.
 *
 * @param id the digest of its bytes
 * @param mediaType its MIME type
 * @param length its size in bytes
 */
public record Artifact(ArtifactId id, String mediaType, long length) {}
