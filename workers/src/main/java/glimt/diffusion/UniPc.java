package glimt.diffusion;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/**
 * UniPC, a unified predictor-corrector (Zhao et al. 2023). The corrector reuses the network's
 * answer at the predicted sample, so a step costs one network call:
 *
 * <pre>
 *   (x^c', x') from D(x'; sigma'):  correct the sample just reached, then predict the next from there
 * </pre>
 */
public final class UniPc {
  private UniPc() {}

  /** The function B(h) of Zhao et al. 2023, section 3.2, with h negative for data prediction. */
  public enum B {
    /** B_1(h) = h. */
    BH1 {
      @Override
      double of(double h) {
        return h;
      }
    },
    /** B_2(h) = exp(h) - 1. */
    BH2 {
      @Override
      double of(double h) {
        return Math.expm1(h);
      }
    };

    abstract double of(double h);
  }

  private static final String CORRECTED = "corrected";

  /**
   * UniPC of data prediction.
   *
   * @param order 1 to 3
   * @param tail how many steps before the end the order begins to fall to 1; 0, or {@code order}
   */
  public static Sampler of(int order, int tail, B b) {
    if (order < 1 || order > 3) {
      throw new IllegalArgumentException("UniPC has orders 1 to 3, not " + order);
    }
    return new Sampler(
        "uni_pc(order=%s, tail=%s, %s)".formatted(order, tail, b),
        order,
        at -> step(at, order, tail, b));
  }

  private static Move step(Step at, int order, int tail, B b) {
    Estimate now = at.now();
    NDArray x = at.x();
    if (!at.past().isEmpty()) {
      int reached = order(at.index() - 1, at.remaining() + 1, order, tail, at.sigma());
      x = correct(at, now, reached, b);
    }
    int ahead = order(at.index(), at.remaining(), order, tail, at.next());
    NDArray predicted = predict(x, now, at.past(), at.next(), ahead, b);
    return at.to(predicted, now, Memory.of(CORRECTED, x));
  }

  private static int order(int index, int remaining, int order, int tail, double next) {
    int falling = next == 0 ? 1 : remaining < tail ? remaining + 1 : order;
    return Math.min(falling, Math.min(order, index + 1));
  }

  /**
   * UniP, Zhao et al. 2023, Algorithm 2, with D_m = D(past m) - D:
   *
   * <pre>  x' = (sigma'/sigma) x - (exp(-h) - 1) D - B(-h) sum_m rho_m D_m / r_m</pre>
   */
  private static NDArray predict(
      NDArray x, Estimate now, List<Estimate> past, double next, int order, B b) {
    NDArray straight = new Estimate(now.sigma(), x, now.denoised()).line(next);
    if (order == 1) {
      return straight;
    }
    double h = Math.log(now.sigma() / next);
    double[] r = new double[order - 1];
    List<NDArray> differences = new ArrayList<>();
    for (int m = 0; m < r.length; m++) {
      r[m] = Math.log(now.sigma() / past.get(m).sigma()) / h;
      differences.add(past.get(m).denoised().sub(now.denoised()).div(r[m]));
    }
    double[] rho = order == 2 ? new double[] {0.5} : weights(r, h, b);
    return straight.sub(combine(differences, rho).mul(b.of(-h)));
  }

  /**
   * UniC, Zhao et al. 2023, Algorithm 1: the step that reached this sample, taken again with the
   * answer found here as one more difference, at r = 1.
   */
  private static NDArray correct(Step at, Estimate now, int order, B b) {
    Estimate before = at.past().getFirst();
    NDArray last = at.memory().arrays().get(CORRECTED);
    if (last == null) {
      throw new IllegalArgumentException("UniPC needs the corrected sample of the step before");
    }
    double h = Math.log(before.sigma() / now.sigma());
    double[] r = new double[order];
    List<NDArray> differences = new ArrayList<>();
    for (int m = 0; m + 1 < order; m++) {
      Estimate older = at.past().get(m + 1);
      r[m] = Math.log(before.sigma() / older.sigma()) / h;
      differences.add(older.denoised().sub(before.denoised()).div(r[m]));
    }
    r[order - 1] = 1;
    differences.add(now.denoised().sub(before.denoised()));
    double[] rho = order == 1 ? new double[] {0.5} : weights(r, h, b);
    NDArray straight = new Estimate(before.sigma(), last, before.denoised()).line(now.sigma());
    return straight.sub(combine(differences, rho).mul(b.of(-h)));
  }

  private static NDArray combine(List<NDArray> arrays, double[] weights) {
    NDArray sum = arrays.getFirst().mul(weights[0]);
    for (int m = 1; m < weights.length; m++) {
      sum = sum.add(arrays.get(m).mul(weights[m]));
    }
    return sum;
  }

  /**
   * The weights that meet the order conditions, Zhao et al. 2023, eq. 9: R rho = b with R_im =
   * r_m^i and b_i = (i + 1)! phi_{i+2}(-h) / B(-h), i from 0.
   */
  private static double[] weights(double[] r, double h, B b) {
    int n = r.length;
    double[][] system = new double[n][n + 1];
    double phi = Math.expm1(-h) / -h - 1;
    double factorial = 1;
    for (int i = 0; i < n; i++) {
      for (int m = 0; m < n; m++) {
        system[i][m] = Math.pow(r[m], i);
      }
      system[i][n] = phi * factorial / b.of(-h);
      factorial *= i + 2;
      phi = phi / -h - 1 / factorial;
    }
    return solve(system);
  }

  /** Gaussian elimination with pivoting; the last column is the right-hand side. */
  static double[] solve(double[][] a) {
    int n = a.length;
    for (int c = 0; c < n; c++) {
      int pivot = c;
      for (int row = c + 1; row < n; row++) {
        if (Math.abs(a[row][c]) > Math.abs(a[pivot][c])) {
          pivot = row;
        }
      }
      double[] swapped = a[c];
      a[c] = a[pivot];
      a[pivot] = swapped;
      for (int row = 0; row < n; row++) {
        if (row != c) {
          double f = a[row][c] / a[c][c];
          for (int k = c; k <= n; k++) {
            a[row][k] -= f * a[c][k];
          }
        }
      }
    }
    double[] x = new double[n];
    for (int i = 0; i < n; i++) {
      x[i] = a[i][n] / a[i][i];
    }
    return x;
  }
}
