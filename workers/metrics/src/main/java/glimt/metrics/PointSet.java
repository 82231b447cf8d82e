package glimt.metrics;

import java.util.Arrays;

/**
 * The positions of a cloud in one array per coordinate. This layout makes the distances of a point
 * to all points of another cloud a simple loop, which is as fast as a tree for a few thousand
 * points.
 */
public final class PointSet {
  /** The number of values per point: x, y, z, red, green, blue. */
  static final int CHANNELS = 6;

  private final float[] x;
  private final float[] y;
  private final float[] z;

  private PointSet(float[] x, float[] y, float[] z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }

  /**
   * Extracts the positions of a cloud.
   *
   * @param cloud {@code [n, 6]}, whose first three values are positions
   */
  public static PointSet of(float[] cloud) {
    int count = cloud.length / CHANNELS;
    PointSet set = new PointSet(new float[count], new float[count], new float[count]);
    for (int i = 0; i < count; i++) {
      set.x[i] = cloud[i * CHANNELS];
      set.y[i] = cloud[i * CHANNELS + 1];
      set.z[i] = cloud[i * CHANNELS + 2];
    }
    return set;
  }

  /** The subset of every {@code step}th point. */
  public PointSet every(int step) {
    int count = Math.ceilDiv(size(), step);
    PointSet few = new PointSet(new float[count], new float[count], new float[count]);
    for (int i = 0; i < count; i++) {
      few.x[i] = x[i * step];
      few.y[i] = y[i * step];
      few.z[i] = z[i * step];
    }
    return few;
  }

  /** The number of points. */
  public int size() {
    return x.length;
  }

  /**
   * The Chamfer distance (Fan, Su and Guibas, 2017, eq. 2): the mean squared distance of points to
   * the nearest of the other set, summed over both directions.
   */
  public double chamfer(PointSet other) {
    int count = other.size();
    float[] row = new float[count];
    float[] nearest = new float[count];
    Arrays.fill(nearest, Float.POSITIVE_INFINITY);
    double there = 0;
    for (int i = 0; i < x.length; i++) {
      other.squares(x[i], y[i], z[i], row);
      float least = Float.POSITIVE_INFINITY;
      for (int j = 0; j < count; j++) {
        nearest[j] = Math.min(nearest[j], row[j]);
        least = Math.min(least, row[j]);
      }
      there += least;
    }
    double back = 0;
    for (float least : nearest) {
      back += least;
    }
    return there / Math.max(1, x.length) + back / Math.max(1, count);
  }

  /**
   * The indices of the points nearest to a point of this set, without the point itself, nearest
   * first.
   *
   * @param many the number of points, less than the size of this set
   */
  int[] nearest(int point, int many) {
    float[] row = new float[x.length];
    squares(x[point], y[point], z[point], row);
    row[point] = Float.POSITIVE_INFINITY;
    int[] near = new int[many];
    float[] far = new float[many];
    Arrays.fill(far, Float.POSITIVE_INFINITY);
    for (int j = 0; j < row.length; j++) {
      if (row[j] < far[many - 1]) {
        int place = many - 1;
        for (; place > 0 && row[j] < far[place - 1]; place--) {
          far[place] = far[place - 1];
          near[place] = near[place - 1];
        }
        far[place] = row[j];
        near[place] = j;
      }
    }
    return near;
  }

  /** The squared distance of every point to (px, py, pz). */
  private void squares(float px, float py, float pz, float[] into) {
    for (int j = 0; j < into.length; j++) {
      float dx = x[j] - px;
      float dy = y[j] - py;
      float dz = z[j] - pz;
      into[j] = dx * dx + dy * dy + dz * dz;
    }
  }
}
