package glimt.metrics;

/** The little dense algebra that Fr&eacute;chet distances need, for symmetric matrices. */
final class Matrix {
  private Matrix() {}

  static double[][] copy(double[][] a) {
    double[][] b = new double[a.length][];
    for (int i = 0; i < a.length; i++) {
      b[i] = a[i].clone();
    }
    return b;
  }

  static double[][] multiply(double[][] a, double[][] b) {
    int n = a.length;
    double[][] c = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < n; k++) {
        for (int j = 0; j < n; j++) {
          c[i][j] += a[i][k] * b[k][j];
        }
      }
    }
    return c;
  }

  static double[] eigenvalues(double[][] symmetric) {
    double[][] a = copy(symmetric);
    diagonalise(a, identity(a.length));
    double[] values = new double[a.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = a[i][i];
    }
    return values;
  }

  /** The symmetric square root; eigenvalues below 0 count as 0. */
  static double[][] squareRoot(double[][] symmetric) {
    int n = symmetric.length;
    double[][] a = copy(symmetric);
    double[][] v = identity(n);
    diagonalise(a, v);
    double[][] root = new double[n][n];
    for (int k = 0; k < n; k++) {
      double s = Math.sqrt(Math.max(0, a[k][k]));
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          root[i][j] += v[i][k] * s * v[j][k];
        }
      }
    }
    return root;
  }

  private static double[][] identity(int n) {
    double[][] v = new double[n][n];
    for (int i = 0; i < n; i++) {
      v[i][i] = 1;
    }
    return v;
  }

  /** Jacobi's method: rotates a to its diagonal and gathers the rotations in v. */
  private static void diagonalise(double[][] a, double[][] v) {
    int n = a.length;
    for (int sweep = 0; sweep < 60 && offDiagonal(a) > 0; sweep++) {
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          if (a[p][q] != 0) {
            rotate(a, v, p, q);
          }
        }
      }
    }
  }

  private static double offDiagonal(double[][] a) {
    double off = 0;
    double on = 0;
    for (int i = 0; i < a.length; i++) {
      for (int j = 0; j < a.length; j++) {
        if (i == j) {
          on += a[i][j] * a[i][j];
        } else {
          off += a[i][j] * a[i][j];
        }
      }
    }
    return off <= 1e-32 * on ? 0 : off;
  }

  private static void rotate(double[][] a, double[][] v, int p, int q) {
    double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
    double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
    double c = 1 / Math.hypot(t, 1);
    double s = t * c;
    int n = a.length;
    for (int k = 0; k < n; k++) {
      double kp = a[k][p];
      double kq = a[k][q];
      a[k][p] = c * kp - s * kq;
      a[k][q] = s * kp + c * kq;
    }
    for (int k = 0; k < n; k++) {
      double pk = a[p][k];
      double qk = a[q][k];
      a[p][k] = c * pk - s * qk;
      a[q][k] = s * pk + c * qk;
      double vp = v[k][p];
      double vq = v[k][q];
      v[k][p] = c * vp - s * vq;
      v[k][q] = s * vp + c * vq;
    }
  }
}
