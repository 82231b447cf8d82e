package glimt.training.motions;

/**
 * A subject as the classifier sees it: upright, in the middle, and as large as it fits, wherever it
 * is in a frame and however large.
 */
final class Closeup {
  /** The height and width that the classifier sees. */
  static final int SIDE = 64;

  /** The longer side of the subject in it. */
  private static final double FITTED = 56;

  private Closeup() {}

  /**
   * Cuts a subject out.
   *
   * @param clip holds a frame [3, side, side] from {@code at} on
   * @param ground the colour of the background
   * @param turns the clockwise rotation that is undone
   * @return [3, 64, 64] from -1 to 1
   */
  static float[] of(float[] clip, int at, int side, float[] ground, double turns) {
    double cos = Math.cos(2 * Math.PI * turns);
    double sin = Math.sin(2 * Math.PI * turns);
    double left = Double.MAX_VALUE;
    double right = -Double.MAX_VALUE;
    double top = Double.MAX_VALUE;
    double bottom = -Double.MAX_VALUE;
    for (int p = 0; p < side * side; p++) {
      if (Tracked.weight(clip, at, p, side, ground) > 0.5) {
        double u = p % side + 0.5;
        int row = p / side;
        double v = row + 0.5;
        double across = cos * u + sin * v;
        double down = cos * v - sin * u;
        left = Math.min(left, across);
        right = Math.max(right, across);
        top = Math.min(top, down);
        bottom = Math.max(bottom, down);
      }
    }
    float[] out = new float[3 * SIDE * SIDE];
    double scale = Math.max(Math.max(right - left, bottom - top), 4) / FITTED;
    for (int row = 0; row < SIDE; row++) {
      for (int column = 0; column < SIDE; column++) {
        for (int quarter = 0; quarter < 4; quarter++) { // four samples per pixel, against aliasing
          double across =
              (left + right) / 2 + scale * (column + 0.25 + 0.5 * (quarter & 1) - SIDE / 2.0);
          double down =
              (top + bottom) / 2 + scale * (row + 0.25 + 0.5 * (quarter >> 1) - SIDE / 2.0);
          double u = cos * across - sin * down - 0.5;
          double v = sin * across + cos * down - 0.5;
          for (int c = 0; c < 3; c++) {
            out[(c * SIDE + row) * SIDE + column] +=
                bilinear(clip, at + c * side * side, side, u, v, ground[c]) / 4;
          }
        }
      }
    }
    return out;
  }

  /** A value between four pixels, which is the background's outside the frame. */
  private static float bilinear(float[] clip, int at, int side, double u, double v, float ground) {
    int u0 = (int) Math.floor(u);
    int v0 = (int) Math.floor(v);
    double sum = 0;
    for (int corner = 0; corner < 4; corner++) {
      int x = u0 + (corner & 1);
      int y = v0 + (corner >> 1);
      double weight =
          ((corner & 1) == 0 ? 1 - (u - u0) : u - u0) * (corner < 2 ? 1 - (v - v0) : v - v0);
      boolean inside = x >= 0 && y >= 0 && x < side && y < side;
      sum += weight * (inside ? clip[at + y * side + x] : ground);
    }
    return (float) sum;
  }
}
