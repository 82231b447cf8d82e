package glimt.ledger;

import glimt.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * Checks that a node's artifacts folder belongs to its farm. A file in the folder names the farm,
 * so that a node with another folder, or with another farm's, is refused before it loses data.
 */
public final class FarmFolder {
  private static final String MARK = "farm";

  private static final String MARKED = "SELECT marked IS NOT NULL AS marked FROM farm FOR UPDATE";

  private static final String SET_MARKED = "UPDATE farm SET marked = clock_timestamp()";

  private FarmFolder() {}

  /**
   * Checks that {@code folder} is writable and belongs to {@code farm}. The farm's first node marks
   * the folder.
   *
   * @throws StorageException if the check fails; its message names the cause and the way out
   */
  public static void check(Database database, UUID farm, Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new StorageException(
          "the artifacts folder %s does not exist; create it or mount it".formatted(folder));
    }
    Path mark = folder.resolve(MARK);
    try {
      Files.delete(Files.createTempFile(folder, "try", null));
      database.transact(
          "mark the artifacts folder",
          session -> {
            boolean marked = session.first(MARKED, row -> row.getBoolean("marked")).orElseThrow();
            refuseOthers(mark, farm, marked);
            if (!marked) {
              write(mark, farm);
              session.update(SET_MARKED);
            }
            return marked;
          });
    } catch (IOException e) {
      throw new StorageException("write to the artifacts folder %s".formatted(folder), e);
    }
  }

  private static void refuseOthers(Path mark, UUID farm, boolean marked) {
    try {
      if (Files.exists(mark)) {
        String says = Files.readString(mark).strip();
        if (!says.equals(farm.toString())) {
          throw new StorageException(
              "the artifacts folder %s belongs to the farm %s, but the database to the farm %s; correct one of the two addresses"
                  .formatted(mark.getParent(), says, farm));
        }
      } else if (marked) {
        throw new StorageException(
            "the artifacts folder %s is not the farm's, which contains a file %s with the text %s; mount the farm's folder"
                .formatted(mark.getParent(), MARK, farm));
      }
    } catch (IOException e) {
      throw new StorageException("read %s".formatted(mark), e);
    }
  }

  private static void write(Path mark, UUID farm) {
    try {
      Path draft = Files.createTempFile(mark.getParent(), MARK, null);
      Files.writeString(draft, farm + "\n");
      Files.move(draft, mark, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new StorageException("write %s".formatted(mark), e);
    }
  }
}
