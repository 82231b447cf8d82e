package glimt.training;

import glimt.media.ContactSheet;
import glimt.media.ContactSheet.Cell;
import glimt.training.recipe.TrainingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A blind naming test: a picture with numbered results in shuffled order, and a separate key file
 * with the prompt of each number.
 */
public final class NamingSheet {
  /** The file name of the picture. */
  public static final String SHEET = "naming.png";

  /** The file name of the key, which has a line for each number. */
  public static final String KEY = "naming-key.txt";

  private NamingSheet() {}

  /**
   * Writes both files, replacing existing ones.
   *
   * @param folder the folder, which is created if it is missing
   * @param results the results, labelled with their prompts, which are written only into the key
   * @param side the side in pixels of the square that each result is fitted into
   * @param seed the seed of the order
   */
  public static void write(Path folder, List<Cell> results, int columns, int side, long seed) {
    List<Cell> shuffled = new ArrayList<>(results);
    Collections.shuffle(shuffled, new SplittableRandom(seed));
    List<Cell> numbered = new ArrayList<>();
    StringBuilder key = new StringBuilder();
    for (Cell result : shuffled) {
      numbered.add(new Cell(result.picture(), Integer.toString(numbered.size() + 1)));
      key.append("%s\t%s\n".formatted(numbered.size(), result.label()));
    }
    try {
      Files.createDirectories(folder);
      Files.write(folder.resolve(SHEET), ContactSheet.of(numbered, columns, side).png());
      Files.writeString(folder.resolve(KEY), key);
    } catch (IOException broken) {
      throw new TrainingException(
          "cannot write the naming sheet into " + folder + ": " + broken, broken);
    }
  }
}
