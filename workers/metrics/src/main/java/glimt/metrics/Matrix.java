package glimt.metrics;

import java.util.Arrays;

/** The linear algebra of dense symmetric matrices that Fr&eacute;chet distances need. */
final class Matrix {
  private static final double EPSILON = Math.ulp(1.0);

  private Matrix() {}

  static double[][] copy(double[][] a) {
    double[][] b = new double[a.length][];
    for (int i = 0; i < a.length; i++) {
      b[i] = a[i].clone();
    }
    return b;
  }

  /**
   * The pivoted Cholesky factor g, whose number of rows is the rank of c, with c = g' g.
   *
   * @param c a symmetric positive semidefinite matrix
   */
  static double[][] factor(double[][] c) {
    int n = c.length;
    double[] rest = new double[n];
    for (int i = 0; i < n; i++) {
      rest[i] = c[i][i];
    }
    double[][] g = new double[n][];
    double least = 0;
    for (int row = 0; row < n; row++) {
      int pivot = 0;
      for (int i = 1; i < n; i++) {
        pivot = rest[i] > rest[pivot] ? i : pivot;
      }
      least = row == 0 ? n * EPSILON * rest[pivot] : least;
      if (!(rest[pivot] > least)) {
        return Arrays.copyOf(g, row);
      }
      double[] line = c[pivot].clone();
      for (int k = 0; k < row; k++) {
        double scale = g[k][pivot];
        for (int j = 0; j < n; j++) {
          line[j] -= scale * g[k][j];
        }
      }
      double root = Math.sqrt(rest[pivot]);
      for (int j = 0; j < n; j++) {
        line[j] /= root;
        rest[j] -= line[j] * line[j];
      }
      rest[pivot] = Double.NEGATIVE_INFINITY;
      g[row] = line;
    }
    return g;
  }

  /** g c g', for a symmetric c. */
  static double[][] congruent(double[][] g, double[][] c) {
    double[][] out = new double[g.length][g.length];
    double[] line = new double[c.length];
    for (int i = 0; i < g.length; i++) {
      Arrays.fill(line, 0);
      for (int k = 0; k < c.length; k++) {
        double scale = g[i][k];
        for (int j = 0; j < c.length; j++) {
          line[j] += scale * c[k][j];
        }
      }
      for (int j = 0; j <= i; j++) {
        out[i][j] = dot(line, g[j], 0);
        out[j][i] = out[i][j];
      }
    }
    return out;
  }

  /**
   * The eigenvalues in rising order, by Householder tridiagonalisation and bisection with Sturm
   * sequences (Golub and Van Loan, 8.3.1 and 8.4.1).
   */
  static double[] eigenvalues(double[][] symmetric) {
    int n = symmetric.length;
    double[] diagonal = new double[n];
    double[] beside = new double[n];
    tridiagonal(copy(symmetric), diagonal, beside);
    double reach = 0;
    for (int i = 0; i < n; i++) {
      double next = i + 1 < n ? Math.abs(beside[i + 1]) : 0;
      reach = Math.max(reach, Math.abs(diagonal[i]) + Math.abs(beside[i]) + next);
    }
    double[] values = new double[n];
    for (int k = 0; k < n; k++) {
      double low = k == 0 ? -reach : values[k - 1];
      double high = reach;
      while (high - low > EPSILON * reach) {
        double middle = low + (high - low) / 2;
        if (middle == low || middle == high) {
          break;
        }
        if (below(middle, diagonal, beside) > k) {
          high = middle;
        } else {
          low = middle;
        }
      }
      values[k] = low + (high - low) / 2;
    }
    return values;
  }

  /** The number of eigenvalues that are less than x. */
  private static int below(double x, double[] diagonal, double[] beside) {
    int count = 0;
    double q = 1;
    for (int i = 0; i < diagonal.length; i++) {
      q = diagonal[i] - x - beside[i] * beside[i] / q;
      if (q == 0) {
        q = Double.MIN_NORMAL;
      }
      count += q < 0 ? 1 : 0;
    }
    return count;
  }

  /** Tridiagonalises a by Householder reflections; {@code beside[i]} is the element (i - 1, i). */
  private static void tridiagonal(double[][] a, double[] diagonal, double[] beside) {
    int n = a.length;
    double[] v = new double[n];
    double[] w = new double[n];
    for (int k = 0; k < n; k++) {
      diagonal[k] = a[k][k];
      if (k + 1 == n) {
        return;
      }
      Arrays.fill(v, 0);
      System.arraycopy(a[k], k + 1, v, k + 1, n - k - 1);
      double length = Math.sqrt(dot(v, v, k + 1));
      beside[k + 1] = v[k + 1] > 0 ? -length : length;
      v[k + 1] -= beside[k + 1];
      double square = dot(v, v, k + 1);
      if (square == 0) {
        continue;
      }
      for (int i = k + 1; i < n; i++) {
        w[i] = 2 * dot(a[i], v, k + 1) / square;
      }
      double half = dot(w, v, k + 1) / square;
      for (int i = k + 1; i < n; i++) {
        w[i] -= half * v[i];
      }
      for (int i = k + 1; i < n; i++) {
        for (int j = k + 1; j < n; j++) {
          a[i][j] -= v[i] * w[j] + w[i] * v[j];
        }
      }
    }
  }

  private static double dot(double[] a, double[] b, int from) {
    double sum = 0;
    for (int i = from; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
