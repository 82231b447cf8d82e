package glimt.metrics;

import java.util.Arrays;

/** A distance between two clouds of points, each [n, 3]. */
@FunctionalInterface
public interface CloudDistance {

  /** The distance between two clouds. */
  double between(double[][] a, double[][] b);

  /**
   * The Chamfer distance (Fan et al. 2017): the mean squared distance to the nearest point of the
   * other cloud, summed over both directions.
   */
  static double chamfer(double[][] a, double[][] b) {
    return oneWay(a, b) + oneWay(b, a);
  }

  private static double oneWay(double[][] from, double[][] to) {
    double sum = 0;
    for (double[] p : from) {
      double nearest = Double.POSITIVE_INFINITY;
      for (double[] q : to) {
        nearest = Math.min(nearest, square(p, q));
      }
      sum += nearest / from.length;
    }
    return sum;
  }

  private static double square(double[] p, double[] q) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += (p[i] - q[i]) * (p[i] - q[i]);
    }
    return sum;
  }

  /**
   * The earth mover's distance (Rubner et al. 2000) of clouds of the same size: the exact mean
   * distance under the optimal assignment, in O(n^3).
   *
   * @throws IllegalArgumentException if the clouds have different sizes
   */
  static double earthMover(double[][] a, double[][] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(
          "the clouds must have the same size, not %s and %s points".formatted(a.length, b.length));
    }
    double[][] cost = new double[a.length][b.length];
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < b.length; j++) {
        cost[i][j] = Math.sqrt(square(a[i], b[j]));
      }
    }
    int[] of = assignment(cost);
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += cost[i][of[i]];
    }
    return sum / a.length;
  }

  /**
   * The column of each row in the assignment of minimal cost (the Hungarian method with shortest
   * augmenting paths).
   */
  private static int[] assignment(double[][] cost) {
    int n = cost.length;
    double[] rowPrice = new double[n + 1];
    double[] columnPrice = new double[n + 1];
    int[] rowOf = new int[n + 1]; // row + 1 of a column; paths start at column 0
    int[] from = new int[n + 1];
    for (int row = 1; row <= n; row++) {
      double[] least = new double[n + 1];
      Arrays.fill(least, Double.POSITIVE_INFINITY);
      boolean[] reached = new boolean[n + 1];
      rowOf[0] = row;
      int column = 0;
      do {
        reached[column] = true;
        int next = 0;
        double step = Double.POSITIVE_INFINITY;
        for (int j = 1; j <= n; j++) {
          if (!reached[j]) {
            double reduced =
                cost[rowOf[column] - 1][j - 1] - rowPrice[rowOf[column]] - columnPrice[j];
            if (reduced < least[j]) {
              least[j] = reduced;
              from[j] = column;
            }
            if (least[j] < step) {
              step = least[j];
              next = j;
            }
          }
        }
        for (int j = 0; j <= n; j++) {
          if (reached[j]) {
            rowPrice[rowOf[j]] += step;
            columnPrice[j] -= step;
          } else {
            least[j] -= step;
          }
        }
        column = next;
      } while (rowOf[column] != 0);
      while (column != 0) {
        rowOf[column] = rowOf[from[column]];
        column = from[column];
      }
    }
    int[] of = new int[n];
    for (int j = 1; j <= n; j++) {
      of[rowOf[j] - 1] = j - 1;
    }
    return of;
  }
}
