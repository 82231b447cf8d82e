package glimt.training.evaluation;

import glimt.media.ContactSheet.Cell;
import java.util.List;

/**
 * Unselected results to be named by someone who has not seen the prompts, which label them.
 *
 * @param columns of the sheet
 * @param side the square of pixels each result is fitted into
 */
public record Unnamed(List<Cell> cells, int columns, int side) {
  public Unnamed {
    cells = List.copyOf(cells);
  }
}
