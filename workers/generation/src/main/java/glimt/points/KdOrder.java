package glimt.points;

/**
 * Sorts a set of points into a sequence that a transformer can divide into tokens, in the order of
 * the leaves of a balanced k-d tree (Bentley, 1975, "Multidimensional binary search trees used for
 * associative searching"). Any 2^k consecutive points that start at a multiple of 2^k form one cell
 * of the tree, and a position in the sequence always corresponds to the same part of an object: its
 * lower half, the left part of that, and so on.
 */
public final class KdOrder {
  private KdOrder() {}

  /** The number of values per point: x, y, z, red, green, blue. */
  public static final int CHANNELS = 6;

  /**
   * Cells are split along y, x and z in turn, starting with y because everyday objects vary most
   * along the vertical.
   */
  private static final int[][] AXES = {{1, 0, 2}, {0, 2, 1}, {2, 1, 0}};

  /**
   * The splitting planes are slightly oblique, so that points of a flat face are sorted along the
   * face instead of by rounding errors.
   */
  private static final float SECOND = 0.04f;

  private static final float THIRD = 0.03f;

  /**
   * The order of a cloud: the index in {@code cloud} of each point of the sorted cloud. Equal
   * points keep their order.
   *
   * @param cloud {@code [n, 6]}
   * @return n indices
   */
  public static int[] of(float[] cloud) {
    int count = cloud.length / CHANNELS;
    long[] points = new long[count];
    for (int i = 0; i < count; i++) {
      points[i] = i;
    }
    split(cloud, points, 0, count, 0);
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      order[i] = (int) points[i];
    }
    return order;
  }

  /** The points of {@code cloud} in the order of {@link #of}. */
  public static float[] sorted(float[] cloud) {
    return gather(cloud, of(cloud), CHANNELS);
  }

  /**
   * Permutes rows of {@code width} values: row i of the result is row {@code order[i]} of the
   * source.
   */
  public static float[] gather(float[] rows, int[] order, int width) {
    float[] gathered = new float[order.length * width];
    for (int i = 0; i < order.length; i++) {
      System.arraycopy(rows, order[i] * width, gathered, i * width, width);
    }
    return gathered;
  }

  private static void split(float[] cloud, long[] points, int from, int to, int depth) {
    if (to - from < 2) {
      return;
    }
    int[] axes = AXES[depth % AXES.length];
    for (int i = from; i < to; i++) {
      int index = (int) points[i];
      int at = index * CHANNELS;
      float key = cloud[at + axes[0]] + SECOND * cloud[at + axes[1]] + THIRD * cloud[at + axes[2]];
      points[i] = (long) sortable(key) << Integer.SIZE | index;
    }
    int middle = from + (to - from) / 2;
    select(points, from, to - 1, middle);
    split(cloud, points, from, middle, depth + 1);
    split(cloud, points, middle, to, depth + 1);
  }

  /** Maps the bits of a float to an int with the same ordering. */
  private static int sortable(float value) {
    int bits = Float.floatToIntBits(value);
    return bits ^ ((bits >> 31) & Integer.MAX_VALUE);
  }

  /**
   * Partitions the keys so that the smallest are before index {@code middle} (Hoare, 1961,
   * "Algorithm 65: find").
   */
  private static void select(long[] keys, int from, int to, int middle) {
    int low = from;
    int high = to;
    while (low < high) {
      long pivot = medianOfThree(keys[low], keys[(low + high) >>> 1], keys[high]);
      int i = low;
      int j = high;
      while (i <= j) {
        while (keys[i] < pivot) {
          i++;
        }
        while (pivot < keys[j]) {
          j--;
        }
        if (i <= j) {
          long swapped = keys[i];
          keys[i++] = keys[j];
          keys[j--] = swapped;
        }
      }
      if (middle <= j) {
        high = j;
      } else if (middle >= i) {
        low = i;
      } else {
        return;
      }
    }
  }

  private static long medianOfThree(long a, long b, long c) {
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }
}
