package glimt.training.evaluation;

import glimt.media.Picture;
import glimt.metrics.Figure;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What was measured.
 *
 * @param sheet unselected results to look at; null where none were made
 */
public record Report(List<Figure> figures, @Nullable Picture sheet) {
  public Report {
    figures = List.copyOf(figures);
  }
}
