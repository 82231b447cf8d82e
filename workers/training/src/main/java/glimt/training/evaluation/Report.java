package glimt.training.evaluation;

import glimt.media.Picture;
import glimt.metrics.Figure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The results of an evaluation.
 *
 * @param sheet a contact sheet of unselected results; null if none was drawn
 */
public record Report(List<Figure> figures, @Nullable Picture sheet) {
  public Report {
    figures = List.copyOf(figures);
  }
}
