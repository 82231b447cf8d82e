package glimt.metrics;

import static glimt.metrics.PointSet.CHANNELS;

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
    return PointSet.of(a).chamfer(PointSet.of(b));
  }

  /**
   * The simplest way to enlarge a cloud: after each point, the three points midway to its nearest
   * neighbours.
   *
   * @param cloud {@code [n, 6]}, n > 3
   * @return {@code [4 n, 6]}
   */
  public static float[] midpoints(float[] cloud) {
    PointSet points = PointSet.of(cloud);
    float[] enlarged = new float[4 * cloud.length];
    for (int point = 0; point < points.size(); point++) {
      int[] near = points.nearest(point, 3);
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
}
