package glimt.points;

import static glimt.points.KdOrder.CHANNELS;

import java.util.Arrays;

/**
 * A dense cloud as two levels: a base of parents, and the children of each as what they differ from
 * it by.
 *
 * @param base {@code [n, 6]}, in {@linkplain KdOrder k-d order}
 * @param residual {@code [4 n, 6]}: child minus parent; parent i has children 4 i to 4 i + 3, the
 *     first of them itself
 */
public record PointLevels(float[] base, float[] residual) {
  /** Children of one parent. */
  public static final int CHILDREN = 4;

  /**
   * Cuts a cloud into k-d cells of four points; the point of each nearest to its cell's mean (the
   * medoid) is the parent of all four, so that the base is a set of true surface points.
   *
   * @param dense {@code [4 n, 6]}, in any order
   */
  public static PointLevels of(float[] dense) {
    float[] children = children(dense);
    return withParents(parents(children), children);
  }

  /**
   * The levels a network is trained to enlarge when the base it is given is not quite right: the
   * same children, with other parents.
   *
   * @param parents {@code [n, 6]}, parent i of the cell of four at 4 i of {@code children}
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
   * The points of a cloud, each cell's medoid first and then the others in k-d order.
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

  /** The first of each four children. */
  public static float[] parents(float[] children) {
    int[] first = new int[children.length / (CHILDREN * CHANNELS)];
    Arrays.setAll(first, cell -> cell * CHILDREN);
    return KdOrder.gather(children, first, CHANNELS);
  }

  /** Which of four neighbours is nearest to their mean. */
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
   * What the network of the dense level sees of the level below for the children from {@code start}
   * on: the whole base, turned so that their parents come first.
   *
   * @param base {@code [n, 6]}; a network makes it in k-d order but for its errors, and it is put
   *     in order here, as it was in training
   * @param start index of the first child
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
   * The parents of the children from {@code start} on, each four times: what a residual is added
   * to.
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
