package glimt.training.clips;

import glimt.metrics.Clips;
import glimt.metrics.Clips.BorderSteps;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Span;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The visibility of the borders between a level's windows or tiles: the ratio of changes across
 * borders to changes elsewhere in its samples, divided by the same ratio in the enlarged level
 * below, which has the same content but no borders. A value of 1 means that the borders are
 * invisible.
 */
final class Seams {
  private final Level below;
  private final Level level;
  private BorderSteps tiles = BorderSteps.NONE;
  private BorderSteps tilesEnlarged = BorderSteps.NONE;
  private BorderSteps windows = BorderSteps.NONE;
  private BorderSteps windowsEnlarged = BorderSteps.NONE;

  Seams(Level below, Level level) {
    this.below = below;
    this.level = level;
  }

  /**
   * Adds a whole sample.
   *
   * @param sample the sample of the level
   * @param under the sample of the level below from which it was generated
   */
  void add(float[] sample, float[] under) {
    float[] plain = Ladder.enlarged(under, below, level);
    int frames = level.axis("frames").extent();
    int size = Ladder.size(level);
    if (tiled()) {
      boolean[] borders = borders(level.axis("width"));
      tiles = tiles.plus(Clips.acrossPixels(sample, size, borders));
      tilesEnlarged = tilesEnlarged.plus(Clips.acrossPixels(plain, size, borders));
    }
    if (windowed()) {
      boolean[] borders = borders(level.axis("frames"));
      windows = windows.plus(Clips.acrossFrames(sample, frames, borders));
      windowsEnlarged = windowsEnlarged.plus(Clips.acrossFrames(plain, frames, borders));
    }
  }

  boolean tiled() {
    return level.axis("width").windows().size() > 1;
  }

  boolean windowed() {
    return level.axis("frames").windows().size() > 1;
  }

  double acrossTiles() {
    return tiles.ratio() / tilesEnlarged.ratio();
  }

  double acrossWindows() {
    return windows.ratio() / windowsEnlarged.ratio();
  }

  /**
   * For each position, whether the step from the previous position leads into another window or
   * into a region where two windows are blended.
   */
  static boolean[] borders(Axis axis) {
    boolean[] borders = new boolean[axis.extent()];
    for (int i = 1; i < borders.length; i++) {
      List<Integer> here = counting(axis, i);
      borders[i] = here.size() > 1 || !here.equals(counting(axis, i - 1));
    }
    return borders;
  }

  private static List<Integer> counting(Axis axis, int position) {
    List<Span> windows = axis.windows();
    return IntStream.range(0, windows.size())
        .filter(
            i ->
                windows.get(i).start() <= position
                    && position < windows.get(i).end()
                    && axis.weight(windows.get(i), position) > 0)
        .boxed()
        .toList();
  }

  /** The level as a single segment. */
  static Level uncut(Level level) {
    return level.whole(level.extents());
  }
}
