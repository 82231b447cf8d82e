package glimt.training.evaluation;

import glimt.media.ContactSheet.Cell;
import java.util.List;

/**
 * Unselected results for a blind naming test.
 *
 * @param cells the results, labelled with their prompts
 * @param columns the number of columns of the sheet
 * @param side the side in pixels of the square that each result is fitted into
 */
public record Unnamed(List<Cell> cells, int columns, int side) {
  public Unnamed {
    cells = List.copyOf(cells);
  }
}
