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
 * A blind test for a person: a picture that shows results in shuffled order under numbers, and in a
 * file of its own the key, which gives the prompt of each number.
 */
public final class NamingSheet {
  /** The picture. */
  public static final String SHEET = "naming.png";

  /** The key, a line for each number. */
  public static final String KEY = "naming-key.txt";

  private NamingSheet() {}

  /**
   * Writes both files, replacing those there.
   *
   * @param folder made if it is missing
   * @param results each labelled with its prompt, which goes only into the key
   * @param side the square of pixels each is fitted into
   * @param seed of the order
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
      throw new TrainingException("cannot write the sheet into " + folder + ": " + broken, broken);
    }
  }
}
