package glimt.metrics;

import static glimt.points.KdOrder.CHANNELS;

/**
 * Distances between clouds of points, and what to compare an enlargement with: {@code [n, 6]} each;
 * only positions count.
 */
public final class Clouds {
  private Clouds() {}

  /**
   * The Chamfer distance (Fan, Su and Guibas, 2017, eq. 2): mean squared distance of each point of
   * {@code a} to the nearest of {@code b}, plus the same the other way.
   */
  public static double chamfer(float[] a, float[] b) {
    return oneWay(a, b) + oneWay(b, a);
  }

  /**
   * The simplest way to enlarge a cloud: after each point, the three points midway to its nearest
   * neighbours.
   *
   * @param cloud {@code [n, 6]}, n > 3
   * @return {@code [4 n, 6]}
   */
  public static float[] midpoints(float[] cloud) {
    int count = cloud.length / CHANNELS;
    float[] enlarged = new float[4 * cloud.length];
    for (int point = 0; point < count; point++) {
      int[] near = nearest(cloud, point);
      for (int child = 0; child < 4; child++) {
        int other = child == 0 ? point : near[child - 1];
        for (int c = 0; c < CHANNELS; c++) {
          enlarged[(point * 4 + child) * CHANNELS + c] =
              (cloud[point * CHANNELS + c] + cloud[other * CHANNELS + c]) / 2;
        }
      }
    }
    return enlarged;
  }

  /** The three nearest neighbours of a point, nearest first. */
  private static int[] nearest(float[] cloud, int point) {
    int[] near = {-1, -1, -1};
    float[] far = {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY};
    for (int other = 0; other < cloud.length / CHANNELS; other++) {
      float distance = squared(cloud, point * CHANNELS, cloud, other * CHANNELS);
      if (other == point || distance >= far[2]) {
        continue;
      }
      int place = distance < far[0] ? 0 : distance < far[1] ? 1 : 2;
      for (int i = 2; i > place; i--) {
        near[i] = near[i - 1];
        far[i] = far[i - 1];
      }
      near[place] = other;
      far[place] = distance;
    }
    return near;
  }

  private static float squared(float[] a, int i, float[] b, int j) {
    float x = a[i] - b[j];
    float y = a[i + 1] - b[j + 1];
    float z = a[i + 2] - b[j + 2];
    return x * x + y * y + z * z;
  }

  private static double oneWay(float[] from, float[] to) {
    double sum = 0;
    for (int i = 0; i < from.length; i += CHANNELS) {
      float nearest = Float.POSITIVE_INFINITY;
      for (int j = 0; j < to.length; j += CHANNELS) {
        nearest = Math.min(nearest, squared(from, i, to, j));
      }
      sum += nearest;
    }
    return sum / Math.max(1, from.length / CHANNELS);
  }
}
