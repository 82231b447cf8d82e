package glimt.diffusion;

/**
 * Integration of polynomials for multistep solvers. Coefficients are ordered from the lowest power.
 */
final class Polynomial {
  private Polynomial() {}

  /** Lagrange's polynomial, which is 1 at node j and 0 at the other nodes. */
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

  /** The definite integral of p. */
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
