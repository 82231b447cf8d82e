package glimt.diffusion;

/** The little calculus of multistep solvers; coefficients are given lowest power first. */
final class Polynomial {
  private Polynomial() {}

  /** Lagrange's polynomial: 1 at node j, 0 at the others. */
  static double[] through(double[] nodes, int j) {
    double[] p = {1};
    for (int k = 0; k < nodes.length; k++) {
      if (k != j) {
        double[] q = new double[p.length + 1];
        for (int i = 0; i < p.length; i++) {
          q[i + 1] += p[i] / (nodes[j] - nodes[k]);
          q[i] -= p[i] * nodes[k] / (nodes[j] - nodes[k]);
        }
        p = q;
      }
    }
    return p;
  }

  /** The integral of p. */
  static double integral(double[] p, double from, double to) {
    double sum = 0;
    for (int i = 0; i < p.length; i++) {
      sum += p[i] * (Math.pow(to, i + 1) - Math.pow(from, i + 1)) / (i + 1);
    }
    return sum;
  }

  /** The antiderivative of exp(k u) p(u) at u: exp(k u) (p / k - p' / k^2 + p'' / k^3 - ...). */
  static double weighted(double[] p, double k, double u) {
    double sum = 0;
    double factor = 1 / k;
    for (double[] d = p; d.length > 0; d = derivative(d)) {
      double value = 0;
      for (int i = d.length - 1; i >= 0; i--) {
        value = value * u + d[i];
      }
      sum += factor * value;
      factor /= -k;
    }
    return Math.exp(k * u) * sum;
  }

  private static double[] derivative(double[] p) {
    double[] d = new double[p.length - 1];
    for (int i = 0; i < d.length; i++) {
      d[i] = p[i + 1] * (i + 1);
    }
    return d;
  }
}
