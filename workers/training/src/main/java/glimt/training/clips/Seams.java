package glimt.training.clips;

import glimt.metrics.Clips;
import glimt.metrics.Clips.BorderSteps;
import glimt.model.Axis;
import glimt.model.Level;
import glimt.model.Span;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How much more changes across the borders of a level's windows or tiles than elsewhere, in its
 * samples over their plain enlargements: the enlargement has no borders, and the same subject in
 * the same place. 1 is seamless.
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
   * @param under the sample of the level below that it was made from
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
   * Whether the step from each position's predecessor to it leads from one window to another, or
   * lies where two are blended.
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

  /** The same level in one piece. */
  static Level uncut(Level level) {
    return level.whole(level.extents());
  }
}
