package glimt.training.motions;

import java.util.Arrays;

/**
 * What is measured of a clip: little enough to be kept of hundreds.
 *
 * @param tracked where its subject is
 * @param first the subject of the first frame, [3, 64, 64]
 * @param last the subject of the last frame, turned back
 * @param edges the mean difference between neighbouring pixels of the first frame
 */
record Sighting(Tracked tracked, float[] first, float[] last, double edges) {
  private static final int CLOSEUP = 3 * Closeup.SIDE * Closeup.SIDE;

  /** Looks at a clip [frames, 3, side, side] from -1 to 1. */
  static Sighting of(float[] clip, int side) {
    int frame = 3 * side * side;
    int last = clip.length - frame;
    Tracked tracked = Tracked.of(clip, side);
    double turns = tracked.turns()[tracked.turns().length - 1];
    return new Sighting(
        tracked,
        Closeup.of(clip, 0, side, tracked.ground(), 0),
        Closeup.of(clip, last, side, tracked.ground(), turns),
        edges(clip, side));
  }

  private static double edges(float[] clip, int side) {
    double sum = 0;
    int count = 3 * side * side;
    for (int i = 0; i < count; i++) {
      int x = i % side;
      int y = i / side % side;
      sum += x > 0 ? Math.abs(clip[i] - clip[i - 1]) : 0;
      sum += y > 0 ? Math.abs(clip[i] - clip[i - side]) : 0;
    }
    return sum / count;
  }

  /** All of it as an array. */
  float[] values() {
    int frames = tracked.x().length;
    float[] values = new float[4 + 4 * frames + 2 * CLOSEUP];
    System.arraycopy(tracked.ground(), 0, values, 0, 3);
    values[3] = (float) edges;
    double[][] all = {tracked.x(), tracked.y(), tracked.size(), tracked.turns()};
    for (int i = 0; i < 4 * frames; i++) {
      values[4 + i] = (float) all[i / frames][i % frames];
    }
    System.arraycopy(first, 0, values, 4 + 4 * frames, CLOSEUP);
    System.arraycopy(last, 0, values, 4 + 4 * frames + CLOSEUP, CLOSEUP);
    return values;
  }

  /** What {@link #values} gave. */
  static Sighting of(float[] values) {
    int frames = (values.length - 4 - 2 * CLOSEUP) / 4;
    double[][] all = new double[4][frames];
    for (int i = 0; i < 4 * frames; i++) {
      all[i / frames][i % frames] = values[4 + i];
    }
    int at = 4 + 4 * frames;
    return new Sighting(
        new Tracked(Arrays.copyOf(values, 3), all[0], all[1], all[2], all[3]),
        Arrays.copyOfRange(values, at, at + CLOSEUP),
        Arrays.copyOfRange(values, at + CLOSEUP, at + 2 * CLOSEUP),
        values[3]);
  }
}
