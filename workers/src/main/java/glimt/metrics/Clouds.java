package glimt.metrics;

import static glimt.points.KdOrder.CHANNELS;

/** Distances between clouds of points, {@code [n, 6]} each; only positions count. */
public final class Clouds {
  private Clouds() {}

  /**
   * The Chamfer distance (Fan, Su and Guibas, 2017, eq. 2): mean squared distance of each point of
   * {@code a} to the nearest of {@code b}, plus the same the other way.
   */
  public static double chamfer(float[] a, float[] b) {
    return oneWay(a, b) + oneWay(b, a);
  }

  private static double oneWay(float[] from, float[] to) {
    double sum = 0;
    for (int i = 0; i < from.length; i += CHANNELS) {
      float nearest = Float.POSITIVE_INFINITY;
      for (int j = 0; j < to.length; j += CHANNELS) {
        float x = from[i] - to[j];
        float y = from[i + 1] - to[j + 1];
        float z = from[i + 2] - to[j + 2];
        nearest = Math.min(nearest, x * x + y * y + z * z);
      }
      sum += nearest;
    }
    return sum / Math.max(1, from.length / CHANNELS);
  }
}
