package glimt.metrics;

import static glimt.metrics.PointSet.CHANNELS;

/**
 * The Chamfer distance of clouds, and a baseline for their enlargement. Clouds are {@code [n, 6]};
 * distances use positions only.
 */
public final class Clouds {
  private Clouds() {}

  /**
   * The Chamfer distance (Fan, Su and Guibas, 2017, eq. 2): the mean squared distance of each point
   * of {@code a} to the nearest of {@code b}, plus the same in the other direction.
   */
  public static double chamfer(float[] a, float[] b) {
    return PointSet.of(a).chamfer(PointSet.of(b));
  }

  /**
   * Enlarges a cloud in the simplest way: each point is followed by the midpoints between it and
   * its three nearest neighbours.
   *
   * @param cloud {@code [n, 6]}, n &gt; 3
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
