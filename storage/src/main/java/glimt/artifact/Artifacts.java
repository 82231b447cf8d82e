package glimt.artifact;

import glimt.job.Artifact;
import glimt.job.ArtifactId;
import glimt.ledger.Leftovers;
import glimt.storage.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The store of all files that the farm makes. Each is immutable and named by the SHA-256 of its
 * bytes. Every implementation must keep three laws, which the test {@code ArtifactLaws} checks:
 *
 * <ul>
 *   <li>Once {@code put} returns, the artifact is complete, visible to all processes, and survives
 *       a crash of the machine. Before that, or if {@code put} fails, no part of it is visible.
 *   <li>A name never refers to different bytes. Putting the same bytes again, even concurrently,
 *       gives the same artifact, and repairs it if it was damaged.
 *   <li>Reading compares the bytes with the name. A missing or damaged artifact causes a {@link
 *       DamagedArtifact}, since it can be made again; an unreachable store causes another {@link
 *       StorageException}.
 * </ul>
 *
 * <p>Only {@link Leftovers} removes artifacts, because it knows which are still referenced.
 */
public interface Artifacts {
  /** The number of shelves. A shelf holds the artifacts whose names begin with the same byte. */
  int SHELVES = 256;

  /** Writes an artifact's bytes to the store. */
  @FunctionalInterface
  interface Content {
    /** Writes all bytes; closing the stream is optional. */
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * Stores an artifact.
   *
   * @throws StorageException if the artifact cannot be written, for example because the disk is
   *     full; no part of it remains
   */
  Artifact put(String mediaType, Content content);

  /** Stores bytes from memory; see {@link #put(String, Content)}. */
  default Artifact put(String mediaType, byte[] bytes) {
    return put(mediaType, out -> out.write(bytes));
  }

  /** Stores a copy of a file; see {@link #put(String, Content)}. */
  default Artifact put(String mediaType, Path file) {
    return put(mediaType, out -> Files.copy(file, out));
  }

  /**
   * Opens a stream of an artifact's bytes, which verifies them at its end.
   *
   * @throws DamagedArtifact if the artifact is missing; the stream throws it in place of reaching
   *     its end if the bytes are damaged
   * @throws StorageException if the store cannot be read
   */
  InputStream open(ArtifactId id);

  /**
   * Returns all bytes of an artifact, verified.
   *
   * @throws DamagedArtifact if the artifact is missing or damaged
   * @throws StorageException if the store cannot be read
   */
  default byte[] read(ArtifactId id) {
    try (InputStream in = open(id)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new StorageException("read artifact " + id, e);
    }
  }

  /**
   * Returns whether an artifact is present and undamaged.
   *
   * @throws StorageException if the store cannot be read
   */
  default boolean verify(ArtifactId id) {
    try (InputStream in = open(id)) {
      in.transferTo(OutputStream.nullOutputStream());
      return true;
    } catch (DamagedArtifact e) {
      return false;
    } catch (IOException e) {
      throw new StorageException("verify artifact " + id, e);
    }
  }

  /**
   * Returns a local file with an artifact's verified bytes, for callers that send parts of it. A
   * store that does not consist of local files keeps a copy.
   *
   * @throws DamagedArtifact if the artifact is missing or damaged
   * @throws StorageException if the store cannot be read
   */
  Path file(ArtifactId id);

  // ---- for Leftovers; ages are measured by the store's own clock

  /**
   * Returns the artifacts of one shelf that were last put longer ago than {@code age}.
   *
   * @param shelf the first byte of their names, 0 to 255
   */
  List<ArtifactId> old(int shelf, Duration age);

  /**
   * Removes an artifact, unless it has been put again within {@code age}.
   *
   * @return whether this call removed it
   */
  boolean remove(ArtifactId id, Duration age);

  /**
   * Removes incomplete files of writers that crashed longer ago than {@code age}.
   *
   * @return how many files it removed
   */
  int removeHalfWritten(Duration age);
}
