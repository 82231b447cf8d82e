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
 * The store of what is made: immutable bytes, each named by their SHA-256. Three laws hold for
 * every store, and whoever writes another one finds them as a test:
 *
 * <ul>
 *   <li>Once {@code put} returns, the artifact is whole, everybody sees it, and it survives a crash
 *       of the machine. Until then, and when {@code put} fails, nobody sees any of it.
 *   <li>A name never comes to stand for other bytes. Whoever puts the same bytes again, at the same
 *       time too, gets the same artifact, and one that was damaged is whole again.
 *   <li>Whoever reads is sure of the bytes: they are compared with the name. What is missing or
 *       damaged is a {@link DamagedArtifact}, since it can be made again; that the store cannot be
 *       reached is another {@link StorageException}.
 * </ul>
 *
 * <p>Nobody takes an artifact away but {@link Leftovers}, which alone knows what is still needed.
 */
public interface Artifacts {
  /** How many shelves the store has: one for each first byte of a name. */
  int SHELVES = 256;

  /** Writes an artifact's bytes. */
  @FunctionalInterface
  interface Content {
    void writeTo(OutputStream out) throws IOException;
  }

  /**
   * @throws StorageException if it could not be written, say for want of room; nothing is left of
   *     it
   */
  Artifact put(String mediaType, Content content);

  default Artifact put(String mediaType, byte[] bytes) {
    return put(mediaType, out -> out.write(bytes));
  }

  /** Copies a file in. */
  default Artifact put(String mediaType, Path file) {
    return put(mediaType, out -> Files.copy(file, out));
  }

  /**
   * Its bytes as they are read; the end of the stream is reached only if they were the right ones.
   *
   * @throws DamagedArtifact if it is not there, and from the stream if it is damaged
   * @throws StorageException if the store cannot be read
   */
  InputStream open(ArtifactId id);

  /**
   * All its bytes, and no others.
   *
   * @throws DamagedArtifact if it is not there, or damaged
   * @throws StorageException if the store cannot be read
   */
  default byte[] read(ArtifactId id) {
    try (InputStream in = open(id)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new StorageException("read artifact " + id, e);
    }
  }

  /** Whether it is there, with the very bytes that its name stands for. */
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
   * A file on this machine with its bytes, compared with its name, for who sends it on by parts. A
   * store that has no such files keeps a copy.
   *
   * @throws DamagedArtifact if it is not there, or damaged
   * @throws StorageException if the store cannot be read
   */
  Path file(ArtifactId id);

  // ---- for Leftovers; ages are by the store's own clock

  /**
   * The artifacts on one shelf that were last put longer ago than {@code age}.
   *
   * @param shelf 0 to 255, the first byte of their names
   */
  List<ArtifactId> old(int shelf, Duration age);

  /**
   * Takes an artifact away, unless it has been put again within {@code age}.
   *
   * @return whether it is gone
   */
  boolean remove(ArtifactId id, Duration age);

  /**
   * Takes away what writers that died longer ago than {@code age} left half written, where nobody
   * sees it.
   *
   * @return how many
   */
  int removeHalfWritten(Duration age);
}
