package glimt.points;

import static glimt.points.KdOrder.CHANNELS;

import java.util.Arrays;

/**
 * A dense cloud as two levels: a base of parents, and the differences of their children from them.
 *
 * @param base {@code [n, 6]}, in {@linkplain KdOrder k-d order}
 * @param residual {@code [4 n, 6]}: child minus parent; parent i has the children 4 i to 4 i + 3,
 *     the first of which is the parent itself
 */
public record PointLevels(float[] base, float[] residual) {
  /** The number of children of a parent. */
  public static final int CHILDREN = 4;

  /**
   * Divides a cloud into k-d cells of four points. The parent of a cell is its medoid, the point
   * nearest to the mean, so that the base consists of true surface points.
   *
   * @param dense {@code [4 n, 6]}, in any order
   */
  public static PointLevels of(float[] dense) {
    float[] children = children(dense);
    return withParents(parents(children), children);
  }

  /**
   * Builds the levels with other parents for the same children, to train a network on an imperfect
   * base.
   *
   * @param parents {@code [n, 6]}; parent i belongs to the cell that begins at child 4 i
   * @param children {@code [4 n, 6]}
   */
  public static PointLevels withParents(float[] parents, float[] children) {
    int[] order = KdOrder.of(parents);
    float[] base = KdOrder.gather(parents, order, CHANNELS);
    float[] residual = KdOrder.gather(children, order, CHILDREN * CHANNELS);
    for (int i = 0; i < residual.length; i++) {
      residual[i] -= base[i / (CHILDREN * CHANNELS) * CHANNELS + i % CHANNELS];
    }
    return new PointLevels(base, residual);
  }

  /**
   * Sorts a cloud by cells, with the medoid of each cell first and its other points in k-d order.
   *
   * @param dense {@code [4 n, 6]}, in any order
   */
  public static float[] children(float[] dense) {
    float[] children = KdOrder.sorted(dense);
    int[] order = new int[children.length / CHANNELS];
    for (int first = 0; first < order.length; first += CHILDREN) {
      int medoid = medoid(children, first);
      order[first] = medoid;
      int next = first + 1;
      for (int child = first; child < first + CHILDREN; child++) {
        if (child != medoid) {
          order[next++] = child;
        }
      }
    }
    return KdOrder.gather(children, order, CHANNELS);
  }

  /** The first child of each cell. */
  public static float[] parents(float[] children) {
    int[] first = new int[children.length / (CHILDREN * CHANNELS)];
    Arrays.setAll(first, cell -> cell * CHILDREN);
    return KdOrder.gather(children, first, CHANNELS);
  }

  /** The index of the point that is nearest to the mean of its cell. */
  private static int medoid(float[] points, int first) {
    int medoid = first;
    double nearest = Double.POSITIVE_INFINITY;
    for (int point = first; point < first + CHILDREN; point++) {
      double distance = 0;
      for (int axis = 0; axis < 3; axis++) {
        double mean = 0;
        for (int other = first; other < first + CHILDREN; other++) {
          mean += points[other * CHANNELS + axis];
        }
        double off = points[point * CHANNELS + axis] - mean / CHILDREN;
        distance += off * off;
      }
      if (distance < nearest) {
        nearest = distance;
        medoid = point;
      }
    }
    return medoid;
  }

  /**
   * The input of the dense level's network for the children from {@code start} on: the whole base,
   * rotated so that their parents come first.
   *
   * @param base {@code [n, 6]}; a generated base is only approximately in k-d order, so it is
   *     sorted here as in training
   * @param start the index of the first child
   * @return {@code [n, 6]}
   */
  public static float[] below(float[] base, int start) {
    float[] ordered = KdOrder.sorted(base);
    int turned = start / CHILDREN * CHANNELS;
    float[] below = new float[base.length];
    System.arraycopy(ordered, turned, below, 0, base.length - turned);
    System.arraycopy(ordered, 0, below, base.length - turned, turned);
    return below;
  }

  /**
   * The values to which the residuals of the children from {@code start} on are added: each parent,
   * repeated four times.
   *
   * @param base as for {@link #below}
   * @return {@code [children, 6]}
   */
  public static float[] parents(float[] base, int start, int children) {
    float[] ordered = KdOrder.sorted(base);
    float[] parents = new float[children * CHANNELS];
    for (int child = 0; child < children; child++) {
      System.arraycopy(
          ordered, (start + child) / CHILDREN * CHANNELS, parents, child * CHANNELS, CHANNELS);
    }
    return parents;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PointLevels(float[] otherBase, float[] otherResidual)
        && Arrays.equals(base, otherBase)
        && Arrays.equals(residual, otherResidual);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(base) + Arrays.hashCode(residual);
  }
}
