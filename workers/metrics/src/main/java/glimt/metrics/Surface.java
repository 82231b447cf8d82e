package glimt.metrics;

import static glimt.metrics.PointSet.CHANNELS;

import java.util.Arrays;

/**
 * The smoothness of a cloud.
 *
 * @param roughness the median distance of points from the plane of their neighbourhood, in the unit
 *     of the positions. For each point it is the square root of the smallest eigenvalue of the
 *     covariance of its own position and those of its 11 nearest neighbours
 * @param speckle the mean absolute difference in red, green and blue between a point and each of
 *     its 3 nearest neighbours
 */
public record Surface(double roughness, double speckle) {
  private static final int NEIGHBOURS = 11;
  private static final int COLOURS = 3;

  /**
   * The approximate number of points whose neighbourhoods are measured; all points are potential
   * neighbours.
   */
  private static final int ASKED = 1024;

  /**
   * Measures a cloud.
   *
   * @param cloud {@code [n, 6]}, n &gt; 11
   */
  public static Surface of(float[] cloud) {
    PointSet points = PointSet.of(cloud);
    int step = Math.max(1, points.size() / ASKED);
    double[] off = new double[points.size() / step];
    double unlike = 0;
    for (int i = 0; i < off.length; i++) {
      int point = i * step;
      int[] near = points.nearest(point, NEIGHBOURS);
      off[i] = Math.sqrt(Math.max(0, leastSpread(cloud, point, near)));
      for (int j = 0; j < COLOURS; j++) {
        for (int c = 3; c < CHANNELS; c++) {
          unlike += Math.abs(cloud[near[j] * CHANNELS + c] - cloud[point * CHANNELS + c]);
        }
      }
    }
    Arrays.sort(off);
    double median = (off[(off.length - 1) / 2] + off[off.length / 2]) / 2;
    return new Surface(median, unlike / (off.length * COLOURS * 3.0));
  }

  /** The smallest eigenvalue of the covariance of a point and its neighbours. */
  private static double leastSpread(float[] cloud, int point, int[] near) {
    double[] mean = new double[3];
    double[][] spread = new double[3][3];
    int count = near.length + 1;
    for (int axis = 0; axis < 3; axis++) {
      mean[axis] = cloud[point * CHANNELS + axis];
      for (int other : near) {
        mean[axis] += cloud[other * CHANNELS + axis];
      }
      mean[axis] /= count;
    }
    for (int i = 0; i < count; i++) {
      int at = (i == 0 ? point : near[i - 1]) * CHANNELS;
      for (int a = 0; a < 3; a++) {
        for (int b = a; b < 3; b++) {
          spread[a][b] += (cloud[at + a] - mean[a]) * (cloud[at + b] - mean[b]) / count;
        }
      }
    }
    return leastEigenvalue(spread);
  }

  /**
   * The smallest eigenvalue of a symmetric 3 x 3 matrix in closed form (Smith, 1961, "Eigenvalues
   * of a symmetric 3 x 3 matrix").
   *
   * @param m the matrix, of which only the upper triangle is used
   */
  static double leastEigenvalue(double[][] m) {
    double mean = (m[0][0] + m[1][1] + m[2][2]) / 3;
    double off = m[0][1] * m[0][1] + m[0][2] * m[0][2] + m[1][2] * m[1][2];
    double a = m[0][0] - mean;
    double b = m[1][1] - mean;
    double c = m[2][2] - mean;
    double size = Math.sqrt((a * a + b * b + c * c + 2 * off) / 6);
    if (size == 0) {
      return mean;
    }
    double determinant =
        a * (b * c - m[1][2] * m[1][2])
            - m[0][1] * (m[0][1] * c - m[1][2] * m[0][2])
            + m[0][2] * (m[0][1] * m[1][2] - b * m[0][2]);
    double half = Math.clamp(determinant / (2 * size * size * size), -1, 1);
    return mean + 2 * size * Math.cos(Math.acos(half) / 3 + 2 * Math.PI / 3);
  }
}
