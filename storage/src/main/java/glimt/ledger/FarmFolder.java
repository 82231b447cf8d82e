package glimt.ledger;

import glimt.storage.StorageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * The folder of the artifacts as the farm's own: a file in it names the farm, so that a node with
 * another folder, or another farm's, is told so before it loses anything.
 */
public final class FarmFolder {
  private static final String MARK = "farm";

  private static final String MARKED = "SELECT marked IS NOT NULL AS marked FROM farm FOR UPDATE";

  private static final String SET_MARKED = "UPDATE farm SET marked = clock_timestamp()";

  private FarmFolder() {}

  /**
   * Checks that {@code folder} can be written and is {@code farm}'s; the first to come marks it.
   *
   * @throws StorageException if it is not; its message says why, and the way out
   */
  public static void check(Database database, UUID farm, Path folder) {
    if (!Files.isDirectory(folder)) {
      throw new StorageException(
          "the artifacts' folder %s does not exist; make it, or mount it".formatted(folder));
    }
    Path mark = folder.resolve(MARK);
    try {
      Files.delete(Files.createTempFile(folder, "try", null));
      database.transact(
          "mark the artifacts' folder",
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
      throw new StorageException("the artifacts' folder %s cannot be written".formatted(folder), e);
    }
  }

  private static void refuseOthers(Path mark, UUID farm, boolean marked) {
    try {
      if (Files.exists(mark)) {
        String says = Files.readString(mark).strip();
        if (!says.equals(farm.toString())) {
          throw new StorageException(
              "the artifacts' folder %s is of the farm %s, and the database of the farm %s"
                  .formatted(mark.getParent(), says, farm));
        }
      } else if (marked) {
        throw new StorageException(
            "the artifacts' folder %s is not the farm's, which has a file %s with %s in it"
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
